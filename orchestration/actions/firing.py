"""Firing: what a worker does about schedules that are due.

One transaction takes a schedule (SKIP LOCKED, so that workers share them), writes a row for each moment, starts the
runs and plans the next moment. Either all of it happened or none, whatever kills the worker; and a moment has one row
by a unique constraint, whoever else tries.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min, QuerySet

from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_due import MAX_COUNTED, Missed, plan_due
from orchestration.models import Run, Schedule, ScheduleFire
from orchestration.store.clock import database_now

from . import audit
from .backfilling import start_one_backfilled
from .runs import cancel_run
from .schedule_runs import REASON_CHARS, close_fire, is_paused, start_fire, start_for

logger = logging.getLogger("apflow.schedules")

Outcome = ScheduleFire.Outcome
#: Fires of a schedule that may wait for their turn.
MAX_WAITING: Final = 100
#: Steps between two looks at whether the worker is to stop.
AT_A_TIME: Final = 200


def fire_due() -> float | None:
    """Fire what is due; return the seconds until the next moment that is planned, 0 while there is more to do, or None.

    None is when nothing is planned or all is paused: what is due then waits for somebody, not for a moment.

    What is due goes before what waits for its turn, and both before backfills, at each step: a thousand moments of the
    past let none of today's be late.
    """
    for _ in range(AT_A_TIME):
        if not (_fire_one_due() or _start_one_waiting() or start_one_backfilled()):
            break
    else:
        return 0.0
    if is_paused():
        return None
    upcoming = Schedule.objects.enabled().aggregate(next=Min("next_fire_at"))["next"]
    return None if upcoming is None else max((upcoming - database_now()).total_seconds(), 0.0)


def _fire_one_due() -> bool:
    """Take one schedule that is due and that nobody else has; False when there is none."""
    with transaction.atomic():
        now = database_now()
        if is_paused():
            return False
        schedule = _take(now)
        if schedule is None:
            return False
        try:
            with transaction.atomic():
                _fire(schedule, now)
        except (OperationalError, InterfaceError):
            raise
        except InvalidDefinitionError as error:
            # Written past the checks, by hand: it must not take the others along.
            _switch_off(schedule, str(error))
        except Exception:
            logger.exception("schedule %s can't be fired", schedule.pk)
            _switch_off(schedule, "It could not be fired; the worker's log says why")
    return True


def _switch_off(schedule: Schedule, problem: str) -> None:
    schedule.enabled, schedule.problem = False, problem[:REASON_CHARS]
    schedule.save(update_fields=["enabled", "problem"])
    audit.record("schedule.off", schedule, reason=schedule.problem)
    logger.warning("schedule %s is switched off: %s", schedule.pk, problem)


def _take(now: datetime) -> Schedule | None:
    return _take_one(Schedule.objects.due(now))


def _take_one(schedules: QuerySet[Schedule]) -> Schedule | None:
    """Lock the first that no other worker has; what it refers to is read under the lock."""
    pk = schedules.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
    return None if pk is None else Schedule.objects.select_related("tree", "responsible").get(pk=pk)


def _fire(schedule: Schedule, now: datetime) -> None:
    due = schedule.next_due_at
    if due is None:
        return
    plan = plan_due(schedule.timing, due, now, schedule.policy, schedule.runs_left, schedule.next_fire_at)
    if plan.missed is not None:
        _record_missed(schedule, plan.missed, now)
    for moment in plan.fires:
        reason = "Late: no worker was there in time" if moment in plan.late else ""
        fire, is_new = ScheduleFire.objects.get_or_create(
            schedule=schedule,
            due_at=moment,
            backfill=None,
            defaults={"at": now, "outcome": Outcome.WAITING, "reason": reason},
        )
        if is_new:
            _decide(schedule, fire)
    schedule.set_next(None if schedule.runs_left == 0 else plan.next_due)
    schedule.save(update_fields=["next_due_at", "next_fire_at", "run_count"])


def _record_missed(schedule: Schedule, missed: Missed, now: datetime) -> None:
    number = f"more than {MAX_COUNTED} moments" if missed.count == MAX_COUNTED else f"{missed.count} moments"
    what = "its moment" if missed.count == 1 else number
    reason = f"No worker was there for {what}; its policy for missed moments is: {schedule.get_misfire_display()}"
    facts = {"last_due_at": missed.last, "count": missed.count, "at": now, "reason": reason}
    ScheduleFire.objects.get_or_create(
        schedule=schedule, due_at=missed.first, backfill=None, defaults={**facts, "outcome": Outcome.MISSED}
    )


def _decide(schedule: Schedule, fire: ScheduleFire) -> None:
    """Start the run of a new fire, or do what the schedule says about runs that have not ended."""
    active = list(_active(schedule))
    if schedule.overlap == Schedule.Overlap.SKIP and active:
        close_fire(fire, Outcome.OVERLAPPED, f"Run {active[0].pk} had not ended")
        return
    if schedule.overlap == Schedule.Overlap.QUEUE and (
        active or schedule.fires.regular().waiting().exclude(pk=fire.pk).exists()
    ):
        if schedule.fires.regular().waiting().count() > MAX_WAITING:
            close_fire(fire, Outcome.OVERLAPPED, f"{MAX_WAITING} earlier ones were waiting for their turn already")
        else:
            schedule.run_count += 1
        return
    if schedule.overlap == Schedule.Overlap.CANCEL_PREVIOUS:
        for run in active:
            cancel_run(run, reason=f"The schedule “{schedule.name}” was due again")
    if _start(schedule, fire):
        schedule.run_count += 1


def _active(schedule: Schedule) -> list[Run]:
    """Runs of a schedule that have not ended, those by hand too, but none of a backfill; the earliest first."""
    fires = schedule.fires.regular()
    return list(Run.objects.active().filter(fire__in=fires).order_by("queued_at", "pk"))


def _start(schedule: Schedule, fire: ScheduleFire) -> bool:
    return start_fire(schedule, fire, schedule.responsible, f"schedule-{schedule.pk}-{fire.due_at.isoformat()}")


def close_waiting(schedule: Schedule, reason: str) -> None:
    """Give up the fires that wait for their turn; they do not count."""
    given_up = schedule.fires.regular().waiting().update(outcome=Outcome.OVERLAPPED, reason=reason)
    schedule.run_count = max(schedule.run_count - given_up, 0)


def fire_now(schedule: Schedule, user: AbstractBaseUser) -> ScheduleFire:
    """Start a run by hand. Raises InvalidDefinitionError."""
    now = database_now()
    fire = ScheduleFire(schedule=schedule, due_at=now, at=now, by_hand=True, outcome=Outcome.STARTED)
    fire.run = start_for(schedule, user, now)
    fire.save()
    return fire


def _start_one_waiting() -> bool:
    """Start the fire that has waited longest, of a schedule with no run left; False when there is none."""
    with transaction.atomic():
        if is_paused():
            return False
        ended = Schedule.objects.enabled().filter(fires__outcome=Outcome.WAITING, fires__backfill__isnull=True)
        going_on = Run.objects.active().filter(fire__isnull=False, fire__backfill__isnull=True)
        ended = ended.exclude(pk__in=going_on.values("fire__schedule"))
        schedule = _take_one(Schedule.objects.filter(pk__in=ended.values("pk")))
        fire = schedule.fires.regular().waiting().first() if schedule is not None else None
        if schedule is None or fire is None or _active(schedule):
            return False
        if not _start(schedule, fire):
            schedule.run_count = max(schedule.run_count - 1, 0)
            if schedule.next_due_at is None:  # it may have been the last one that it was allowed
                schedule.plan_from(database_now())
            schedule.save(update_fields=["run_count", "next_due_at", "next_fire_at"])
    return True
