"""Acts on backfills: look what one would run, start it, cancel it. Callers ask the rules first who may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Count

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.schedule_timing import timing_problems
from orchestration.engine.schedule_words import clock_notes
from orchestration.engine.status import ACTIVE
from orchestration.engine.validation import parameter_problems
from orchestration.models import Backfill, Schedule, ScheduleFire
from orchestration.models.backfill import MAX_AT_ONCE
from orchestration.store.clock import database_now

from . import audit
from .backfilling import end_backfill
from .locking import locked
from .runs import with_defaults
from .schedule_runs import parameters_at
from .schedules import locked_schedule

#: Moments of one backfill.
MAX_MOMENTS: Final = 1_000
#: Clocks of schedules begin here.
_FIRST_YEAR: Final = 1970
#: What stands for a moment that has its run, or is to have one.
_TAKEN: Final = (ScheduleFire.Outcome.STARTED, ScheduleFire.Outcome.WAITING)


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What a backfill would run; `left_out` are moments of its span that had a run, or wait for theirs.

    `notes` say what clock changes in the span do to it.
    """

    words: str
    moments: list[datetime]
    left_out: int
    notes: list[str]


@dataclass(frozen=True, slots=True)
class BackfillState:
    """A backfill, and what became of its moments, by outcome; `going_on` are runs that have not ended."""

    backfill: Backfill
    outcomes: Counter[str]
    going_on: int


def plan_backfill(schedule: Schedule, since: datetime, until: datetime, *, again: bool = False) -> BackfillPlan:
    """Look what a backfill from `since` to `until`, both included, would run. Raises InvalidDefinitionError."""
    now = database_now()
    problems = timing_problems(schedule.timing) or _span_problems(since, until, now)
    if problems:
        raise InvalidDefinitionError(problems)
    end = until
    if schedule.enabled and schedule.next_due_at is not None:
        # What is planned fires by itself, even when it is late.
        end = min(until, schedule.next_due_at - timedelta(microseconds=1))
    moments = list(islice(schedule.timing.between(since, end), MAX_MOMENTS + 1))
    if len(moments) > MAX_MOMENTS:
        last = moments[MAX_MOMENTS - 1].astimezone(since.tzinfo).isoformat(sep=" ", timespec="seconds")
        said = f"leaves more than {MAX_MOMENTS:,} moments, the most at once: the first {MAX_MOMENTS:,} end at {last}"
        raise InvalidDefinitionError([Problem("$.until", said)])
    taken = set() if again or not moments else _taken(schedule, moments)
    left = [moment for moment in moments if moment not in taken]
    return BackfillPlan(schedule.words, left, len(moments) - len(left), clock_notes(schedule.timing, since, until))


def _span_problems(since: datetime, until: datetime, now: datetime) -> list[Problem]:
    if since.astimezone(UTC).year < _FIRST_YEAR:
        return [Problem("$.since", f"must not be before the year {_FIRST_YEAR}")]
    if until < since:
        return [Problem("$.until", "is before the beginning")]
    if until > now:
        return [Problem("$.until", "lies in the future, where the schedule fires by itself")]
    return []


def _taken(schedule: Schedule, moments: Sequence[datetime]) -> set[datetime]:
    rows = schedule.fires.filter(due_at__range=(moments[0], moments[-1]), outcome__in=_TAKEN, by_hand=False)
    return set(rows.values_list("due_at", flat=True))


def start_backfill(
    schedule: Schedule,
    since: datetime,
    until: datetime,
    *,
    user: AbstractBaseUser,
    at_once: int = 1,
    again: bool = False,
) -> Backfill:
    """Have each moment of a span run once, `at_once` of them at a time; workers do it. The runs are the user's.

    Moments that had a run are left out unless `again`. Raises InvalidDefinitionError; nothing is stored then.
    """
    with transaction.atomic():
        # The lock of the row, so that nobody takes the same moments at the same time.
        schedule = locked_schedule(schedule)
        plan = plan_backfill(schedule, since, until, again=again)
        problems = _start_problems(schedule, plan, at_once)
        if problems:
            raise InvalidDefinitionError(problems)
        now = database_now()
        backfill = Backfill.objects.create(
            schedule=schedule,
            asked_by_id=user.pk,
            since=since,
            until=until,
            count=len(plan.moments),
            at_once=at_once,
            again=again,
            created_at=now,
        )
        ScheduleFire.objects.bulk_create(
            ScheduleFire(
                schedule=schedule, backfill=backfill, due_at=moment, at=now, outcome=ScheduleFire.Outcome.WAITING
            )
            for moment in plan.moments
        )
        audit.record("schedule.backfill", schedule, user=user, detail=_facts(backfill))
    return backfill


def _start_problems(schedule: Schedule, plan: BackfillPlan, at_once: int) -> list[Problem]:
    if not 1 <= at_once <= MAX_AT_ONCE:
        return [Problem("$.at_once", f"must be 1 to {MAX_AT_ONCE}")]
    if schedule.tree.archived_at is not None:
        return [Problem("$.tree", "is archived: take it out of the archive to run it")]
    if schedule.backfills.open().exists():
        return [Problem("$.schedule", "has a backfill that goes on: cancel that, or wait until all of it has started")]
    if not plan.moments:
        said = (
            "has moments in this span, but all of them had a run"
            if plan.left_out
            else "is due at no moment of this span"
        )
        return [Problem("$.schedule", said)]
    schema = schedule.tree.parameters
    return parameter_problems(schema, with_defaults(schema, parameters_at(schedule, plan.moments[0])))


def cancel_backfill(backfill: Backfill, *, user: AbstractBaseUser) -> Backfill:
    """Give up what of a backfill has not started; runs that have go on. Asking again changes nothing."""
    with transaction.atomic():
        now = locked(Backfill.objects.select_related("schedule"), backfill.pk)
        if now.ended_at is None:
            given_up = end_backfill(now, f"The backfill was cancelled by {user.get_username()}")
            detail = {"backfill": now.pk, "given_up": given_up}
            audit.record("schedule.backfill_cancel", now.schedule, user=user, detail=detail)
    return now


def backfill_states(backfills: Sequence[Backfill]) -> list[BackfillState]:
    """Return how backfills stand, in their order."""
    outcomes: dict[int, Counter[str]] = {backfill.pk: Counter() for backfill in backfills}
    going_on: Counter[int] = Counter()
    fires = ScheduleFire.objects.filter(backfill__in=backfills).order_by()
    for pk, outcome, count in fires.values_list("backfill", "outcome").annotate(count=Count("pk")):
        outcomes[pk][outcome] = count
    live = fires.filter(run__status__in=ACTIVE)
    for pk, count in live.values_list("backfill").annotate(count=Count("pk")):
        going_on[pk] = count
    return [BackfillState(backfill, outcomes[backfill.pk], going_on[backfill.pk]) for backfill in backfills]


def _facts(backfill: Backfill) -> dict[str, object]:
    return {
        "backfill": backfill.pk,
        "since": backfill.since.isoformat(),
        "until": backfill.until.isoformat(),
        "moments": backfill.count,
        "at_once": backfill.at_once,
        "again": backfill.again,
    }
