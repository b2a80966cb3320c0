"""Starting the run of a moment of a schedule, or saying why it can't."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.binding import bind, has_expression, walk_strings
from orchestration.engine.errors import (
    BindingError,
    InvalidDefinitionError,
    NotStorableError,
    OrchestrationError,
    Problem,
)
from orchestration.engine.json_values import encode
from orchestration.engine.schedule_timing import zone_names
from orchestration.models import Run, Schedule, ScheduleFire, SchedulesPause, Tree

from .responsible import why_not_responsible
from .runs import start_run

logger = logging.getLogger("apflow.schedules")

REASON_CHARS: Final = 2_000
#: What parameters call the moment that a run is for.
_MOMENT: Final = "scheduled_at"


def is_paused() -> bool:
    """Tell whether all schedules are paused."""
    return SchedulesPause.objects.exists()


def parameters_at(schedule: Schedule, moment: datetime) -> dict[str, Any]:
    """Return the parameters of the run of a moment: `scheduled_at` in their expressions is that moment.

    It is text in ISO 8601, as the clocks of the schedule's zone show it. Texts that don't name it are left as they
    are: braces may stand for something else in them. Raises InvalidDefinitionError.
    """
    texts = walk_strings(schedule.parameters, "$.parameters")
    statements = [path for path, text in texts if _names_moment(text) and "{%" in text]
    if statements:
        # Loops within loops would hold up every other schedule.
        raise InvalidDefinitionError(
            [Problem(path, "may hold expressions, {{ }}, but no statements") for path in statements]
        )
    place = ZoneInfo(schedule.timezone if schedule.timezone in zone_names() else "UTC")
    context = {_MOMENT: moment.astimezone(place).isoformat(timespec="seconds")}
    try:
        values: dict[str, Any] = bind(schedule.parameters, context, "$.parameters", has_one=_names_moment)
        encode(values, "the parameters")
    except (BindingError, NotStorableError) as error:
        path, colon, said = str(error).partition(": ")
        raise InvalidDefinitionError([Problem(path, said) if colon else Problem("$.parameters", path)]) from error
    return values


def _names_moment(text: str) -> bool:
    return _MOMENT in text and has_expression(text)


def start_for(schedule: Schedule, user: AbstractBaseUser | None, moment: datetime, key: str | None = None) -> Run:
    """Start the run of a moment for somebody. Raises InvalidDefinitionError, also when they may not run the tree."""
    problem = _right_problem(schedule.tree, user)
    if problem is not None:
        raise InvalidDefinitionError([Problem("$.responsible", problem)])
    if schedule.tree.archived_at is not None:
        raise InvalidDefinitionError([Problem("$.tree", "is archived: take it out of the archive to run it")])
    return start_run(
        schedule.tree,
        user=user,
        parameters=parameters_at(schedule, moment),
        priority=schedule.priority,
        trigger=Run.Trigger.SCHEDULE,
        idempotency_key=key,
    )


def _right_problem(tree: Tree, user: AbstractBaseUser | None) -> str | None:
    """Say why somebody may not run a tree: rights that were lost are not kept by a schedule."""
    problem = why_not_responsible(tree, user)
    again = "an editor who may run the tree can save the schedule, and be responsible for it"
    return None if problem is None else f"{problem}: {again}"


def start_fire(schedule: Schedule, fire: ScheduleFire, user: AbstractBaseUser | None, key: str) -> bool:
    """Start a fire's run, or say why it can't; every moment is one run by its key too."""
    try:
        with transaction.atomic():
            fire.run = start_for(schedule, user, fire.due_at, key)
            fire.outcome = ScheduleFire.Outcome.STARTED
            fire.save(update_fields=["run", "outcome"])
    except OrchestrationError as error:
        fire.run = None
        close_fire(fire, ScheduleFire.Outcome.REFUSED, str(error))
        logger.warning("schedule %s could not start its run: %s", schedule.pk, error)
        return False
    logger.info("schedule %s started run %s", schedule.pk, fire.run_id)
    return True


def close_fire(fire: ScheduleFire, outcome: str, reason: str) -> None:
    """Write down what became of a fire that starts no run."""
    fire.outcome, fire.reason = outcome, reason[:REASON_CHARS]
    fire.save(update_fields=["outcome", "reason", "run"])
