"""Runs as the API shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import Left
from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.actions.hook_notes import run_hook_calls
from orchestration.engine.status import ACTIVE, Status
from orchestration.models import Run, ScheduleFire, TaskRun
from orchestration.models.execution import RunQuerySet

from .large_values import read_sized, sized_columns
from .schemas import Fields
from .task_run_rows import HookCallOut

#: First causes that are listed, and characters of each error.
_CAUSES: Final = 20
_ERROR_CHARS: Final = 4_000
_LISTED_RERUNS: Final = 100


class RunOut(Fields):
    """One execution of a tree. `parameters` over 64 KiB are null in lists."""

    id: UUID
    tree_id: UUID | None
    tree_name: str
    tree_version: int
    status: Status
    priority: int
    trigger: str
    requested_by: str | None = Field(description="a user name")
    parameters: dict[str, Any] | None
    parent_run_id: UUID | None = Field(description="the run that this one was started after")
    paused: bool
    cancel_requested_at: datetime | None
    cancel_reason: str
    error: str | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    task_count: int
    counts: dict[str, int] = Field(description="task runs by status", examples=[{"completed": 4, "failed": 1}])
    max_concurrency: int | None
    timeout_seconds: float | None
    owner: str | None = Field(description="the name of the worker that has it")
    last_seq: int = Field(description="the number of its last event")


class FirstCause(Fields):
    """A task that failed by itself."""

    task: str
    name: str
    error: str | None
    error_type: str | None


class RunMay(Fields):
    """What the caller may do with the run."""

    steer: bool
    delete: bool


class RunDetails(RunOut):
    """A run with what belongs to it."""

    model_config = ConfigDict(title="Run")

    schedule_id: UUID | None = Field(description="the schedule that started it")
    reruns: list[UUID] = Field(description="runs that were started after it, newest first")
    first_causes: list[FirstCause]
    hooks: list[HookCallOut] = Field(description="calls at its beginning and its end; those of tasks are at attempts")
    may: RunMay


def listed(runs: RunQuerySet) -> RunQuerySet:
    """Load of runs what a list shows of them."""
    columns = sized_columns(["parameters"])
    return runs.select_related("requested_by", "owner").defer("parameters").annotate(**columns)


def run_rows(actor: Actor, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return `listed` runs as RunOut, with one query for what their tasks do."""
    counts = _count_tasks([run.pk for run in runs])
    return [_row(actor, run, counts[run.pk], read_sized(vars(run), ["parameters"])["parameters"]) for run in runs]


def run_details(actor: Actor, run: Run) -> dict[str, Any]:
    """Return a run as RunDetails."""
    reruns = rules.runs_of(actor).filter(parent_run=run).newest_first()
    return _row(actor, run, _count_tasks([run.pk])[run.pk], run.parameters) | {
        "schedule_id": ScheduleFire.objects.filter(run=run).values_list("schedule_id", flat=True).first(),
        "reruns": list(reruns.values_list("pk", flat=True)[:_LISTED_RERUNS]),
        "first_causes": _first_causes(run) if run.status == Status.FAILED else [],
        "hooks": [asdict(call) for call in run_hook_calls(run.pk)],
        "may": {
            "steer": run.status in ACTIVE and rules.may_steer(actor, run),
            "delete": run.status not in ACTIVE and rules.may_delete_run(actor, run),
        },
    }


def _row(actor: Actor, run: Run, counts: dict[str, int], parameters: dict[str, Any] | None) -> dict[str, Any]:
    taken = set(RunOut.model_fields) - {"requested_by", "owner", "counts", "parameters"}
    return {name: getattr(run, name) for name in taken} | {
        "requested_by": run.requested_by.get_username() if run.requested_by else None,
        "owner": run.owner.name if run.owner else None,
        "counts": counts,
        "parameters": shown_value(actor, parameters),
    }


def _count_tasks(pks: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    found = TaskRun.objects.filter(run__in=pks).order_by().values_list("run_id", "status").annotate(Count("pk"))
    for run_id, status, count in found:
        counts[run_id][status] = count
    return counts


def _first_causes(run: Run) -> list[dict[str, Any]]:
    failed = run.task_runs.filter(status=Status.FAILED, first_cause_uid=None).order_by("finished_at", "ordinal")
    rows = failed.annotate(said=Left("error", _ERROR_CHARS)).values_list("task_uid", "name", "said", "error_type")
    return [dict(zip(FirstCause.model_fields, row, strict=True)) for row in rows[:_CAUSES]]
