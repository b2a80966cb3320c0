"""Runs and their tasks by the ids of an address; what may not be seen is not there."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from ninja import Path

from orchestration.access import rules
from orchestration.engine.status import ACTIVE
from orchestration.models import Run, TaskRun

from .door import ApiRequest
from .errors import ApiError, forbidden, not_found
from .schemas import TaskId

#: The id of a task in an address.
TaskInPath = Annotated[TaskId, Path(description="the task's id in the tree")]


def visible_run(request: ApiRequest, run_id: UUID) -> Run:
    """Return a run that the caller sees. Raises ApiError (404)."""
    run = rules.find_run(request.auth, run_id)
    if run is None:
        raise not_found("run")
    return run


def steerable_run(request: ApiRequest, run_id: UUID) -> Run:
    """Return a run that the caller may steer. Raises ApiError (404, 403)."""
    run = visible_run(request, run_id)
    if not rules.may_steer(request.auth, run):
        raise forbidden("You did not start this run, and may not steer other people's runs.")
    return run


def task_of(run: Run, task: str) -> TaskRun:
    """Return a task of a run, without its large values. Raises ApiError (404)."""
    found = run.task_runs.filter(task_uid=task).only("pk", "run", "task_uid", "name", "status").first()
    if found is None:
        raise not_found("task in this run")
    return found


def refuse_active(run: Run) -> None:
    """Raise ApiError (409) for a run that has not ended."""
    if run.status in ACTIVE:
        raise ApiError(409, "run_active", "The run has not ended; cancel it first, or wait.")


def run_ended(run: Run) -> ApiError:
    """Say that a run takes no commands any more."""
    return ApiError(409, "run_ended", "The run has ended; nothing can be asked of it any more. Run it again instead.")
