"""When a schedule is due: its kinds, what may be written for them, and the moments that come of it.

Clock changes follow Debian's cron. Who names an hour and a minute gets one fire a day: a time that the clock leaps
over comes at the first moment after the gap, and of a time that comes twice only the first counts. Who writes `*` for
the hour or the minute counts real time, so that an hour that comes twice fires twice. An interval counts seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import islice
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from .clock_changes import change_in, clock_changes
from .errors import InvalidDefinitionError, Problem

Kind = Literal["once", "interval", "cron", "daily", "weekly", "monthly"]
KINDS: Final[tuple[Kind, ...]] = ("once", "interval", "cron", "daily", "weekly", "monthly")
#: What may be written for each kind.
EXAMPLES: Final[dict[str, str]] = {
    "once": "2027-03-01T08:30",
    "interval": "300 (seconds)",
    "cron": "30 8 * * 1-5",
    "daily": "08:30",
    "weekly": "1,3,5 08:30 or mon,wed,fri@08:30",
    "monthly": "1,15 08:30 or 1,last@08:30",
}
MAX_EXPRESSION_CHARS: Final = 200
#: Seconds of the longest interval: ten years.
MAX_INTERVAL_SECONDS: Final = 10 * 366 * 86_400
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_DAY: Final = -1
#: Years beyond which nothing is planned; calendars of cron look 50 years ahead.
_LAST_YEAR: Final = 9_900
_TIME: Final = r"([01]?\d|2[0-3]):([0-5]\d)"
_DAILY: Final = re.compile(rf"(?a:{_TIME})")
_ON_DAYS: Final = re.compile(rf"(?a:([\w,\s-]+?)(?:\s*@\s*|\s+){_TIME})")
_NUMBER: Final = re.compile(r"(?a:\d{1,9})")


@dataclass(frozen=True, slots=True)
class Timing:
    """What decides when a schedule is due. `anchor` is what an interval counts from; bounds are included."""

    kind: str
    expression: str
    zone: str = "UTC"
    anchor: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def times(self, after: datetime) -> Iterator[datetime]:
        """Yield the moments after another one, in UTC, each later than the one before.

        Raises InvalidDefinitionError when the schedule can't be: `timing_problems` says what is wrong.
        """
        problems = timing_problems(self)
        if problems:
            raise InvalidDefinitionError(problems)
        after = after.astimezone(UTC)
        if self.starts_at is not None:
            after = max(after, self.starts_at.astimezone(UTC) - timedelta(microseconds=1))
        for moment in self._unbounded(after):
            if self.ends_at is not None and moment > self.ends_at:
                return
            yield moment

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment after another one, or None."""
        return next(self.times(after), None)

    def first(self, after: datetime, count: int) -> list[datetime]:
        """Return the next `count` moments after another one."""
        return list(islice(self.times(after), count))

    def between(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the moments from `begin` to `end`, both included. An interval is counted back from its anchor too.

        Raises InvalidDefinitionError as `times` does.
        """
        timing = self
        if self.kind == "interval" and self.starts_at is None and not timing_problems(self):
            step = timedelta(seconds=int(self.expression))
            timing = replace(self, anchor=self.anchor - max((self.anchor - begin) // step + 2, 0) * step)
        return _until(timing.times(begin - timedelta(microseconds=1)), end)

    def _unbounded(self, after: datetime) -> Iterator[datetime]:
        if self.kind == "once":
            moment = read_moment(self.expression, self.zone)
            return iter((moment,) if moment > after else ())
        if self.kind == "interval":
            return _intervals(int(self.expression), self.starts_at, self.anchor, after)
        return _Calendar(self.cron, self.zone).times(after, is_fixed=self.is_fixed)

    @property
    def cron(self) -> str:
        """The five fields of a schedule that is not `once` or `interval`."""
        return _TO_CRON[self.kind](self.expression)

    @property
    def is_fixed(self) -> bool:
        """True when it names the hour and the minute, so that it fires once where the clock shows a time twice."""
        if self.kind in ("once", "interval"):
            return False
        minute, hour = self.cron.split()[:2]
        return not (minute.startswith("*") or hour.startswith("*"))

    def latest(self, after: datetime, until: datetime, count: int) -> list[datetime]:
        """Return the last `count` moments in (after, until], however many there are."""
        width = timedelta(minutes=1)
        while count > 0:
            begin = max(after, until - width)
            found = list(_until(self.times(begin), until))
            if len(found) >= count or begin <= after:
                return found[-count:]
            width *= 4 if len(found) == 0 else 2
        return []


def _until(moments: Iterator[datetime], end: datetime) -> Iterator[datetime]:
    for moment in moments:
        if moment > end:
            return
        yield moment


def timing_problems(timing: Timing) -> list[Problem]:
    """List what is wrong with a schedule's time: its kind, expression, zone and bounds."""
    if timing.kind not in KINDS:
        return [Problem("$.kind", f"must be one of {', '.join(KINDS)}, not {timing.kind!r}")]
    problems = []
    if timing.zone not in zone_names():
        problems.append(Problem("$.timezone", f"is no time zone: {timing.zone!r}; write one such as Europe/Berlin"))
    elif said := _expression_problem(timing.kind, timing.expression.strip(), timing.zone):
        problems.append(Problem("$.expression", said))
    if timing.starts_at is not None and timing.ends_at is not None and timing.ends_at < timing.starts_at:
        problems.append(Problem("$.ends_at", "is before the start"))
    problems += [
        Problem(path, f"must be between the years 1970 and {_LAST_YEAR}")
        for path, moment in (("$.starts_at", timing.starts_at), ("$.ends_at", timing.ends_at))
        if moment is not None and not 1970 <= moment.year <= _LAST_YEAR
    ]
    return problems


@cache
def zone_names() -> frozenset[str]:
    """Return the time zones of this machine."""
    return frozenset(available_timezones()) | {"UTC"}


@lru_cache(maxsize=1024)  # people type these: a form that is being filled in asks with each key
def _expression_problem(kind: str, expression: str, zone: str) -> str | None:
    if not expression or len(expression) > MAX_EXPRESSION_CHARS:
        return f"must have 1 to {MAX_EXPRESSION_CHARS} characters, such as {EXAMPLES[kind]}"
    try:
        if kind == "once":
            read_moment(expression, zone)
        elif kind == "interval":
            _check_interval(expression)
        else:
            _check_cron(_TO_CRON[kind](expression))
    except ValueError as error:
        return str(error)
    return None


def read_moment(expression: str, zone: str) -> datetime:
    """Read the moment of `once`, in UTC: ISO 8601, in the zone when it names no offset. Raises ValueError.

    A time that the clock leaps over is taken as the first moment after the gap.
    """
    try:
        written = datetime.fromisoformat(expression.strip())
    except ValueError as error:
        raise ValueError(f"is no time in ISO 8601, such as {EXAMPLES['once']}") from error
    if not 1970 <= written.year <= _LAST_YEAR:
        raise ValueError(f"must be between the years 1970 and {_LAST_YEAR}")
    return in_utc(written if written.tzinfo else written.replace(tzinfo=ZoneInfo(zone)))


def in_utc(local: datetime) -> datetime:
    """Return a local time in UTC; one that the clock leaps over is the first moment after the gap."""
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In a gap the two readings lie on both sides of the leap.
    sides = sorted(local.replace(fold=fold).astimezone(UTC).replace(microsecond=0) for fold in (0, 1))
    return change_in(local.tzinfo or UTC, *sides)


def _check_interval(expression: str) -> None:
    if not _NUMBER.fullmatch(expression) or not 1 <= int(expression) <= MAX_INTERVAL_SECONDS:
        raise ValueError(f"must be whole seconds, 1 to {MAX_INTERVAL_SECONDS}, such as 300")


def _check_cron(expression: str) -> None:
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"must have five fields (minute hour day month weekday), such as {EXAMPLES['cron']}")
    never = "never fires: no month that it names has such a day"
    try:
        found = next(CronSim(expression, datetime(2024, 1, 1)), None)
    except CronSimError as error:
        if _is_cron(" ".join([*fields[:3], "*", fields[4]])):
            raise ValueError(never if _is_cron(" ".join(["*"] * 3 + [fields[3], "*"])) else _word(error)) from error
        raise ValueError(_word(error)) from error
    except (AssertionError, AttributeError, TypeError) as error:  # such as L/2-3, which the reader trips over
        raise ValueError(f"is no cron expression; write one such as {EXAMPLES['cron']}") from error
    if found is None:
        raise ValueError(never)


def _word(error: CronSimError) -> str:
    return f"is no cron expression: {str(error).lower()}"


def _is_cron(expression: str) -> bool:
    try:
        CronSim(expression, datetime(2024, 1, 1))
    except CronSimError:
        return False
    return True


def _daily(expression: str) -> str:
    match = _DAILY.fullmatch(expression.strip())
    if match is None:
        raise ValueError(f"must be a time of day, such as {EXAMPLES['daily']}")
    return f"{int(match[2])} {int(match[1])} * * *"


def weekdays(text: str) -> list[int]:
    """Read days of the week, 1 Monday to 7 Sunday: numbers, names, ranges. Raises ValueError."""
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.strip().partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        if end < begin:
            raise ValueError(f"has days that run backwards: {part.strip()!r}")
        found.update(range(begin, end + 1))
    return sorted(found)


def _weekday(text: str) -> int:
    word = text.strip()
    if word in ("1", "2", "3", "4", "5", "6", "7"):
        return int(word)
    number = next((index for index, day in enumerate(DAYS, 1) if len(word) >= 3 and day.startswith(word)), None)
    if number is None:
        raise ValueError(f"has no day of the week {word!r}: write 1 (Monday) to 7, or mon to sun")
    return number


def _weekly(expression: str) -> str:
    days, minute, hour = split_days(expression, "weekly")
    return f"{minute} {hour} * * {','.join(str(day % 7) for day in weekdays(days))}"


def monthdays(text: str) -> list[int]:
    """Read days of the month: 1 to 31, or `last` as LAST_DAY, which comes last. Raises ValueError."""
    found = set()
    for part in text.lower().split(","):
        word = part.strip()
        if word in ("last", "l"):
            found.add(LAST_DAY)
        elif _NUMBER.fullmatch(word) and 1 <= int(word) <= 31:
            found.add(int(word))
        else:
            raise ValueError(f"has no day of the month {word!r}: write 1 to 31, or last")
    return sorted(found, key=lambda day: day % 100)


def _monthly(expression: str) -> str:
    days, minute, hour = split_days(expression, "monthly")
    fields = ",".join("L" if day == LAST_DAY else str(day) for day in monthdays(days))
    return f"{minute} {hour} {fields} * *"


def split_days(expression: str, kind: str) -> tuple[str, int, int]:
    """Split `1,3 08:30` or `mon,wed@08:30` into days, minute and hour. Raises ValueError."""
    match = _ON_DAYS.fullmatch(expression.strip())
    if match is None:
        raise ValueError(f"must be days and a time, such as {EXAMPLES[kind]}")
    return match[1], int(match[3]), int(match[2])


_TO_CRON: Final[dict[str, Callable[[str], str]]] = {
    "cron": lambda expression: " ".join(expression.split()),
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
}


def _intervals(seconds: int, starts_at: datetime | None, anchor: datetime, after: datetime) -> Iterator[datetime]:
    """Count from the start, which is due itself, or else from the anchor, which is not."""
    begin = (starts_at or anchor + timedelta(seconds=seconds)).astimezone(UTC)
    step = timedelta(seconds=seconds)
    moment = begin if after < begin else begin + ((after - begin) // step + 1) * step
    while moment.year < _LAST_YEAR:
        yield moment
        moment += step


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Five fields in a time zone."""

    cron: str
    zone: str

    def times(self, after: datetime, *, is_fixed: bool) -> Iterator[datetime]:
        """Yield what is due after a moment, in UTC."""
        if after.year >= _LAST_YEAR:
            return iter(())
        return self._fixed(after) if is_fixed else self._real(after)

    def _fixed(self, after: datetime) -> Iterator[datetime]:
        """Times of day. Of the library's answers those in a gap fall together, and those in an overlap go back."""
        last = after
        for local in CronSim(self.cron, after.astimezone(ZoneInfo(self.zone))):
            moment = local.astimezone(UTC)
            if moment.year >= _LAST_YEAR:
                return
            if moment > last:
                last = moment
                yield moment

    def _real(self, after: datetime) -> Iterator[datetime]:
        """Real time: the library is asked for a clock that never leaps, anew from each leap on.

        By itself it skips an hour where clocks leap by half an hour, as on Lord Howe Island.
        """
        place = ZoneInfo(self.zone)
        cursor = after.replace(microsecond=0)
        while True:
            offset = cursor.astimezone(place).utcoffset() or timedelta()
            for local in CronSim(self.cron, (cursor + offset).replace(tzinfo=None)):
                moment = local.replace(tzinfo=UTC) - offset
                if moment.year >= _LAST_YEAR:
                    return
                change = next(clock_changes(self.zone, cursor, moment - cursor), None)
                if change is not None:
                    yield from (change.at,) if self._shows(change.after) else ()
                    cursor = change.at
                    break
                cursor = moment
                yield moment
            else:
                return

    def _shows(self, local: datetime) -> bool:
        """Tell whether a local time is one of those that are due."""
        return next(CronSim(self.cron, local - timedelta(seconds=1)), None) == local
