"""What each task of a tree did in its last runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.tree_history import TreeHistory, cells_of, tasks_in, tree_history
from orchestration.engine.status import Status
from orchestration.models import Run, Task

from .door import ApiRequest
from .found import visible_tree
from .paging import Order, PageQuery
from .schemas import Fields, Text

router = Router(tags=["trees"])
_IN_ORDER: Final = Order(("ordinal", "id"))


class GridQuery(PageQuery):
    """Which tasks."""

    q: Text = Field("", max_length=200, description="words of the task's name")
    failed: bool = Field(False, description="only tasks that failed in one of the runs")


class GridRun(Fields):
    """One run, a column."""

    id: UUID
    status: Status
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class GridTask(Fields):
    """One task, a row."""

    id: str = Field(examples=["fetch"])
    name: str
    cells: list[str | None] = Field(
        description="what it did in each of `runs`: a status, `blocked`, `retrying`; null where it was not in the run",
        examples=[["completed", "failed", None]],
    )


class Grid(Fields):
    """The last runs of a tree, newest first, and what each task did in them. Seconds are of runs that have ended."""

    runs: list[GridRun]
    success_rate: float | None = Field(description="0 to 1, of the runs that have ended", examples=[0.9])
    median_seconds: float | None
    p95_seconds: float | None
    last_good: UUID | None = Field(description="the newest completed run, however long ago")
    last_failed: UUID | None
    tasks: list[GridTask]
    next: str | None = Field(description="the cursor of the tasks that follow; null on the last page")


@router.get("/trees/{uuid:id}/grid", response=Grid, summary="What each task did in the last runs")
def read_tree_grid(request: ApiRequest, id: UUID, query: Query[GridQuery]) -> dict[str, Any]:
    """Return the last 30 runs, newest first, and a page of the tree's present tasks with what each did in each run."""
    tree = visible_tree(request, id)
    history = tree_history(tree, rules.runs_of(request.auth).defer("parameters"))
    runs = [run.pk for run in history.runs]
    tasks = tasks_in(tree, runs, query.q, only_failed=query.failed).defer("inputs", "params", "schemas", "pinned")
    page = _IN_ORDER.page(tasks, query, lambda rows: _rows(runs, rows))
    return {**_summary(history), "tasks": page.items, "next": page.next}


def _summary(history: TreeHistory) -> dict[str, Any]:
    fields = tuple(GridRun.model_fields)
    return {
        "runs": [{name: getattr(run, name) for name in fields} for run in history.runs],
        "success_rate": history.success_rate,
        "median_seconds": history.median_seconds,
        "p95_seconds": history.p95_seconds,
        "last_good": _key(history.last_good),
        "last_failed": _key(history.last_failed),
    }


def _key(run: Run | None) -> UUID | None:
    return None if run is None else run.pk


def _rows(runs: Sequence[UUID], tasks: Sequence[Task]) -> list[dict[str, Any]]:
    cells = cells_of(runs, [task.uid for task in tasks])
    return [{"id": task.uid, "name": task.name, "cells": [cells[task.uid].get(run) for run in runs]} for task in tasks]
