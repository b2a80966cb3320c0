"""The moments at which the clocks of a time zone leap, such as to summer time and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

#: No zone's clocks leap twice within this.
_STEP: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A moment at which a zone's clocks leap from one local time to another."""

    at: datetime
    before: datetime
    after: datetime

    @property
    def is_gap(self) -> bool:
        """True when they go forward."""
        return self.after > self.before


def clock_changes(zone: str, since: datetime, within: timedelta) -> Iterator[ClockChange]:
    """Yield the clock changes of a zone within a time after a moment; their local times are naive."""
    place = ZoneInfo(zone)
    low, end = since.astimezone(UTC).replace(microsecond=0), since.astimezone(UTC) + within
    while low < end:
        high = low + _STEP
        before, after = low.astimezone(place).utcoffset(), high.astimezone(place).utcoffset()
        if before != after and before is not None and after is not None:
            right = change_in(place, low, high)
            if right > end:
                return
            yield ClockChange(right, (right + before).replace(tzinfo=None), (right + after).replace(tzinfo=None))
        low = high


def change_in(place: tzinfo, low: datetime, high: datetime) -> datetime:
    """Return the second from which on a zone's offset is no longer that of `low`."""
    before = low.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if middle.astimezone(place).utcoffset() == before else (low, middle)
    return high
