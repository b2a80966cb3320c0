"""What the page of one worker shows: what runs there, and what became of what it held when it was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db.models import Q

from orchestration.access import Actor, rules
from orchestration.engine.status import Status
from orchestration.models import Run, TakeOver, TaskAttempt, TaskRun, Worker
from orchestration.models.execution import RunQuerySet

#: Rows of each table; a worker may own hundreds of runs.
LISTED: Final = 100
_LOST_FOR_GOOD: Final = ("worker_lost", "outcome_unknown")
_TASK_FIELDS: Final = ("id", "run_id", "name", "executor", "status", "attempt", "started_at", "error_type")


@dataclass(frozen=True, slots=True)
class LostTask:
    """A task whose attempt ended with the worker. `task` says what became of it since."""

    task: TaskRun
    attempt: int


@dataclass(slots=True)
class LostRun:
    """A run that somebody took over from the lost worker, and the tasks that it had running."""

    take_over: TakeOver
    tasks: list[LostTask] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One worker's runs and tasks, as far as the one who looks may see them; `hidden` counts the other runs."""

    tasks: list[TaskRun]
    runs: list[Run]
    hidden: int
    lost: list[LostRun]
    taken_over: list[TakeOver]
    successor: Worker | None


def view_of(actor: Actor, worker: Worker) -> WorkerView:
    """Collect what the page shows."""
    visible = rules.runs_of(actor)
    owned = Run.objects.active().filter(owner=worker)
    seen = owned.filter(pk__in=visible.values("pk"))
    taken = TakeOver.objects.filter(taken_by=worker, run__in=visible).select_related("run", "lost")
    return WorkerView(
        tasks=list(_running(seen, worker)),
        runs=list(seen.order_by("priority", "queued_at").defer("parameters")[:LISTED]),
        hidden=owned.count() - seen.count(),
        lost=_lost(visible, worker),
        taken_over=list(taken.defer("run__parameters", "lost__metrics")[:LISTED]),
        successor=worker.successors.defer("metrics").order_by("started_at").last(),
    )


def _running(owned: RunQuerySet, worker: Worker) -> Iterable[TaskRun]:
    found = TaskRun.objects.filter(run__in=owned, worker=worker, status=Status.IN_PROGRESS.value)
    return found.select_related("run").only(*_TASK_FIELDS, "run__tree_name").order_by("started_at", "id")[:LISTED]


def _lost(visible: RunQuerySet, worker: Worker) -> list[LostRun]:
    found = TakeOver.objects.filter(lost=worker, run__in=visible).select_related("run", "taken_by")
    rows = [LostRun(take_over) for take_over in found.defer("run__parameters", "taken_by__metrics")[:LISTED]]
    if rows:
        tasks = _lost_tasks([row.take_over.run_id for row in rows], worker)
        for row in rows:
            row.tasks = tasks[row.take_over.run_id]
    return rows


def _lost_tasks(run_ids: list[UUID], worker: Worker) -> dict[UUID, list[LostTask]]:
    """Find attempts that another one followed, and tasks that ended with the worker, by run."""
    found: dict[UUID, list[LostTask]] = defaultdict(list)
    attempts = TaskAttempt.objects.filter(
        task_run__run__in=run_ids, worker=worker, reason=TaskAttempt.Reason.WORKER_LOST
    )
    only = [f"task_run__{name}" for name in _TASK_FIELDS]
    for attempt in attempts.select_related("task_run").only("attempt", *only).order_by("id")[: LISTED * 5]:
        found[attempt.task_run.run_id].append(LostTask(attempt.task_run, attempt.attempt))
    ended = TaskRun.objects.filter(Q(error_type__in=_LOST_FOR_GOOD), run__in=run_ids, worker=worker)
    for task in ended.only(*_TASK_FIELDS).order_by("ordinal")[: LISTED * 5]:
        found[task.run_id].append(LostTask(task, task.attempt))
    return found
