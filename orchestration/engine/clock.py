"""Time as the engine sees it: the database's clock, followed by this machine's monotonic one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the engine takes its time from."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""


class SystemClock:
    """UTC that follows the database: a worker whose own clock is wrong still writes right times.

    `follow` is called with each time that the database tells; between two of them the monotonic clock counts on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._base = datetime.now(UTC)
        self._at = time.monotonic()

    def follow(self, database_now: datetime) -> None:
        """Take over the database's idea of now."""
        with self._lock:
            self._base = database_now
            self._at = time.monotonic()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        with self._lock:
            return self._base + timedelta(seconds=time.monotonic() - self._at)

    def monotonic(self) -> float:
        """Return this machine's monotonic seconds."""
        return time.monotonic()


class FakeClock:
    """A clock for tests that moves only when told."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
