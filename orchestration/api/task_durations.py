"""How long the tasks of a tree usually take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ninja import Router
from pydantic import Field

from orchestration.store.task_durations import read_task_durations

from .door import ApiRequest
from .found import visible_tree
from .paging import Page
from .schemas import Fields

router = Router(tags=["trees"])


class TaskDurationOut(Fields):
    """How long one task took in past runs; of several attempts in a run, the last one counts."""

    task: str = Field(description="its id in the tree")
    runs: int = Field(description="completed runs in which it ran and completed")
    median_ms: float
    p95_ms: float = Field(description="95 of 100 were not slower")


@router.get("/trees/{uuid:id}/task-durations", response=Page[TaskDurationOut], summary="How long tasks usually take")
def list_task_durations(request: ApiRequest, id: UUID) -> Page[Any]:
    """Return every task that completed in the last 30 completed runs, whoever started them."""
    tree = visible_tree(request, id)
    return Page(items=[asdict(duration) for duration in read_task_durations(str(tree.pk))])
