"""What a schedule will do, before and after it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_timing import timing_problems
from orchestration.engine.schedule_words import clock_notes
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


def preview(values: Mapping[str, Any], count: int, stored: Schedule | None = None) -> Preview:
    """Look ahead as if `values` were saved now: fields of `stored`, or of a new schedule, that is switched on.

    Raises InvalidDefinitionError.
    """
    draft = Schedule(created_at=timezone.now()) if stored is None else copy(stored)
    for name, value in values.items():
        setattr(draft, name, value)
    problems = timing_problems(draft.timing)
    if problems:
        raise InvalidDefinitionError(problems)
    draft.enabled = True
    if stored is None or not draft.keeps_plan(stored):
        draft.plan_from(database_now())
    return preview_of(draft, count)


def preview_of(schedule: Schedule, count: int) -> Preview:
    """Look ahead for a schedule that is stored: what is planned of it, nothing while it is off."""
    return Preview(schedule.words, list(schedule.upcoming(count)), _clock_notes(schedule))


def _clock_notes(schedule: Schedule) -> list[str]:
    """Say what clock changes do to moments that are planned: nothing while it is off, or after its last."""
    if next(schedule.upcoming(1), None) is None:
        return []
    until, left = None, schedule.runs_left
    if left is not None and left <= MAX_PLANNED:
        *_, last = schedule.upcoming(left)
        until = last + timedelta(seconds=1)
    return clock_notes(schedule.timing, database_now(), until)


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
    # One look at the index for each schedule: there is one fire for a moment, and there may be very many moments.
    of_one = ScheduleFire.objects.filter(schedule=OuterRef("pk")).order_by("-due_at")
    asked = Schedule.objects.filter(pk__in=[schedule.pk for schedule in schedules]).order_by()
    newest = asked.annotate(newest=Subquery(of_one.values("pk")[:1])).values_list("newest", flat=True)
    fires = ScheduleFire.objects.filter(pk__in=[pk for pk in newest if pk is not None]).select_related("run")
    return {fire.schedule_id: fire for fire in fires}
