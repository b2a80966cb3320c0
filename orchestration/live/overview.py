"""The overview: what is going on, for one user. Everything here blocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Avg, Case, Count, Q, QuerySet, Value, When
from django.utils import timezone

from orchestration.access import Actor, rules
from orchestration.engine.status import ACTIVE, TERMINAL
from orchestration.models import Run, TaskRun, Worker

from .limits import MAX_ACTIVE

_RUN_FIELDS = ("id", "tree_id", "tree_name", "status", "priority", "paused", "queued_at", "started_at", "task_count")
_WORKER_FIELDS = ("id", "name", "slots", "running", "draining", "accepts_runs")


Overview = dict[str, Any]


def overview_of(actor: Actor) -> Overview:
    """Return counts by status, active runs with their progress, and workers with their slots."""
    runs = rules.runs_of(actor)
    return {"counts": _counts(runs), "active": _active(runs), "workers": _workers()}


def _counts(runs: QuerySet[Run]) -> dict[str, int]:
    recent = Q(status__in=sorted(TERMINAL), finished_at__gte=timezone.now() - timedelta(days=1))
    rows = runs.filter(Q(status__in=sorted(ACTIVE)) | recent).order_by().values_list("status")
    found = dict(rows.annotate(Count("pk")))
    return {status.value: found.get(status.value, 0) for status in (*sorted(ACTIVE), *sorted(TERMINAL))}


def _active(runs: QuerySet[Run]) -> list[dict[str, Any]]:
    in_order = runs.filter(status__in=sorted(ACTIVE)).order_by("status", "priority", "queued_at", "id")
    listed = list(in_order.values(*_RUN_FIELDS)[:MAX_ACTIVE])
    tasks, progress = _progress([run["id"] for run in listed])
    return [run | {"tasks": tasks.get(run["id"], {}), "progress": progress.get(run["id"], 0.0)} for run in listed]


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
