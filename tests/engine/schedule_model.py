"""When calendars of cron are due, as slow and obvious rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def first_moment(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The first minute of time at which the zone's clocks show this time, or one that is later."""
    wanted = datetime(day.year, day.month, day.day, hour, minute)
    moment = wanted.replace(tzinfo=zone).astimezone(UTC) - timedelta(minutes=70)
    while moment.astimezone(zone).replace(tzinfo=None) < wanted:
        moment += MINUTE
    return moment


def fixed_times(
    days: set[int], weekdays: set[int], hour: int, minute: int, zone: ZoneInfo, after: datetime, until: datetime
) -> Iterator[datetime]:
    """A time of day on days of the month (-1 is the last) that are also these weekdays (1 Monday)."""
    day = after.astimezone(zone).date() - timedelta(days=1)
    while day <= until.astimezone(zone).date():
        is_last = (day + timedelta(days=1)).day == 1
        if (day.day in days or (is_last and -1 in days)) and day.isoweekday() in weekdays:
            moment = first_moment(day, hour, minute, zone)
            if after < moment <= until:
                yield moment
        day += timedelta(days=1)


def real_times(minutes: set[int], hours: set[int], zone: ZoneInfo, after: datetime, until: datetime) -> list[datetime]:
    """Every minute of time at which the clocks show one of these minutes and hours."""
    moment = after.replace(second=0, microsecond=0) + MINUTE
    found = []
    while moment <= until:
        local = moment.astimezone(zone)
        if local.minute in minutes and local.hour in hours:
            found.append(moment)
        moment += MINUTE
    return found
