"""What a schedule will do, before and after it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final
from uuid import UUID

from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_timing import Timing, timing_problems
from orchestration.engine.schedule_words import clock_notes, in_words
from orchestration.models import Schedule, ScheduleFire
from orchestration.store.clock import database_now

#: Moments of one schedule that a calendar holds.
MAX_PLANNED: Final = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """A schedule in words, its next moments, and what the next clock changes do to it."""

    words: str
    fires: list[datetime]
    notes: list[str]


def preview(timing: Timing, count: int, left: int | None = None) -> Preview:
    """Look ahead. Raises InvalidDefinitionError."""
    problems = timing_problems(timing)
    if problems:
        raise InvalidDefinitionError(problems)
    now = database_now()
    wanted = count if left is None else min(count, left)
    return Preview(in_words(timing), timing.first(now, wanted), clock_notes(timing, now))


def preview_of(schedule: Schedule, count: int) -> Preview:
    """Look ahead for a schedule that is stored: what is planned of it, nothing while it is off."""
    notes = [] if timing_problems(schedule.timing) else clock_notes(schedule.timing, database_now())
    return Preview(schedule.words, schedule.upcoming(count), notes)


@dataclass(frozen=True, slots=True)
class Planned:
    """A moment that is to come."""

    schedule: Schedule
    at: datetime


def planned(schedules: Iterable[Schedule], days: int) -> list[Planned]:
    """Return what is planned for the next days, in order; of each schedule MAX_PLANNED moments at most."""
    end = database_now() + timedelta(days=days)
    found = []
    for schedule in schedules:
        moments = takewhile(lambda moment: moment <= end, schedule.upcoming(MAX_PLANNED))
        found += [Planned(schedule, moment) for moment in moments]
    return sorted(found, key=lambda item: (item.at, item.schedule.name))


def last_fires(schedules: Iterable[Schedule]) -> dict[UUID, ScheduleFire]:
    """Return the latest fire of each schedule, with its run."""
    rows = ScheduleFire.objects.filter(schedule__in=[schedule.pk for schedule in schedules])
    newest = rows.order_by("schedule_id", "-due_at", "-pk").distinct("schedule_id").select_related("run")
    return {fire.schedule_id: fire for fire in newest}
