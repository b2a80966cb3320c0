"""How long to wait before trying again, and for how long to go on trying."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

#: A server that asks for a longer pause is asked again after this one.
MAX_RETRY_AFTER_SECONDS: Final = 300.0


@dataclass
class Backoff:
    """Pauses in seconds that double from `base_seconds` to `cap_seconds`, each shortened by up to a half by chance."""

    base_seconds: float = 0.5
    cap_seconds: float = 15.0
    chance: Callable[[], float] = random.random
    _tries: int = field(default=0, init=False)

    def pause(self, at_least: float = 0.0) -> float:
        """Return the next pause."""
        whole = min(self.cap_seconds, self.base_seconds * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return max(at_least, whole * (1 - self.chance() / 2))

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self._tries = 0


@dataclass
class Patience:
    """Pauses that together last at most `seconds`."""

    seconds: float
    backoff: Backoff

    def pause(self, at_least: float = 0.0) -> float | None:
        """Return the next pause; None when it would last longer than is left."""
        pause = self.backoff.pause(at_least)
        if pause > self.seconds:
            return None
        self.seconds -= pause
        return pause


def retry_after(header: str | None) -> float:
    """Return the seconds that a Retry-After header asks for, as a number or as a date; 0 when it asks nothing."""
    text = (header or "").strip()
    if text.isdecimal():
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    try:
        wanted = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(wanted, 0.0), MAX_RETRY_AFTER_SECONDS)
