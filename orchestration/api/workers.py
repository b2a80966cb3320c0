"""The processes that run tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from ninja import Query, Router
from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.actions.worker_states import judged
from orchestration.actions.workers import MAX_REASON_CHARS, drain_worker, resume_worker
from orchestration.models import Worker

from .door import ApiRequest
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Fields

router = Router(tags=["workers"])
_NEWEST_FIRST: Final = Order(("-started_at", "-id"))
#: Runs that are listed of all workers of a page together.
_LISTED_RUNS: Final = 1_000
_SAME: Final = (
    *("id", "name", "host", "pid", "version", "slots", "running", "executors", "state", "live", "draining"),
    *("drained_at", "drain_reason", "heartbeat_at", "started_at", "stopped_at"),
)


class RunOfWorker(Fields):
    """A run that the worker has."""

    id: UUID
    tree_name: str
    status: str


class WorkerOut(Fields):
    """One worker; `runs` are those of its runs that the caller sees.

    `state` is live, draining (something still runs there), drained (idle until it is resumed), stopped, or lost.
    """

    id: UUID
    name: str
    host: str
    pid: int
    version: str
    slots: int
    running: int
    executors: list[str]
    state: str = Field(examples=Worker.State.values)
    live: bool
    draining: bool
    drained_at: datetime | None
    drain_reason: str
    heartbeat_at: datetime
    started_at: datetime
    stopped_at: datetime | None
    runs: list[RunOfWorker]


class DrainIn(Fields):
    """Whether the worker is to take no runs until it is resumed, and why."""

    model_config = ConfigDict(json_schema_extra={"example": {"draining": True, "reason": "A new kernel"}})

    draining: bool
    reason: str = Field("", max_length=MAX_REASON_CHARS)


@router.get("/workers", response=Page[WorkerOut], summary="List the workers")
def list_workers(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List live workers and those that were, the newest first, with what runs there."""
    return _NEWEST_FIRST.page(judged(), query, partial(_rows, request.auth))


@router.patch("/workers/{uuid:id}", response=WorkerOut, summary="Drain or resume a worker")
def change_worker(request: ApiRequest, id: UUID, body: DrainIn) -> dict[str, Any]:
    """Let it take no more runs and stay alive, idle, when its tasks have ended; or take runs again. For administrators.

    One that is so already stays as it is.
    """
    worker = Worker.objects.filter(pk=id).first()
    if worker is None:
        raise not_found("worker")
    if not rules.may_steer_workers(request.auth):
        raise forbidden("Only administrators decide about workers.")
    ask = drain_worker if body.draining else resume_worker
    ask(worker, request.auth.user, body.reason)
    return _rows(request.auth, list(judged().filter(pk=id)))[0]


def _rows(actor: Actor, workers: Sequence[Worker]) -> list[dict[str, Any]]:
    runs: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    owned = rules.runs_of(actor).active().filter(owner__in=[worker.pk for worker in workers]).newest_first()
    for owner, *row in owned.values_list("owner_id", "id", "tree_name", "status")[:_LISTED_RUNS]:
        runs[owner].append(dict(zip(RunOfWorker.model_fields, row, strict=True)))
    return [{name: getattr(worker, name) for name in _SAME} | {"runs": runs[worker.pk]} for worker in workers]
