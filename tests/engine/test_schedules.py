"""Schedules as pure rules: what may be written, when that is due, how it is said, what is done about it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.engine import schedule_timing
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_due import GRACE, MAX_COUNTED, Policy, plan_due
from orchestration.engine.schedule_timing import EXAMPLES, Timing, timing_problems
from orchestration.engine.schedule_words import clock_notes, in_words

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "expression", "said"),
    [
        ("daily", "24:00", "a time of day"),
        ("daily", "8.30", "a time of day"),
        ("weekly", "8 08:30", "no day of the week '8'"),
        ("weekly", "mo,we 08:30", "no day of the week 'mo'"),
        ("weekly", "fri-mon 08:30", "run backwards"),
        ("weekly", "08:30", "days and a time"),
        ("monthly", "0 08:30", "no day of the month '0'"),
        ("monthly", "32@08:30", "no day of the month '32'"),
        ("interval", "0", "whole seconds"),
        ("interval", "1.5", "whole seconds"),
        ("interval", "-1", "whole seconds"),
        ("interval", "٣", "whole seconds"),
        ("once", "tomorrow", "ISO 8601"),
        ("once", "9999-12-31T23:59", "between the years"),
        ("cron", "@daily", "five fields"),
        ("cron", "0 0 0 * * *", "five fields"),
        ("cron", "60 * * * *", "bad minute"),
        ("cron", "* * L/L-3 * *", "no cron expression"),
        ("cron", "0 0 31 2 *", "never fires"),
        ("cron", "0 0 30 2 *", "never fires"),
        ("cron", "0 0 31 4,6,9,11 *", "never fires"),
        ("cron", "0 0 31 2 */2", "never fires"),
        ("cron", "0 0 * 2 1#6", "bad day-of-week"),
        ("cron", "x" * 300, "1 to 200 characters"),
        ("daily", "", "1 to 200 characters"),
    ],
)
def test_what_can_not_be_is_refused_at_once(kind: str, expression: str, said: str) -> None:
    began = time.process_time()
    (problem,) = timing_problems(Timing(kind, expression))
    assert problem.path == "$.expression"
    assert said in problem.message
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("timing", "path"),
    [
        (Timing("hourly", "1"), "$.kind"),
        (Timing("daily", "08:00", "Europe/Atlantis"), "$.timezone"),
        (Timing("daily", "08:00", "../etc/passwd"), "$.timezone"),
        (Timing("daily", "08:00", starts_at=NOW, ends_at=NOW - timedelta(days=1)), "$.ends_at"),
        (Timing("daily", "08:00", starts_at=datetime(9999, 1, 1, tzinfo=UTC)), "$.starts_at"),
    ],
)
def test_a_kind_a_zone_and_bounds_that_can_not_be(timing: Timing, path: str) -> None:
    assert [problem.path for problem in timing_problems(timing)] == [path]
    with pytest.raises(InvalidDefinitionError):
        timing.next(NOW)


def test_what_people_type_is_not_remembered_for_ever() -> None:
    for seconds in range(1, 3000):
        assert timing_problems(Timing("interval", str(seconds))) == []
    assert schedule_timing._expression_problem.cache_info().currsize <= 1024


def test_every_example_is_accepted() -> None:
    for kind, examples in EXAMPLES.items():
        for example in examples.removesuffix(" (seconds)").split(" or "):
            assert Timing(kind, example).next(NOW) is not None


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (Timing("once", "2027-03-28T02:30", "Europe/Warsaw"), "once, on 2027-03-28 at 03:00 (Europe/Warsaw)"),
        (Timing("interval", "1"), "every second"),
        (Timing("interval", "90"), "every 90 seconds"),
        (Timing("interval", "7200"), "every 2 hours"),
        (Timing("daily", "8:30"), "every day at 08:30 (UTC)"),
        (Timing("weekly", "1-5 08:30", "Europe/Berlin"), "every weekday at 08:30 (Europe/Berlin)"),
        (Timing("weekly", "mon,Wednesday@09:30"), "every Monday and Wednesday at 09:30 (UTC)"),
        (Timing("monthly", "1,22,last 00:05"), "on the 1st, the 22nd and the last day of each month at 00:05 (UTC)"),
        (
            Timing("monthly", "31 00:05"),
            "on the 31st of each month at 00:05; months without the 31st are left out (UTC)",
        ),
        (Timing("cron", "30 8 * * 1-5"), "every weekday at 08:30 (UTC)"),
        (Timing("cron", "30 8 * * 0,7"), "every Sunday at 08:30 (UTC)"),
        (Timing("cron", "0 0 13 * 5"), "at 00:00 on the 13th day of month or on Friday (UTC)"),
        (Timing("daily", "08:00", ends_at=NOW), "every day at 08:00 (UTC), until 2026-01-01 00:00"),
    ],
)
def test_words(timing: Timing, words: str) -> None:
    assert in_words(timing) == words


def test_a_gap_and_an_overlap_are_told_where_they_matter() -> None:
    gap, overlap = clock_notes(Timing("daily", "02:30", "Europe/Berlin"), NOW)
    assert gap == "On 2026-03-29 the clocks go from 02:00 to 03:00: there is no 02:30, so that it fires at 03:00."
    assert overlap == "On 2026-10-25 the clocks go from 03:00 to 02:00: 02:30 comes twice, and it fires the first time."
    assert clock_notes(Timing("daily", "08:30", "Europe/Berlin"), NOW) == []
    assert clock_notes(Timing("daily", "02:30", "UTC"), NOW) == []
    _, twice = clock_notes(Timing("cron", "*/15 * * * *", "Europe/Berlin"), NOW)
    assert "it fires each time" in twice


def test_clock_changes_are_told_while_it_is_active_alone() -> None:
    summer = datetime(2026, 6, 1, tzinfo=UTC)
    told = clock_notes(Timing("daily", "02:30", "Europe/Berlin", starts_at=summer), NOW)
    assert [note[:13] for note in told] == ["On 2026-10-25", "On 2027-03-28"]
    assert clock_notes(Timing("daily", "02:30", "Europe/Berlin", starts_at=summer), NOW, until=summer) == []
    (gap,) = clock_notes(Timing("daily", "02:30", "Europe/Berlin", ends_at=summer), NOW)
    assert gap.startswith("On 2026-03-29")


def test_an_interval_counts_from_its_start_and_does_not_drift() -> None:
    assert Timing("interval", "3600", starts_at=NOW).first(NOW - timedelta(days=1), 2) == [
        NOW,
        NOW + timedelta(hours=1),
    ]
    late = NOW + timedelta(hours=5, seconds=59)
    assert Timing("interval", "3600", anchor=NOW).next(late) == NOW + timedelta(hours=6)
    assert Timing("interval", "60", ends_at=NOW + timedelta(seconds=61), anchor=NOW).first(NOW, 5) == [
        NOW + timedelta(seconds=60)
    ]


def test_after_an_outage_the_policy_decides() -> None:
    timing = Timing("interval", "600", anchor=NOW)
    due, now = NOW + timedelta(seconds=600), NOW + timedelta(seconds=3030)
    expected = {"skip": 0, "once": 1, "catch_up": 3}
    for misfire, fires in expected.items():
        plan = plan_due(timing, due, now, Policy(misfire, 3))
        # The fifth is thirty seconds late: that is within the grace, and no missed one.
        assert len(plan.fires) == fires + 1
        assert plan.fires[-1] == NOW + timedelta(seconds=3000)
        assert (plan.missed.count if plan.missed else 0) == 4 - fires
        assert plan.next_due == NOW + timedelta(seconds=3600)


def test_a_long_outage_costs_little() -> None:
    began = time.process_time()
    for timing in (Timing("interval", "1", anchor=NOW), Timing("cron", "* * * * *")):
        due, now = timing.next(NOW), NOW + timedelta(days=700)
        assert due is not None
        plan = plan_due(timing, due, now, Policy("catch_up", 2))
        assert plan.missed is not None
        assert plan.missed.count == MAX_COUNTED
        assert sorted(plan.late) == timing.latest(NOW, now - GRACE, 2)
        assert plan.missed.last < min(plan.late)
    assert time.process_time() - began < 5


def test_no_more_than_what_is_left_fires() -> None:
    timing = Timing("interval", "1", anchor=NOW)
    plan = plan_due(timing, NOW + timedelta(seconds=1), NOW + timedelta(seconds=9), Policy(), left=3)
    assert plan.fires == [NOW + timedelta(seconds=second) for second in (1, 2, 3)]


def test_jitter_is_the_same_for_whoever_asks() -> None:
    delays = [Policy(jitter_seconds=10, key="a").delay(NOW + timedelta(hours=hour)) for hour in range(50)]
    assert delays == [Policy(jitter_seconds=10, key="a").delay(NOW + timedelta(hours=hour)) for hour in range(50)]
    assert delays != [Policy(jitter_seconds=10, key="b").delay(NOW + timedelta(hours=hour)) for hour in range(50)]
    assert all(timedelta() <= delay <= timedelta(seconds=10) for delay in delays)
    assert len(set(delays)) > 40
