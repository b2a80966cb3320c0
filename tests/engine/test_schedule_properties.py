"""Times of schedules in twenty time zones over five years, against a slow and obvious model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.engine.clock_changes import clock_changes
from orchestration.engine.schedule_due import GRACE, Policy, plan_due
from orchestration.engine.schedule_timing import DAYS, Timing, timing_problems

from .cron_samples import Cron, draw_cron
from .schedule_model import DAY, days_of, fixed_times, real_times

ZONES: Final = (
    *("UTC", "Europe/Berlin", "Europe/Warsaw", "Europe/London", "Europe/Dublin", "Africa/Casablanca", "Africa/Cairo"),
    *("America/New_York", "America/St_Johns", "America/Havana", "America/Santiago", "America/Phoenix", "Asia/Beirut"),
    *("Asia/Kathmandu", "Asia/Tokyo", "Asia/Gaza", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Chatham"),
    "America/Sao_Paulo",
)
BEGIN: Final = datetime(2023, 1, 1, tzinfo=UTC)
END: Final = datetime(2028, 1, 1, tzinfo=UTC)
ALL_DAYS: Final = set(range(1, 32))
ALL_WEEKDAYS: Final = set(range(1, 8))
EVERY_DAY: Final = days_of(ALL_DAYS, ALL_WEEKDAYS)
#: Moments of one drawn expression that are looked at, at most.
MOST: Final = 300
#: Calendars repeat after 28 years.
CYCLE: Final = [datetime(2000, 1, 1).date() + number * DAY for number in range(28 * 365 + 7)]

zones = st.sampled_from(ZONES)
clock = st.tuples(st.integers(0, 23) | st.sampled_from([0, 1, 2, 3]), st.integers(0, 59))


def times(timing: Timing, after: datetime = BEGIN, until: datetime = END) -> list[datetime]:
    """All moments in (after, until]."""
    found = []
    for moment in timing.times(after):
        if moment > until:
            break
        found.append(moment)
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_of_day_over_five_years(zone: str) -> None:
    place = ZoneInfo(zone)
    for hour, minute in ((0, 0), (2, 30)):
        found = times(Timing("daily", f"{hour:02}:{minute:02}", zone))
        assert found == list(fixed_times(EVERY_DAY, [(hour, minute)], place, BEGIN, END))


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=3)
@given(clock, st.sets(st.integers(1, 7), min_size=1))
def test_weekly_over_five_years(zone: str, at: tuple[int, int], days: set[int]) -> None:
    hour, minute = at
    numbers = Timing("weekly", f"{','.join(map(str, days))} {hour:02}:{minute:02}", zone)
    names = Timing("weekly", f"{','.join(DAYS[day - 1][:3] for day in days)}@{hour:02}:{minute:02}", zone)
    assert numbers.cron == names.cron
    assert times(numbers) == list(fixed_times(days_of(ALL_DAYS, days), [at], ZoneInfo(zone), BEGIN, END))


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=3)
@given(clock, st.sets(st.integers(1, 31) | st.just(-1), min_size=1, max_size=6))
def test_monthly_over_five_years(zone: str, at: tuple[int, int], days: set[int]) -> None:
    hour, minute = at
    written = ",".join("last" if day == -1 else str(day) for day in days)
    found = times(Timing("monthly", f"{written} {hour:02}:{minute:02}", zone))
    assert found == list(fixed_times(days_of(days, ALL_WEEKDAYS), [at], ZoneInfo(zone), BEGIN, END))


def window(random: Random, cron: Cron, zone: str, year: int) -> tuple[datetime, datetime]:
    """A year, or a part of it where there would be more than MOST moments: mostly around a change of clocks."""
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    on = sum(cron.days(begin.date() + number * DAY) for number in range(365))
    width = (end - begin) * min(MOST / max(on * len(cron.minutes) * len(cron.hours), 1), 1)
    leaps = [change.at for change in clock_changes(zone, begin, end - begin)]
    middle = random.choice(leaps) if leaps and random.random() < 0.8 else begin + random.random() * (end - begin)
    after = min(max(middle - random.random() * width, begin), end - width).replace(microsecond=0)
    return after, after + width


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("is_fixed", [True, False], ids=["fixed", "real"])
def test_cron_over_five_years(zone: str, is_fixed: bool) -> None:
    """Each year has expressions of its own; whether they name the hour and the minute says how clock changes count."""
    random = Random(f"{zone} {is_fixed}")
    place = ZoneInfo(zone)
    for year in range(BEGIN.year, END.year):
        cron = draw_cron(random, is_fixed=is_fixed)
        timing = Timing("cron", cron.text, zone)
        assert timing.is_fixed == is_fixed
        refused = timing_problems(timing)
        assert bool(refused) != any(map(cron.days, CYCLE)), (cron.text, refused)
        if refused:
            continue
        after, until = window(random, cron, zone, year)
        if is_fixed:
            expected = list(fixed_times(cron.days, product(cron.hours, cron.minutes), place, after, until))
        else:
            expected = real_times(cron.days, cron.minutes, cron.hours, place, after, until)
        assert times(timing, after, until) == expected, (cron.text, after, until)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("expression", "minutes", "hours"),
    [
        ("*/20 * * * *", {0, 20, 40}, set(range(24))),
        ("30 * * * *", {30}, set(range(24))),
        ("*/30 1-3 * * *", {0, 30}, {1, 2, 3}),
    ],
)
def test_real_time_around_clock_changes(zone: str, expression: str, minutes: set[int], hours: set[int]) -> None:
    for change in list(clock_changes(zone, BEGIN, END - BEGIN))[:3]:
        after, until = change.at - timedelta(hours=5), change.at + timedelta(hours=5)
        found = times(Timing("cron", expression, zone), after, until)
        assert found == real_times(EVERY_DAY, minutes, hours, ZoneInfo(zone), after, until)


@settings(max_examples=100)
@given(zones, clock, st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC)))
def test_where_one_begins_to_look_changes_nothing(zone: str, at: tuple[int, int], begin: datetime) -> None:
    timing = Timing("daily", f"{at[0]:02}:{at[1]:02}", zone)
    until = begin + timedelta(days=3)
    found = times(timing, begin, until)
    assert found == [moment for moment in times(timing, begin - timedelta(days=9), until) if moment > begin]
    assert all(earlier < later for earlier, later in pairwise(found))


@settings(max_examples=200)
@given(
    st.integers(1, 400),
    st.lists(st.integers(0, 900), min_size=1, max_size=12),
    st.sampled_from(["skip", "once", "catch_up"]),
    st.integers(1, 5),
    st.sampled_from([0, 3, 90]),
)
def test_each_moment_is_dealt_with_once(step: int, pauses: list[int], misfire: str, most: int, jitter: int) -> None:
    """Whenever somebody looks, every moment has fired or was missed, exactly once, and what is late was allowed."""
    timing = Timing("interval", str(step), anchor=BEGIN)
    policy = Policy(misfire, most, jitter, "key")
    due, now = timing.next(BEGIN), BEGIN
    fired: list[datetime] = []
    missed = 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        while due is not None and due + policy.delay(due) <= now:
            plan = plan_due(timing, due, now, policy)
            assert len(plan.late) <= policy.kept
            on_time = [moment for moment in plan.fires if moment not in plan.late]
            assert all(now - moment <= GRACE + timedelta(seconds=jitter) for moment in on_time)
            fired += plan.fires
            missed += plan.missed.count if plan.missed else 0
            assert plan.next_due is not None
            assert plan.next_due > due
            due = plan.next_due
    assert fired == sorted(set(fired))
    assert due is not None
    assert len(fired) + missed == (due - BEGIN).total_seconds() / step - 1
