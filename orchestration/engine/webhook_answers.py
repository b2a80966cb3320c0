"""What a webhook's answer means: delivered, to be tried again, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

#: The client's fault, and yet worth another try: too slow, conflict, too early, too many.
_PASSING: Final = frozenset({408, 409, 425, 429})
#: A receiver can't put a delivery off for longer than this.
MAX_RETRY_AFTER_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it has arrived, and if not, why, and whether another try may help."""

    delivered: bool
    error: str = ""
    retryable: bool = False


def judge(status_code: int) -> Verdict:
    """Say what a status code means: 2xx has arrived; 5xx and a few of 4xx may pass; the rest is final."""
    if 200 <= status_code < 300:
        return Verdict(delivered=True)
    if status_code < 400:
        return Verdict(False, f"answered {status_code}: redirects are not followed; give the webhook its final address")
    if status_code == 410:
        return Verdict(False, "answered 410: the receiver is gone for good; switch the webhook off")
    return Verdict(False, f"answered {status_code}", retryable=status_code in _PASSING or status_code >= 500)


def retry_after_seconds(header: str | None, now: datetime) -> float:
    """Return the seconds that `Retry-After` asks for, at most MAX_RETRY_AFTER_SECONDS; 0 when it can't be read."""
    if header is None:
        return 0.0
    text = header.strip()
    if text.isascii() and text.isdigit():
        # More digits than any bound needs would take long to read.
        return min(float(text[:10]), MAX_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)
