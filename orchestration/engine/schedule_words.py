"""A schedule in words: when it is due, and what the days on which clocks change do to it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from .clock_changes import ClockChange, clock_changes
from .schedule_timing import DAYS, LAST_DAY, Timing, monthdays, read_moment, split_days, weekdays

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_PLAIN_CRON: Final = re.compile(r"(?a:(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7](?:[-,][0-7])*))")
#: How far ahead clock changes are looked for, and how many are told.
_AHEAD: Final = timedelta(days=370)
_TOLD: Final = 2


def in_words(timing: Timing) -> str:
    """Say when a schedule is due, such as `every weekday at 08:30 (Europe/Berlin)`. It has no problems."""
    words = _when(timing)
    if timing.kind != "interval":
        words += f" ({timing.zone})"
    if timing.starts_at is not None:
        words += f", from {_stamp(timing.starts_at, timing.zone)}"
    if timing.ends_at is not None:
        words += f", until {_stamp(timing.ends_at, timing.zone)}"
    return words


def _stamp(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def _when(timing: Timing) -> str:
    if timing.kind == "once":
        return f"once, on {_stamp(read_moment(timing.expression, timing.zone), timing.zone).replace(' ', ' at ')}"
    if timing.kind == "interval":
        return _interval(int(timing.expression))
    if timing.kind == "daily":
        minute, hour = timing.cron.split()[:2]
        return f"every day at {_clock(hour, minute)}"
    if timing.kind == "weekly":
        days, minute_, hour_ = split_days(timing.expression, "weekly")
        return f"{_weekday_words(weekdays(days))} at {_clock(hour_, minute_)}"
    if timing.kind == "monthly":
        days, minute_, hour_ = split_days(timing.expression, "monthly")
        return _monthly(monthdays(days), _clock(hour_, minute_))
    return _cron(timing.cron)


def _interval(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"every {unit}" if seconds == size else f"every {seconds // size} {unit}s"


def _clock(hour: int | str, minute: int | str) -> str:
    return f"{int(hour):02}:{int(minute):02}"


def _weekday_words(days: list[int]) -> str:
    if days == [1, 2, 3, 4, 5, 6, 7]:
        return "every day"
    if days == [1, 2, 3, 4, 5]:
        return "every weekday"
    return f"every {_listed([DAYS[day - 1].capitalize() for day in days])}"


def _monthly(days: list[int], clock: str) -> str:
    named = _listed(["the last day" if day == LAST_DAY else f"the {_ordinal(day)}" for day in days])
    skipped = [day for day in days if day > 28]
    note = f"; months without the {_listed([_ordinal(day) for day in skipped], 'or')} are left out" if skipped else ""
    return f"on {named} of each month at {clock}{note}"


def _listed(words: list[str], joint: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _cron(expression: str) -> str:
    """Plain times of day as the other kinds say them, anything else as the library does, but for its `and`."""
    match = _PLAIN_CRON.fullmatch(expression)
    if match is not None:
        days = CronSim(f"0 0 * * {match[3]}", datetime(2024, 1, 1)).weekdays
        return f"{_weekday_words(sorted({int(str(day)) % 7 or 7 for day in days}))} at {_clock(match[2], match[1])}"
    cron = CronSim(expression, datetime(2024, 1, 1))
    said = cron.explain()
    if not cron.day_and:  # two restricted fields of days: either is enough
        head, _, tail = said.rpartition(" and on ")
        said = f"{head} or on {tail}" if head else said
    return said[:1].lower() + said[1:]


def clock_notes(timing: Timing, since: datetime, until: datetime | None = None) -> list[str]:
    """Say what the next clock changes do to a schedule; nothing where they do nothing. It has no problems."""
    if timing.kind in ("once", "interval"):
        return []
    if timing.starts_at is not None:
        since = max(since, timing.starts_at)
    within = _AHEAD if until is None else min(until - since, _AHEAD)
    notes = (_note(timing, change) for change in clock_changes(timing.zone, since, within))
    return list(islice((note for note in notes if note), _TOLD))


def _note(timing: Timing, change: ClockChange) -> str | None:
    low, high = sorted((change.before, change.after))
    hit = next(CronSim(timing.cron, low - timedelta(seconds=1)), None)
    if hit is None or hit >= high or (timing.ends_at is not None and change.at > timing.ends_at):
        return None
    day, clock = change.before.strftime("%Y-%m-%d"), hit.strftime("%H:%M")
    leap = f"the clocks go from {change.before:%H:%M} to {change.after:%H:%M}"
    if change.is_gap:
        if timing.is_fixed:
            return f"On {day} {leap}: there is no {clock}, so that it fires at {change.after:%H:%M}."
        return f"On {day} {leap}: the times between are left out."
    if timing.is_fixed:
        return f"On {day} {leap}: {clock} comes twice, and it fires the first time."
    return f"On {day} {leap}: the times between come twice, and it fires each time."
