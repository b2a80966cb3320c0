"""Acts on schedules: save, delete, switch on and off, run now, pause all. Callers ask the rules first who may."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from orchestration.engine.definition import MAX_NAME_CHARS, PRIORITIES
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import text_problem
from orchestration.engine.schedule_due import MAX_CATCH_UP
from orchestration.engine.schedule_timing import timing_problems
from orchestration.engine.validation import parameter_problems
from orchestration.models import Schedule, ScheduleFire, SchedulesPause, Tree
from orchestration.store.clock import database_now

from . import audit
from .firing import close_waiting, fire_now
from .locking import locked
from .row_facts import changes
from .runs import with_defaults
from .schedule_runs import parameters_at

#: What people decide about a schedule, besides its tree and whether it is on.
FIELDS: Final = (
    *("name", "kind", "expression", "timezone", "starts_at", "ends_at", "max_runs", "parameters", "priority"),
    *("overlap", "misfire", "catch_up", "jitter_seconds"),
)
MAX_JITTER_SECONDS: Final = 3_600
_MAX_INTEGER: Final = 2**31 - 1


def create_schedule(tree: Tree, values: Mapping[str, Any], *, user: AbstractBaseUser, enabled: bool = True) -> Schedule:
    """Make a schedule of a tree. `values` holds FIELDS. Raises InvalidDefinitionError; nothing is stored then."""
    schedule = Schedule(tree=tree, enabled=enabled, **values)
    with transaction.atomic():
        _save(schedule, user)
        audit.record("schedule.create", schedule, user=user, detail=_facts(schedule))
    return schedule


def change_schedule(schedule: Schedule, values: Mapping[str, Any], *, user: AbstractBaseUser) -> Schedule:
    """Change some of FIELDS; whoever does is responsible for its runs from now on. Raises InvalidDefinitionError."""
    with transaction.atomic():
        now = locked_schedule(schedule)
        before = copy(now)
        for name, value in values.items():
            setattr(now, name, value)
        _save(now, user, before)
        audit.record("schedule.change", now, user=user, detail={"changed": changes(_facts(before), _facts(now))})
    return now


def delete_schedule(schedule: Schedule, *, user: AbstractBaseUser) -> None:
    """Delete a schedule and its history; its runs stay."""
    with transaction.atomic():
        now = locked_schedule(schedule)
        # Whoever starts a moment of a backfill has locked its row, and comes first.
        list(now.backfills.select_for_update().values_list("pk"))
        audit.record("schedule.delete", now, user=user, detail=_facts(now))
        now.delete()


def switch_schedule(schedule: Schedule, enabled: bool, *, user: AbstractBaseUser) -> Schedule:
    """Switch a schedule on or off. What was due while it was off is not made up for.

    Raises InvalidDefinitionError when it is to be switched on and can't be, or nothing is left of it.
    """
    with transaction.atomic():
        now = locked_schedule(schedule)
        if now.enabled == enabled and not now.problem:
            return now
        now.enabled, now.problem = enabled, ""
        if enabled:
            _check(now)
            _plan(now)
            # What it runs is what somebody who may run it has agreed to.
            now.responsible_id = user.pk
        else:
            close_waiting(now, "The schedule was switched off before its turn came")
        now.save()
        audit.record(f"schedule.{'on' if enabled else 'off'}", now, user=user)
    return now


def run_schedule_now(schedule: Schedule, *, user: AbstractBaseUser) -> ScheduleFire:
    """Start a run by hand, beside its times, whatever else of it is running; `max_runs` does not count it.

    Raises InvalidDefinitionError when the tree can't run.
    """
    with transaction.atomic():
        now = locked_schedule(schedule)
        fire = fire_now(now, user)
        audit.record("schedule.run_now", now, user=user, detail={"run": str(fire.run_id)})
    return fire


def pause_all(*, user: AbstractBaseUser, reason: str = "") -> SchedulesPause:
    """Let no schedule fire until `resume_all`. Pausing again changes nothing."""
    with transaction.atomic():
        pause, is_new = SchedulesPause.objects.get_or_create(pk=1, defaults={"paused_by_id": user.pk, "reason": reason})
        if is_new:
            audit.record("schedules.pause", user=user, reason=reason)
    return pause


def resume_all(*, user: AbstractBaseUser) -> None:
    """Let schedules fire again. What was due meanwhile is not made up for, but recorded as missed."""
    with transaction.atomic():
        pause = SchedulesPause.objects.select_for_update().first()
        if pause is None:
            return
        now = database_now()
        for schedule in Schedule.objects.select_for_update().due(now).order_by("pk"):
            _leave_out(schedule, now, "All schedules were paused; this row stands for every moment of the pause")
            try:
                schedule.plan_from(now)
            except InvalidDefinitionError:
                continue  # a worker finds it and says what is wrong with it
            schedule.save(update_fields=["next_due_at", "next_fire_at"])
        pause.delete()
        audit.record("schedules.resume", user=user)


def schedule_problems(schedule: Schedule) -> list[Problem]:
    """List what is wrong with a schedule that is to be saved, besides its times."""
    problems = []
    for path, text in (("$.name", schedule.name), ("$.expression", schedule.expression)):
        if said := text_problem(text):
            problems.append(Problem(path, said))
    if not 0 < len(schedule.name) <= MAX_NAME_CHARS:
        problems.append(Problem("$.name", f"must have 1 to {MAX_NAME_CHARS} characters"))
    if schedule.priority not in PRIORITIES:
        problems.append(Problem("$.priority", f"must be 0 (urgent) to 3 (low), not {schedule.priority!r}"))
    if schedule.overlap not in Schedule.Overlap.values:
        problems.append(Problem("$.overlap", f"must be one of {', '.join(Schedule.Overlap.values)}"))
    if schedule.misfire not in Schedule.Misfire.values:
        problems.append(Problem("$.misfire", f"must be one of {', '.join(Schedule.Misfire.values)}"))
    for name, low, high in (
        ("catch_up", 1, MAX_CATCH_UP),
        ("jitter_seconds", 0, MAX_JITTER_SECONDS),
        ("max_runs", 1, _MAX_INTEGER),
    ):
        value = getattr(schedule, name)
        if value is not None and not low <= value <= high:
            problems.append(Problem(f"$.{name}", f"must be {low} to {high}"))
    if schedule.max_runs is not None and schedule.max_runs < schedule.run_count:
        problems.append(Problem("$.max_runs", f"must not be less than {schedule.run_count}: so often it has fired"))
    return problems


def _check(schedule: Schedule) -> None:
    problems = schedule_problems(schedule) + timing_problems(schedule.timing) + _parameter_problems(schedule)
    if problems:
        raise InvalidDefinitionError(problems)


def _parameter_problems(schedule: Schedule) -> list[Problem]:
    """List what would be wrong with the parameters of a run that was due now."""
    schema = schedule.tree.parameters
    try:
        values = parameters_at(schedule, timezone.now())
    except InvalidDefinitionError as error:
        return error.problems
    return parameter_problems(schema, with_defaults(schema, values))


def _save(schedule: Schedule, user: AbstractBaseUser, before: Schedule | None = None) -> None:
    """Check a schedule, plan it and store it; `before` is what it was, if it is not new."""
    schedule.name, schedule.expression = schedule.name.strip(), schedule.expression.strip()
    if before is None:
        schedule.created_at = timezone.now()
    _check(schedule)
    schedule.responsible_id, schedule.problem = user.pk, ""
    if before is None:
        schedule.save()  # sets anew when it was made, which an interval counts from: it is planned after that
    if schedule.enabled:
        _plan(schedule, before)
    schedule.save()


def _plan(schedule: Schedule, before: Schedule | None = None) -> None:
    """Plan from now on, unless a change leaves the moment that was planned `before`.

    Raises InvalidDefinitionError when nothing is to come.
    """
    now = database_now()
    if before is not None and schedule.keeps_plan(before):
        if schedule.jitter_seconds != before.jitter_seconds:
            schedule.delay_anew(now)
        return
    if before is not None and before.next_due_at is not None and before.next_due_at <= now:
        _leave_out(before, now, "Its times were changed before it fired; this row stands for every moment until then")
    schedule.plan_from(now)
    if schedule.next_due_at is None:
        path, said = ("$.expression", "is in the past") if schedule.kind == "once" else ("$.ends_at", "leaves no time")
        if schedule.runs_left == 0:
            path, said = "$.max_runs", f"has been reached: it has fired {schedule.run_count} times"
        raise InvalidDefinitionError([Problem(path, said)])


def _leave_out(schedule: Schedule, now: datetime, reason: str) -> None:
    """Record as missed what is planned, has come and will not fire: one row for every moment until now."""
    ScheduleFire.objects.get_or_create(
        schedule=schedule,
        due_at=schedule.next_due_at or now,
        backfill=None,
        defaults={"last_due_at": now, "at": now, "outcome": ScheduleFire.Outcome.MISSED, "reason": reason},
    )


def locked_schedule(schedule: Schedule) -> Schedule:
    """Return a schedule as it is stored, and keep others from changing it until the transaction ends."""
    return locked(Schedule.objects.select_related("tree"), schedule.pk)


def _facts(schedule: Schedule) -> dict[str, Any]:
    """What the audit trail keeps of a schedule. Parameters may hold secrets, so that they are only counted."""
    facts: dict[str, Any] = {name: _plain(getattr(schedule, name)) for name in FIELDS if name != "parameters"}
    return facts | {"tree": str(schedule.tree_id), "parameters": len(schedule.parameters)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def search_schedules(q: str = "", tree: UUID | None = None, enabled: bool | None = None) -> Q:
    """Return the condition of a search; what is absent narrows nothing."""
    condition = Q(name__icontains=q) | Q(tree__name__icontains=q) if q else Q()
    if tree is not None:
        condition &= Q(tree=tree)
    return condition if enabled is None else condition & Q(enabled=enabled)
