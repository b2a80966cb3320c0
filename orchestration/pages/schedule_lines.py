"""What the pages show of schedules: lines, moments in their zone, and a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from orchestration.access import Actor, rules
from orchestration.actions.schedule_preview import MAX_PLANNED, Planned, last_fires, planned
from orchestration.engine.schedule_timing import zone_names
from orchestration.models import Schedule, ScheduleFire, Tree
from orchestration.models.schedule import ScheduleQuerySet

from . import states
from .states import State

CALENDAR_DAYS: Final = 30
_SHOWN_ENTRIES: Final = 4
_STATES: Final = {
    "on": State("waiting", "On"),
    "off": State("paused", "Off"),
    "over": State("completed", "Finished"),
    "problem": State("failed", "Switched off"),
}
_OUTCOMES: Final = {
    ScheduleFire.Outcome.STARTED: State("completed", "Started"),
    ScheduleFire.Outcome.WAITING: State("waiting", "Waits"),
    ScheduleFire.Outcome.OVERLAPPED: State("blocked", "Left out"),
    ScheduleFire.Outcome.MISSED: State("retrying", "Missed"),
    ScheduleFire.Outcome.REFUSED: State("failed", "Could not start"),
}


@dataclass(frozen=True, slots=True)
class FireLine:
    """What became of a moment, and how its run is."""

    fire: ScheduleFire
    outcome: State
    run: State | None


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A schedule, its state, and its last fire."""

    schedule: Schedule
    state: State
    last: FireLine | None


def fire_line(fire: ScheduleFire) -> FireLine:
    """Return how a fire is shown; its run is loaded."""
    run = states.of_run(fire.run) if fire.run else None
    return FireLine(fire, _OUTCOMES[ScheduleFire.Outcome(fire.outcome)], run)


def schedule_state(schedule: Schedule) -> State:
    """Return how a schedule's state is shown."""
    return _STATES[schedule.state]


def schedule_lines(schedules: Sequence[Schedule]) -> list[ScheduleLine]:
    """Return how schedules are shown in a list; their trees are loaded."""
    last = last_fires(schedules)
    return [
        ScheduleLine(schedule, schedule_state(schedule), fire_line(last[schedule.pk]) if schedule.pk in last else None)
        for schedule in schedules
    ]


def listed_schedules(actor: Actor) -> ScheduleQuerySet:
    """Schedules that somebody sees, as lists show them."""
    return rules.schedules_of(actor).select_related("tree").order_by("name", "id")


def tree_schedules(actor: Actor, tree: Tree) -> list[ScheduleLine]:
    """Return the schedules of a tree."""
    return schedule_lines(list(listed_schedules(actor).filter(tree=tree)[:50]))


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment, and how the clocks of a zone show it."""

    at: datetime
    words: str


def shown_moments(moments: Sequence[datetime], zone: str) -> list[Shown]:
    """Return moments as a zone's clocks show them."""
    place = ZoneInfo(zone if zone in zone_names() else "UTC")
    return [Shown(at, at.astimezone(place).strftime("%a %Y-%m-%d %H:%M:%S %Z")) for at in moments]


@dataclass(slots=True)
class Entry:
    """A schedule on a day: its first moment there, and how many there are."""

    schedule: Schedule
    first: datetime
    count: int = 1


@dataclass(slots=True)
class Day:
    """A day of the calendar, in UTC."""

    day: date
    entries: list[Entry] = field(default_factory=list)

    @property
    def shown(self) -> list[Entry]:
        """Entries that fit."""
        return self.entries[:_SHOWN_ENTRIES]

    @property
    def more(self) -> int:
        """How many do not."""
        return max(len(self.entries) - _SHOWN_ENTRIES, 0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The next days. `often` are schedules with more moments than a calendar holds."""

    days: list[Day]
    often: list[Schedule]


def calendar(schedules: Sequence[Schedule]) -> Calendar:
    """Return what is to come, day by day."""
    found = planned(schedules, CALENDAR_DAYS)
    today = timezone.now().astimezone(UTC).date()
    days = {today + timedelta(days=number): Day(today + timedelta(days=number)) for number in range(CALENDAR_DAYS)}
    for item in found:
        day = days.get(item.at.astimezone(UTC).date())
        if day is not None:
            _enter(day, item)
    counts = {schedule.pk: sum(item.schedule.pk == schedule.pk for item in found) for schedule in schedules}
    return Calendar(list(days.values()), [one for one in schedules if counts[one.pk] >= MAX_PLANNED])


def _enter(day: Day, item: Planned) -> None:
    for number, entry in enumerate(day.entries):
        if entry.schedule.pk == item.schedule.pk:
            day.entries[number] = replace(entry, count=entry.count + 1)
            return
    day.entries.append(Entry(item.schedule, item.at))
