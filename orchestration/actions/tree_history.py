"""What a tree's last runs tell: how long they took, how many were good, and what each task did in each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from orchestration.engine.status import TERMINAL, Status
from orchestration.models import Run, Task, TaskRun, Tree
from orchestration.models.execution import RunQuerySet

#: Runs that the history reaches back.
HISTORY_RUNS: Final = 30
_DEPENDENCY_FAILED: Final = "dependency_failed"


@dataclass(frozen=True, slots=True)
class TreeHistory:
    """The last runs, newest first. Rate and durations (seconds) are of those that have ended; None without any."""

    runs: Sequence[Run]
    success_rate: float | None
    median_seconds: float | None
    p95_seconds: float | None
    last_good: Run | None
    last_failed: Run | None


def tree_history(tree: Tree, visible: RunQuerySet) -> TreeHistory:
    """Look at the last runs of a tree. `visible` are the runs that the one who asks may see."""
    of_tree = visible.filter(tree=tree).newest_first()
    runs = list(of_tree[:HISTORY_RUNS])
    ended = [run for run in runs if run.status in TERMINAL]
    lasted = sorted(filter(None, map(seconds_of, ended)))
    good = sum(run.status == Status.COMPLETED for run in ended)
    return TreeHistory(
        runs,
        success_rate=good / len(ended) if ended else None,
        median_seconds=median(lasted) if lasted else None,
        p95_seconds=lasted[ceil(0.95 * len(lasted)) - 1] if lasted else None,
        last_good=of_tree.filter(status=Status.COMPLETED).first(),
        last_failed=of_tree.filter(status=Status.FAILED).first(),
    )


def seconds_of(run: Run) -> float | None:
    """How long a run took; None before its end, or when it never started."""
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def tasks_in(tree: Tree, runs: Iterable[UUID], words: str = "", *, only_failed: bool = False) -> QuerySet[Task]:
    """The tree's present tasks whose names have all these words, or those alone that failed in one of the runs."""
    tasks = tree.tasks.all()
    for word in words.split():
        tasks = tasks.filter(name__icontains=word)
    if only_failed:
        failed = TaskRun.objects.filter(run__in=list(runs), status=Status.FAILED).order_by()
        tasks = tasks.filter(uid__in=failed.values("task_uid"))
    return tasks


def cells_of(runs: Sequence[UUID], uids: Sequence[str]) -> Mapping[str, Mapping[UUID, str]]:
    """Say what each task did in each run, by the task's id and the run's: a status, `blocked` or `retrying`."""
    cells: dict[str, dict[UUID, str]] = {uid: {} for uid in uids}
    found = TaskRun.objects.filter(run__in=runs, task_uid__in=uids).order_by()
    for row in found.only("run_id", "task_uid", "status", "error_type", "attempt", "next_attempt_at"):
        cells[row.task_uid][row.run_id] = _shown(row)
    return cells


def _shown(row: TaskRun) -> str:
    if row.status == Status.FAILED and row.error_type == _DEPENDENCY_FAILED:
        return "blocked"
    if row.status == Status.PENDING and row.attempt and row.next_attempt_at is not None:
        return "retrying"
    return row.status
