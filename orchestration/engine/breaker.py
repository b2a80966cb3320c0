"""The circuit breaker of an executor: pure rules, over all workers together.

closed → so many failures in a row → open: nothing starts → after a time half-open: one probe starts → its success
closes the breaker, its failure opens it again. The state lies in the database, under the lock that hands out permits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from .outcome import HOOK_FAILED, Outcome
from .status import Status

BreakerState = Literal["closed", "open", "half_open"]
#: Failures that the executor has no part in: its code was never reached, or had worked when a hook failed.
NOT_ITS_FAULT: Final = frozenset(
    {"validation_error", "binding_error", "inputs_not_storable", "secrets_away", HOOK_FAILED}
)
#: The least that a probe gets, in seconds, before another one may be made beside it.
PROBE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Where a breaker stands. `opens_after` failures in a row open it for `open_seconds`.

    `retry_at` is when the next probe may be made, None while it is closed. `prober` is the worker that has the probe,
    `probe_lives` whether that one is alive: the probe of one that is lost is free again. One that has said nothing by
    `retry_at` holds up no other one: it may take forever, or the worker may never have heard of it.
    """

    opens_after: int
    open_seconds: float
    failures: int = 0
    retry_at: datetime | None = None
    prober: str | None = None
    probe_lives: bool = False

    def state(self, now: datetime) -> BreakerState:
        """Return the state by its name."""
        if self.retry_at is None:
            return "closed"
        return "open" if self.prober is None and now < self.retry_at else "half_open"

    def allows(self, wanted: int, now: datetime) -> int:
        """Return how many of `wanted` attempts may start now; when half-open that is one probe."""
        if self.retry_at is None:
            return wanted
        is_lost = self.prober is not None and not self.probe_lives
        return min(wanted, 1) if is_lost or now >= self.retry_at else 0

    def probed_by(self, worker: str, now: datetime) -> Breaker:
        """A worker has got the probe."""
        until = now + timedelta(seconds=max(self.open_seconds, PROBE_SECONDS))
        return replace(self, retry_at=until, prober=worker, probe_lives=True)

    def after(self, worker: str, verdicts: Iterable[Verdict], now: datetime) -> Breaker:
        """Return the breaker after a worker's attempts have ended, in this order."""
        breaker = self
        for verdict in verdicts:
            breaker = breaker._after_one(worker, verdict, now)
        return breaker

    def _after_one(self, worker: str, verdict: Verdict, now: datetime) -> Breaker:
        if self.retry_at is not None:
            # What was started before it opened says nothing new, and a probe that is somebody else's is not this one.
            if not verdict.is_probe or self.prober != worker:
                return self
            if verdict.worked is None:
                return replace(self, retry_at=now, prober=None)
            return self._closed() if verdict.worked else self._opened(self.failures + 1, now)
        if verdict.worked is None:
            return self
        if verdict.worked:
            return self._closed()
        failures = self.failures + 1
        return self._opened(failures, now) if failures >= self.opens_after else replace(self, failures=failures)

    def _closed(self) -> Breaker:
        return replace(self, failures=0, retry_at=None, prober=None)

    def _opened(self, failures: int, now: datetime) -> Breaker:
        return replace(self, failures=failures, retry_at=now + timedelta(seconds=self.open_seconds), prober=None)


class Verdict(NamedTuple):
    """What an attempt says about its executor: it worked, it failed, or (None) nothing."""

    worked: bool | None
    is_probe: bool = False


def judge(outcome: Outcome) -> bool | None:
    """Tell what the outcome of an attempt says about its executor; see `Verdict`."""
    if outcome.status is Status.COMPLETED:
        return True
    if outcome.status is Status.FAILED and outcome.error_type not in NOT_ITS_FAULT:
        return False
    return None
