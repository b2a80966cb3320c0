"""What the pages show of schedules: lines, moments in their zone, and a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
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
#: Schedules that a calendar or a feed holds, and the page of a tree.
IN_CALENDAR: Final = 200
_ON_TREE: Final = 50
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
    ScheduleFire.Outcome.CANCELLED: State("cancelled", "Cancelled"),
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


def tree_schedules(actor: Actor, tree: Tree) -> tuple[list[ScheduleLine], int]:
    """Return the schedules of a tree, and how many more it has than its page holds."""
    shown, left_out = _cut(listed_schedules(actor).filter(tree=tree), _ON_TREE)
    return schedule_lines(shown), left_out


def due_first(found: ScheduleQuerySet) -> tuple[list[Schedule], int]:
    """Return the schedules that a calendar holds, those that are due first, and how many more will fire."""
    return _cut(found.upcoming(), IN_CALENDAR)


def _cut(found: ScheduleQuerySet, size: int) -> tuple[list[Schedule], int]:
    shown = list(found[:size])
    return shown, found.count() - size if len(shown) == size else 0


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
    by_schedule: dict[UUID, Entry] = field(default_factory=dict)

    def enter(self, item: Planned) -> None:
        """Enter a moment; they come in order."""
        entry = self.by_schedule.get(item.schedule.pk)
        if entry is None:
            self.by_schedule[item.schedule.pk] = Entry(item.schedule, item.at)
        else:
            entry.count += 1

    @property
    def entries(self) -> list[Entry]:
        """What is on this day, in order."""
        return list(self.by_schedule.values())

    @property
    def shown(self) -> list[Entry]:
        """Entries that fit."""
        return self.entries[:_SHOWN_ENTRIES]

    @property
    def more(self) -> int:
        """How many do not."""
        return max(len(self.by_schedule) - _SHOWN_ENTRIES, 0)


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
            day.enter(item)
    counts = Counter(item.schedule.pk for item in found)
    return Calendar(list(days.values()), [one for one in schedules if counts[one.pk] >= MAX_PLANNED])
