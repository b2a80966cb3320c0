"""Reads runs from the database in the shape that the replay judges."""

from __future__ import annotations

from typing import Any

from benchmarks.chaos.replay import Replay, RunRow, TaskRow
from orchestration.models import Run, RunEvent, TaskAttempt, TaskRun


def load_run(run: Run) -> RunRow:
    """Read everything about one run."""
    fields = ("pk", "task_uid", "executor", "parent_uid", "dependencies", "retry", "enabled", "status", "attempt")
    more = ("uncounted_attempts", "worker_losses", "result", "error", "error_type")
    tasks = [_task(*row) for row in TaskRun.objects.filter(run=run).order_by("ordinal").values_list(*fields, *more)]
    events = RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", "type", "task_run_id", "data")
    attempts = TaskAttempt.objects.filter(task_run__run=run).values_list("task_run_id", "attempt", "reason")
    return RunRow(
        id=str(run.pk),
        status=run.status,
        last_seq=run.last_seq,
        has_owner=run.owner_id is not None,
        cancelled=run.cancel_requested_at is not None,
        max_concurrency=run.max_concurrency,
        tasks=tasks,
        cancelled_at=run.cancel_requested_at,
        events=list(events),
        attempts=list(attempts),
    )


def _task(*values: Any) -> TaskRow:
    pk, uid, executor, parent, dependencies, retry, enabled, *rest = values
    return TaskRow(pk, uid, executor, parent, dependencies, retry["max_attempts"], enabled, *rest)


def database_violations() -> list[str]:
    """Judge every run in the database. Live runs may move meanwhile: call it when the workers are gone or idle."""
    return [text for run in Run.objects.order_by("queued_at") for text in Replay(load_run(run)).check()]
