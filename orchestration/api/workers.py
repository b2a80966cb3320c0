"""The processes that run tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from ninja import Query, Router
from pydantic import ConfigDict

from orchestration.access import Actor, rules
from orchestration.actions.workers import drain_worker
from orchestration.models import Worker
from orchestration.models.operation import WorkerQuerySet

from .door import ApiRequest
from .errors import ApiError, forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Fields

router = Router(tags=["workers"])
_NEWEST_FIRST: Final = Order(("-started_at", "-id"))
#: Runs that are listed of all workers of a page together.
_LISTED_RUNS: Final = 1_000
_IS_LIVE: Final = Q(stopped_at__isnull=True, lease_expires_at__gt=Now())
_SAME: Final = (
    *("id", "name", "host", "version", "slots", "running", "executors", "draining", "heartbeat_at"),
    *("started_at", "stopped_at"),
)


class RunOfWorker(Fields):
    """A run that the worker has."""

    id: UUID
    tree_name: str
    status: str


class WorkerOut(Fields):
    """One worker. `runs` are those of its runs that the caller sees."""

    id: UUID
    name: str
    host: str
    version: str
    slots: int
    running: int
    executors: list[str]
    draining: bool
    live: bool
    heartbeat_at: datetime
    started_at: datetime
    stopped_at: datetime | None
    runs: list[RunOfWorker]


class DrainIn(Fields):
    """Whether the worker is to take no more runs. There is no way back: a worker that drains ends."""

    model_config = ConfigDict(json_schema_extra={"example": {"draining": True}})

    draining: Literal[True]


@router.get("/workers", response=Page[WorkerOut], summary="List the workers")
def list_workers(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List live workers and those that were, the newest first, with what runs there."""
    return _NEWEST_FIRST.page(_judged(), query, partial(_rows, request.auth))


@router.patch("/workers/{uuid:id}", response=WorkerOut, summary="Drain a worker")
def change_worker(request: ApiRequest, id: UUID, body: DrainIn) -> dict[str, Any]:
    """Let it take no more runs, and end when its tasks have ended. For administrators."""
    worker = Worker.objects.filter(pk=id).first()
    if worker is None:
        raise not_found("worker")
    if not rules.may_administer(request.auth):
        raise forbidden("Only administrators decide about workers.")
    if not drain_worker(worker, request.auth.user):
        raise ApiError(409, "not_possible", "The worker has stopped.")
    return _rows(request.auth, list(_judged().filter(pk=id)))[0]


def _judged() -> WorkerQuerySet:
    """Workers, each with the database's word on whether it is alive."""
    return Worker.objects.defer("metrics").annotate(live=_IS_LIVE)


def _rows(actor: Actor, workers: Sequence[Worker]) -> list[dict[str, Any]]:
    runs: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    owned = rules.runs_of(actor).active().filter(owner__in=[worker.pk for worker in workers]).newest_first()
    for owner, *row in owned.values_list("owner_id", "id", "tree_name", "status")[:_LISTED_RUNS]:
        runs[owner].append(dict(zip(RunOfWorker.model_fields, row, strict=True)))
    return [
        {name: getattr(worker, name) for name in _SAME} | {"live": vars(worker)["live"], "runs": runs[worker.pk]}
        for worker in workers
    ]
