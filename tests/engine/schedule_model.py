"""When calendars of cron are due, as slow and obvious rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

#: Whether something is due on a day.
Days = Callable[[date], bool]
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
#: Clocks leap by quarters of an hour, at quarters of an hour of UTC.
QUARTER = timedelta(minutes=15)


def days_of(days: set[int], weekdays: set[int]) -> Days:
    """Days of the month (-1 is the last) that are also these weekdays (1 Monday)."""

    def fits(day: date) -> bool:
        is_last = (day + DAY).day == 1
        return (day.day in days or (is_last and -1 in days)) and day.isoweekday() in weekdays

    return fits


def first_moment(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The first minute of time at which the zone's clocks show this time, or one that is later."""
    wanted = datetime(day.year, day.month, day.day, hour, minute)
    moment = wanted.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wanted:
        return moment  # the first of two, where the clocks show it twice
    moment -= timedelta(minutes=70)
    while moment.astimezone(zone).replace(tzinfo=None) < wanted:
        moment += MINUTE
    return moment


def fixed_times(
    days: Days, clock: Iterable[tuple[int, int]], zone: ZoneInfo, after: datetime, until: datetime
) -> Iterator[datetime]:
    """Times of day (hours and minutes), each once a day; those that fall together are one."""
    times = list(clock)
    day = after.astimezone(zone).date() - DAY
    while day <= until.astimezone(zone).date():
        if days(day):
            moments = {first_moment(day, hour, minute, zone) for hour, minute in times}
            yield from (moment for moment in sorted(moments) if after < moment <= until)
        day += DAY


def real_times(
    days: Days, minutes: Iterable[int], hours: Iterable[int], zone: ZoneInfo, after: datetime, until: datetime
) -> list[datetime]:
    """Every minute of time at which the clocks show one of these minutes, hours and days."""
    wanted, in_hours = set(minutes), set(hours)
    moment = after.replace(minute=0, second=0, microsecond=0)
    found = []
    while moment <= until:
        local = moment.astimezone(zone)
        if local.hour in in_hours and days(local.date()):
            passed = (minute for minute in range(15) if local.minute + minute in wanted)
            found += [moment + minute * MINUTE for minute in passed]
        moment += QUARTER
    return [moment for moment in found if after < moment <= until]
