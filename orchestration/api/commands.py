"""What people ask of a live run: the run's worker carries it out, and its answer is an event."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from ninja import Router
from ninja import Status as Answer
from pydantic import ConfigDict

from orchestration.actions.reruns import retry_problems
from orchestration.actions.runs import refusal, send_command
from orchestration.engine.status import ACTIVE
from orchestration.models import Run, RunCommand, TaskRun

from .door import ApiRequest
from .errors import ApiError, forbidden
from .run_lookups import TaskInPath, run_ended, steerable_run, task_of
from .schemas import Fields, Priority, Reason

router = Router(tags=["commands"])
_RUN: Final = "/runs/{uuid:id}"
#: Ids of tasks may hold slashes.
_TASK: Final = _RUN + "/tasks/{path:task}"
Kind = RunCommand.Kind


class Because(Fields):
    """Why it is asked; may be left out."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "The source is down until tomorrow"}})

    reason: Reason = ""


class PriorityIn(Because):
    """A new priority."""

    model_config = ConfigDict(json_schema_extra={"example": {"priority": 0, "reason": "Somebody waits for it"}})

    priority: Priority


class CommandOut(Fields):
    """A command that was left for the run's worker."""

    command: int
    run: UUID


_SENT: Final = {202: CommandOut}
Sent = Answer[dict[str, Any]]


@router.post(_RUN + "/cancel", response=_SENT, summary="Cancel a run")
def cancel_run(request: ApiRequest, id: UUID, body: Because | None = None) -> Sent:
    """Start nothing more and stop what runs. Asking again changes nothing."""
    return _ask_run(request, id, Kind.CANCEL, body)


@router.post(_RUN + "/pause", response=_SENT, summary="Pause a run")
def pause_run(request: ApiRequest, id: UUID, body: Because | None = None) -> Sent:
    """Start no more tasks until it is resumed; what runs goes on."""
    return _ask_run(request, id, Kind.PAUSE, body)


@router.post(_RUN + "/resume", response=_SENT, summary="Resume a paused run")
def resume_run(request: ApiRequest, id: UUID, body: Because | None = None) -> Sent:
    """Start tasks again."""
    return _ask_run(request, id, Kind.RESUME, body)


@router.post(_RUN + "/priority", response=_SENT, summary="Change the priority of a run")
def set_run_priority(request: ApiRequest, id: UUID, body: PriorityIn) -> Sent:
    """Let its tasks start before or after those of other runs."""
    return _ask_run(request, id, Kind.SET_PRIORITY, body, {"priority": body.priority})


@router.post(_TASK + "/cancel", response=_SENT, summary="Cancel a task")
def cancel_task(request: ApiRequest, id: UUID, task: TaskInPath, body: Because | None = None) -> Sent:
    """Stop one task, or never start it; what requires it is cancelled too."""
    return _ask_task(request, id, task, Kind.CANCEL, body)


@router.post(_TASK + "/retry", response=_SENT, summary="Retry a failed or cancelled task")
def retry_task(request: ApiRequest, id: UUID, task: TaskInPath, body: Because | None = None) -> Sent:
    """Run it again in this run, with what it had stopped."""
    return _ask_task(request, id, task, Kind.RETRY, body)


@router.post(_TASK + "/skip", response=_SENT, summary="Go on without a task")
def skip_task(request: ApiRequest, id: UUID, task: TaskInPath, body: Because | None = None) -> Sent:
    """Count it as completed, with no result."""
    return _ask_task(request, id, task, Kind.SKIP, body)


@router.post(_TASK + "/run-now", response=_SENT, summary="Do not wait for the time of a retry")
def run_task_now(request: ApiRequest, id: UUID, task: TaskInPath, body: Because | None = None) -> Sent:
    """Start the next attempt of a task at once."""
    return _ask_task(request, id, task, Kind.RUN_NOW, body)


@router.post(_TASK + "/priority", response=_SENT, summary="Change the priority of a task")
def set_task_priority(request: ApiRequest, id: UUID, task: TaskInPath, body: PriorityIn) -> Sent:
    """Let it start before or after other tasks of the run."""
    return _ask_task(request, id, task, Kind.SET_PRIORITY, body, {"priority": body.priority})


def _ask_run(
    request: ApiRequest, id: UUID, kind: str, body: Because | None, data: dict[str, Any] | None = None
) -> Sent:
    return _send(request, steerable_run(request, id), None, kind, body, data)


def _ask_task(
    request: ApiRequest, id: UUID, task: str, kind: str, body: Because | None, data: dict[str, Any] | None = None
) -> Sent:
    run = steerable_run(request, id)
    task_run = task_of(run, task)
    if kind == Kind.RETRY and (problems := retry_problems(task_run, request.auth.user)):
        raise forbidden(f"{problems[0].message[0].upper()}{problems[0].message[1:]}.")
    if run.status in ACTIVE and kind in RunCommand.FOR_TASKS_ONLY and (why_not := refusal(task_run, kind)):
        raise ApiError(409, "not_possible", f"{why_not[0].upper()}{why_not[1:]}.")
    return _send(request, run, task_run, kind, body, data)


def _send(
    request: ApiRequest,
    run: Run,
    task_run: TaskRun | None,
    kind: str,
    body: Because | None,
    data: dict[str, Any] | None,
) -> Sent:
    reason = body.reason if body else ""
    command = send_command(run, kind, user=request.auth.user, reason=reason, task_run=task_run, data=data)
    if command is None:
        raise run_ended(run)
    return Answer(202, {"command": command.pk, "run": run.pk})
