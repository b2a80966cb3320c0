"""A clock that tests of schedules move by hand, and a schedule of each kind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import pytest

#: What is written for each kind. The moment is after any at which a test runs.
EXPRESSIONS: Final = {
    "once": "2087-03-01T08:30",
    "interval": "3600",
    "cron": "0 0 13 * 5",
    "daily": "02:30",
    "weekly": "mon,wed,fri@08:30",
    "monthly": "1,last@08:30",
}
_ASKED: Final = (
    "django.utils.timezone.now",
    "orchestration.actions.schedules.database_now",
    "orchestration.actions.schedule_preview.database_now",
    "orchestration.actions.firing.database_now",
)


class Clock:
    """The time of this process and of the database, as far as schedules ask for it. `tick` goes by with each look."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.tick = timedelta()

    def __call__(self) -> datetime:
        """Tell the time."""
        self.at += self.tick
        return self.at

    def go(self, **by: float) -> datetime:
        """Let time pass, and return what it is then."""
        self.at += timedelta(**by)
        return self.at


def set_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> Clock:
    """Let schedules see a clock that stands still until it is moved."""
    clock = Clock(at)
    for name in _ASKED:
        monkeypatch.setattr(name, clock)
    return clock
