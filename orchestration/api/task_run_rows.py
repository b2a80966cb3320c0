"""Task runs and their attempts as the API shows them; the fields are those of a snapshot of the live stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q
from django.db.models.functions import Left
from django.db.models.query import QuerySet
from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.actions.hook_notes import ByAttempt, hook_calls
from orchestration.engine.masking import secret_values
from orchestration.engine.status import Status
from orchestration.models import TaskAttempt, TaskRun

from .large_values import read_sized, sized_columns
from .schemas import Fields

#: Characters of an error in a list.
_ERROR_CHARS: Final = 300
_LARGE: Final = ("inputs", "resolved_inputs", "result", "params", "schemas")
#: Those among them that hold the secrets which may turn up in the others.
_SOURCES: Final = ("inputs", "resolved_inputs", "params")
_UNREAD: Final = (*_LARGE, "pinned")
#: A worker is looked up by its name alone: making it an object of each row would take as long as all the rest.
_COMPUTED: Final[dict[str, Any]] = {"is_pinned": Q(pinned__isnull=False), "worker_name": F("worker__name")}
#: Columns whose values are shown as they are.
_SAME: Final = (
    *("pk", "name", "executor", "priority", "enabled", "position", "dependencies", "status", "attempt"),
    *("uncounted_attempts", "progress", "progress_message", "error_type", "next_attempt_at", "started_at"),
    *("finished_at", "timeout_seconds"),
)


class Edge(Fields):
    """A dependency."""

    id: str
    required: bool = True


class TaskRunOut(Fields):
    """One task in one run."""

    pk: int
    id: str
    name: str
    executor: str | None
    parent_id: str | None
    priority: int
    enabled: bool
    position: Any
    dependencies: list[Edge]
    status: Status
    attempt: int = Field(description="how often it has started")
    uncounted_attempts: int = Field(description="attempts that ended with their worker")
    max_attempts: int
    progress: float = Field(description="0 to 1")
    progress_message: str
    error: str | None
    error_type: str | None
    first_cause: str | None = Field(description="the task that failed first and took this one along")
    next_attempt_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    reused: bool = Field(description="its result was taken over from an earlier run")
    pinned: bool
    timeout_seconds: float | None


class HookCallOut(Fields):
    """A hook that was called for an attempt of a task, or for a run."""

    hook: str
    event: str = Field(description="pre, post, post_hook for the executor's own, or a tree event", examples=["pre"])
    ms: float = Field(description="how long it took")
    error: str | None
    slow: bool = Field(description="it took longer than is expected of it")
    changed: list[str] = Field(description="keys of the inputs that it has changed")


class AttemptOut(Fields):
    """One attempt. `outcome` is the task's status for the last one, and for those before why they did not end it."""

    attempt: int
    outcome: str = Field(examples=["failed", "worker_lost", "handed_back", "completed"])
    error: str | None
    error_type: str | None
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    hooks: list[HookCallOut]


class ReusedFrom(Fields):
    """The task run whose result was taken over."""

    run: UUID
    task: str


class TaskRunDetails(TaskRunOut):
    """One task in one run, with all its values. One over 64 KiB is null unless `full` is asked for."""

    model_config = ConfigDict(title="TaskRun")

    inputs: Any = Field(description="as defined")
    inputs_bytes: int | None
    resolved_inputs: Any = Field(description="as the executor got them")
    resolved_inputs_bytes: int | None
    result: Any
    result_bytes: int | None = Field(description="null: there is no result")
    params: Any
    params_bytes: int | None
    schemas: Any
    schemas_bytes: int | None
    retry: dict[str, Any]
    cancel_reason: str | None
    reused_from: ReusedFrom | None
    attempts: list[AttemptOut]
    why: str = Field(description="one sentence on why it waits, or did not run")


def lines(tasks: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
    """Load of task runs what a list shows of them."""
    shown = ("parent_uid", "task_uid", "first_cause_uid", "retry", "reused_from", "ordinal", "run")
    return tasks.only(*_SAME, *shown).annotate(said=Left("error", _ERROR_CHARS), **_COMPUTED)


def task_run_rows(tasks: Sequence[TaskRun]) -> list[dict[str, Any]]:
    """Return `lines` as TaskRunOut."""
    return [_row(task) | {"error": vars(task)["said"]} for task in tasks]


def details(actor: Actor, tasks: QuerySet[TaskRun], *, most: int | None) -> QuerySet[TaskRun]:
    """Load everything of task runs but values over `most` bytes, and tell no secrets by themselves."""
    columns = sized_columns(_LARGE, most=most)
    if not rules.may_see_values(actor):
        columns |= sized_columns(_SOURCES, most=None)
    return (
        tasks.select_related("reused_from")
        .defer(*_UNREAD, *(f"reused_from__{name}" for name in _UNREAD))
        .annotate(**_COMPUTED, **columns)
    )


def task_run_details(
    actor: Actor, task: TaskRun, attempts: list[dict[str, Any]], why: str, *, most: int | None
) -> dict[str, Any]:
    """Return one of `details` as TaskRunDetails."""
    earlier = task.reused_from
    values = read_sized(vars(task), _LARGE)
    if not rules.may_see_values(actor):
        values |= _without_secrets(values, task.run.parameters, most)
    return (
        _row(task)
        | values
        | {
            "error": task.error,
            "retry": task.retry,
            "cancel_reason": task.cancel_reason,
            "reused_from": {"run": earlier.run_id, "task": earlier.task_uid} if earlier else None,
            "attempts": attempts,
            "why": why,
        }
    )


def task_result(actor: Actor, task: TaskRun) -> Any:
    """Return a result as the actor may see it. `task` was loaded whole."""
    if rules.may_see_values(actor):
        return task.result
    known = (getattr(task, name) for name in _SOURCES)
    return secret_values(task.result, task.run.parameters, *known).redact(task.result)


def _without_secrets(values: dict[str, Any], parameters: dict[str, Any], most: int | None) -> dict[str, Any]:
    masker = secret_values(parameters, *(values[name] for name in _LARGE))
    sizes = {name: values[f"{name}_bytes"] or 0 for name in _LARGE}
    return {name: masker.redact(values[name]) if most is None or size <= most else None for name, size in sizes.items()}


def with_attempts(tasks: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
    """Load of task runs what `attempt_rows` reads."""
    return tasks.defer(*_UNREAD).annotate(**_COMPUTED)


def attempt_rows(task: TaskRun) -> list[dict[str, Any]]:
    """Return a task's attempts as AttemptOut: those that did not end it, and the last one."""
    return attempts_of([task])[task.pk]


def attempts_of(tasks: Sequence[TaskRun]) -> dict[int, list[dict[str, Any]]]:
    """Return `attempt_rows` of each task, by its pk."""
    rows: dict[int, list[dict[str, Any]]] = {task.pk: [] for task in tasks}
    found = TaskAttempt.objects.filter(task_run__in=list(rows)).annotate(worker_name=F("worker__name"))
    calls = hook_calls(rows)
    for row in found.order_by("attempt"):
        rows[row.task_run_id].append(_attempt(row.attempt, row.reason, row, calls[row.task_run_id]))
    for task in tasks:
        told = rows[task.pk]
        if task.attempt > 0 and not (told and told[-1]["attempt"] == task.attempt):
            told.append(_attempt(task.attempt, task.status, task, calls[task.pk]))
    return rows


def _attempt(number: int, outcome: str, row: TaskAttempt | TaskRun, calls: ByAttempt) -> dict[str, Any]:
    return {
        "attempt": number,
        "outcome": outcome,
        "error": row.error or None,
        "error_type": row.error_type or None,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "worker": vars(row)["worker_name"],
        "hooks": [asdict(call) for call in calls.get(number, ())],
    }


def _row(task: TaskRun) -> dict[str, Any]:
    return {name: getattr(task, name) for name in _SAME} | {
        "id": task.task_uid,
        "parent_id": task.parent_uid,
        "max_attempts": task.retry.get("max_attempts", 1),
        "first_cause": task.first_cause_uid,
        "worker": vars(task)["worker_name"],
        "reused": task.reused_from_id is not None,
        "pinned": vars(task)["is_pinned"],
    }
