"""The calendar of schedules and its feed: what they compute grows with what they show, and no faster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestration.actions.schedule_preview import MAX_PLANNED, Planned, planned
from orchestration.engine.schedule_timing import Timing
from orchestration.models import Schedule, Tree
from orchestration.pages import schedule_lines
from orchestration.pages.schedule_calendar import calendar_lines
from orchestration.pages.schedule_lines import CALENDAR_DAYS, calendar

pytestmark = pytest.mark.django_db


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Every moment that is computed of any schedule."""
    moments: list[datetime] = []
    unbounded = Timing._unbounded

    def counted(self: Timing, after: datetime) -> Iterator[datetime]:
        for moment in unbounded(self, after):
            moments.append(moment)
            yield moment

    monkeypatch.setattr(Timing, "_unbounded", counted)
    return moments


def make(kind: str, expression: str, **fields: Any) -> Schedule:
    """A schedule that is not stored, with its next moment planned."""
    schedule = Schedule(name=f"{kind} {expression}", tree=Tree(name="t"), kind=kind, expression=expression, **fields)
    schedule.created_at = timezone.now()
    schedule.set_next(schedule.timing.next(timezone.now()))
    return schedule


def test_no_moment_is_computed_behind_the_horizon(computed: list[datetime]) -> None:
    yearly, daily = make("cron", "0 0 1 1 *", timezone="Europe/Berlin"), make("daily", "08:30")
    computed.clear()
    found = planned([yearly, daily], 30)
    assert len([item for item in found if item.schedule is daily]) in (30, 31)
    # For each schedule one moment more than is shown: the one that says that the rest lies behind.
    assert len(computed) <= len(found) + 2
    # Of a yearly one that is shown, that is the one after it.
    assert max(computed) < timezone.now() + timedelta(days=30 + 366)


def test_no_more_than_a_calendar_holds_and_than_is_left() -> None:
    often, thrice = make("interval", "60"), make("interval", "60", max_runs=3)
    counts = [item.schedule for item in planned([often, thrice], 30)]
    assert (counts.count(often), counts.count(thrice)) == (MAX_PLANNED, 3)
    assert list(make("interval", "60", max_runs=3, run_count=3).upcoming(5)) == []
    assert list(make("interval", "60", enabled=False).upcoming(5)) == []


def test_each_moment_is_entered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0

    class Read:
        """A planned moment that counts how often it is looked at."""

        def __init__(self, schedule: Schedule, at: datetime) -> None:
            self._schedule, self.at = schedule, at

        @property
        def schedule(self) -> Schedule:
            nonlocal reads
            reads += 1
            return self._schedule

    schedules = [make("interval", "3600") for _ in range(40)]
    begin = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    items = [Read(schedule, begin + timedelta(hours=hour)) for hour in range(48) for schedule in schedules]
    monkeypatch.setattr(schedule_lines, "planned", lambda *_: items)
    shown = calendar(schedules)
    assert [len(day.entries) for day in shown.days] == [40, 40] + [0] * (CALENDAR_DAYS - 2)
    first = shown.days[0]
    assert (len(first.shown), first.more, {entry.count for entry in first.entries}) == (4, 36, {24})
    assert reads <= 5 * len(items)


def test_a_schedule_that_is_due_often_is_named() -> None:
    often, daily = make("interval", "60"), make("daily", "08:30")
    assert calendar([often, daily]).often == [often]


def test_a_feed_puts_each_schedule_into_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Schedule] = []

    def words(self: Schedule) -> str:
        said.append(self)
        return "often"

    monkeypatch.setattr(Schedule, "words", property(words))
    schedule = make("interval", "60")
    moments = [Planned(schedule, timezone.now() + timedelta(minutes=number)) for number in range(50)]
    assert "".join(calendar_lines(moments, "http://a", "")).count("DESCRIPTION:t\\, often") == 50
    assert said == [schedule]
