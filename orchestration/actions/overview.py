"""The overview: what is going on, for one user, on its page and in its stream. Everything here blocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Avg, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from orchestration.engine.status import ACTIVE, TERMINAL, Status
from orchestration.models import Run, TaskRun, Worker
from orchestration.models.execution import RunQuerySet

#: Active runs that are listed, and tasks of each that are named.
MAX_ACTIVE: Final = 50
_NAMED: Final = 3
#: Running tasks that are looked at for their names.
_LOOKED_AT: Final = 2_000

_RUN_FIELDS = ("id", "tree_id", "tree_name", "status", "priority", "paused", "queued_at", "started_at", "task_count")
_WORKER_FIELDS = ("id", "name", "slots", "running", "draining", "accepts_runs")


Overview = dict[str, Any]


def overview_of(runs: RunQuerySet) -> Overview:
    """Return counts by status, active runs with their progress, and workers with their slots.

    `runs` are those that the one who looks may see.
    """
    return {"counts": _counts(runs), "active": _active(runs), "workers": _workers()}


def _counts(runs: QuerySet[Run]) -> dict[str, int]:
    recent = Q(status__in=sorted(TERMINAL), finished_at__gte=timezone.now() - timedelta(days=1))
    rows = runs.filter(Q(status__in=sorted(ACTIVE)) | recent).order_by().values_list("status")
    found = dict(rows.annotate(Count("pk")))
    return {status.value: found.get(status.value, 0) for status in (*sorted(ACTIVE), *sorted(TERMINAL))}


def _active(runs: QuerySet[Run]) -> list[dict[str, Any]]:
    in_order = runs.filter(status__in=sorted(ACTIVE)).order_by("status", "priority", "queued_at", "id")
    asked = {"cancelling": Q(cancel_requested_at__isnull=False)}
    listed = list(in_order.values(*_RUN_FIELDS, **asked)[:MAX_ACTIVE])
    ids = [run["id"] for run in listed]
    tasks, progress = _progress(ids)
    names = _running(ids)
    return [
        run
        | {
            "tasks": tasks.get(run["id"], {}),
            "progress": progress.get(run["id"], 0.0),
            "running": names.get(run["id"], []),
        }
        for run in listed
    ]


def _running(run_ids: list[Any]) -> dict[Any, list[str]]:
    """Name what runs in each run, what has run longest first; groups are not named."""
    children = TaskRun.objects.filter(run=OuterRef("run"), parent_uid=OuterRef("task_uid"))
    running = TaskRun.objects.filter(run__in=run_ids, status=Status.IN_PROGRESS.value)
    running = running.filter(Q(executor__isnull=False) | ~Exists(children))
    names: dict[Any, list[str]] = {}
    for run_id, name in running.order_by("started_at", "id").values_list("run_id", "name")[:_LOOKED_AT]:
        if len(named := names.setdefault(run_id, [])) < _NAMED:
            named.append(name)
    return names


def _progress(run_ids: list[Any]) -> tuple[dict[Any, dict[str, int]], dict[Any, float]]:
    """Count tasks by status, and say how far each run is: an ended task counts as one, a running one by its share."""
    share = Case(When(status__in=sorted(TERMINAL), then=Value(1.0)), default="progress")
    rows = TaskRun.objects.filter(run__in=run_ids).order_by().values("run_id", "status")
    tasks: dict[Any, dict[str, int]] = {}
    done: dict[Any, float] = {}
    for row in rows.annotate(count=Count("pk"), share=Avg(share)):
        tasks.setdefault(row["run_id"], {})[row["status"]] = row["count"]
        done[row["run_id"]] = done.get(row["run_id"], 0.0) + row["count"] * row["share"]
    return tasks, {run: round(done[run] / sum(tasks[run].values()), 3) for run in done}


def _workers() -> list[dict[str, Any]]:
    return list(Worker.objects.live().order_by("name", "started_at", "id").values(*_WORKER_FIELDS))
