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
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min

from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, Problem
from orchestration.engine.schedule_due import MAX_COUNTED, Missed, plan_due
from orchestration.models import Run, Schedule, ScheduleFire, SchedulesPause, Tree
from orchestration.store.clock import database_now

from . import audit
from .runs import cancel_run, start_run

logger = logging.getLogger("apflow.schedules")

Outcome = ScheduleFire.Outcome
#: Fires of a schedule that may wait for their turn.
MAX_WAITING: Final = 100
_REASON_CHARS: Final = 2_000


def fire_due() -> float | None:
    """Fire everything that is due; return the seconds until the next moment that is planned, or None."""
    while _fire_one_due():
        pass
    while _start_one_waiting():
        pass
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
    schedule.enabled, schedule.problem = False, problem[:_REASON_CHARS]
    schedule.save(update_fields=["enabled", "problem"])
    audit.record("schedule.off", schedule, reason=schedule.problem)
    logger.warning("schedule %s is switched off: %s", schedule.pk, problem)


def is_paused() -> bool:
    """Tell whether all schedules are paused."""
    return SchedulesPause.objects.exists()


def _take(now: datetime) -> Schedule | None:
    due = Schedule.objects.due(now).select_for_update(skip_locked=True, of=("self",))
    return due.select_related("tree", "responsible").first()


def _fire(schedule: Schedule, now: datetime) -> None:
    due = schedule.next_due_at
    if due is None:
        return
    plan = plan_due(schedule.timing, due, now, schedule.policy, schedule.runs_left)
    if plan.missed is not None:
        _record_missed(schedule, plan.missed, now)
    for moment in plan.fires:
        reason = "Late: no worker was there in time" if moment in plan.late else ""
        fire, is_new = ScheduleFire.objects.get_or_create(
            schedule=schedule, due_at=moment, defaults={"at": now, "outcome": Outcome.WAITING, "reason": reason}
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
        schedule=schedule, due_at=missed.first, defaults={**facts, "outcome": Outcome.MISSED}
    )


def _decide(schedule: Schedule, fire: ScheduleFire) -> None:
    """Start the run of a new fire, or do what the schedule says about runs that have not ended."""
    active = list(_active(schedule))
    if schedule.overlap == Schedule.Overlap.SKIP and active:
        _close(fire, Outcome.OVERLAPPED, f"Run {active[0].pk} had not ended")
        return
    if schedule.overlap == Schedule.Overlap.QUEUE and (active or schedule.fires.waiting().exclude(pk=fire.pk).exists()):
        if schedule.fires.waiting().count() > MAX_WAITING:
            _close(fire, Outcome.OVERLAPPED, f"{MAX_WAITING} earlier ones were waiting for their turn already")
        else:
            schedule.run_count += 1
        return
    if schedule.overlap == Schedule.Overlap.CANCEL_PREVIOUS:
        for run in active:
            cancel_run(run, reason=f"The schedule “{schedule.name}” was due again")
    if _start(schedule, fire):
        schedule.run_count += 1


def _active(schedule: Schedule) -> list[Run]:
    """Runs of a schedule that have not ended, those by hand too; the earliest first."""
    return list(Run.objects.active().filter(fire__schedule=schedule).order_by("queued_at", "pk"))


def _start(schedule: Schedule, fire: ScheduleFire) -> bool:
    """Start a fire's run, or say why it can't; every moment is one run by its key too."""
    try:
        with transaction.atomic():
            fire.run = start_for(schedule, schedule.responsible, f"schedule-{schedule.pk}-{fire.due_at.isoformat()}")
            fire.outcome = Outcome.STARTED
            fire.save(update_fields=["run", "outcome"])
    except OrchestrationError as error:
        fire.run = None
        _close(fire, Outcome.REFUSED, str(error))
        logger.warning("schedule %s could not start its run: %s", schedule.pk, error)
        return False
    logger.info("schedule %s started run %s", schedule.pk, fire.run_id)
    return True


def start_for(schedule: Schedule, user: AbstractBaseUser | None, key: str | None = None) -> Run:
    """Start a run of a schedule for somebody. Raises InvalidDefinitionError, also when they may not run the tree."""
    problem = _right_problem(schedule.tree, user)
    if problem is not None:
        raise InvalidDefinitionError([Problem("$.responsible", problem)])
    if schedule.tree.archived_at is not None:
        raise InvalidDefinitionError([Problem("$.tree", "is archived: take it out of the archive to run it")])
    return start_run(
        schedule.tree,
        user=user,
        parameters=schedule.parameters,
        priority=schedule.priority,
        trigger=Run.Trigger.SCHEDULE,
        idempotency_key=key,
    )


def _right_problem(tree: Tree, user: AbstractBaseUser | None) -> str | None:
    """Say why somebody may not run a tree: rights that were lost are not kept by a schedule."""
    again = "an editor who may run the tree can save the schedule, and be responsible for it"
    if not isinstance(user, User):
        return f"is nobody: {again}"
    if not user.is_active:
        return f"{user.get_username()} is not active any more: {again}"
    if not user.has_perm("orchestration.add_run") or not Tree.objects.visible_to(user).filter(pk=tree.pk).exists():
        return f"{user.get_username()} may not run this tree any more: {again}"
    return None


def _close(fire: ScheduleFire, outcome: str, reason: str) -> None:
    fire.outcome, fire.reason = outcome, reason[:_REASON_CHARS]
    fire.save(update_fields=["outcome", "reason", "run"])


def close_waiting(schedule: Schedule, reason: str) -> None:
    """Give up the fires that wait for their turn; they do not count."""
    given_up = schedule.fires.waiting().update(outcome=Outcome.OVERLAPPED, reason=reason)
    schedule.run_count = max(schedule.run_count - given_up, 0)


def fire_now(schedule: Schedule, user: AbstractBaseUser) -> ScheduleFire:
    """Start a run by hand. Raises InvalidDefinitionError."""
    now = database_now()
    fire = ScheduleFire(schedule=schedule, due_at=now, at=now, by_hand=True, outcome=Outcome.STARTED)
    fire.run = start_for(schedule, user)
    fire.save()
    return fire


def _start_one_waiting() -> bool:
    """Start the fire that has waited longest, of a schedule with no run left; False when there is none."""
    with transaction.atomic():
        if is_paused():
            return False
        ended = Schedule.objects.enabled().filter(fires__outcome=Outcome.WAITING)
        ended = ended.exclude(pk__in=Run.objects.active().filter(fire__isnull=False).values("fire__schedule"))
        schedule = (
            Schedule.objects.filter(pk__in=ended.values("pk"))
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("tree", "responsible")
            .first()
        )
        fire = schedule.fires.waiting().first() if schedule is not None else None
        if schedule is None or fire is None or _active(schedule):
            return False
        if not _start(schedule, fire):
            schedule.run_count = max(schedule.run_count - 1, 0)
            if schedule.next_due_at is None:  # it may have been the last one that it was allowed
                schedule.plan_from(database_now())
            schedule.save(update_fields=["run_count", "next_due_at", "next_fire_at"])
    return True
