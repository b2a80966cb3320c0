"""Runs: start, list, look at, delete."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from ninja import Query, Router
from ninja import Status as Answer

from orchestration.access import rules
from orchestration.access.shown import shown_value
from orchestration.actions.deletions import delete_runs
from orchestration.actions.reruns import run_spec
from orchestration.actions.run_orders import NEWEST_FIRST, RunOrder
from orchestration.models import Run

from .door import ApiRequest
from .errors import forbidden
from .found import visible_tree
from .paging import Page, run_page
from .run_filters import RunQuery
from .run_lookups import refuse_active, visible_run
from .run_rows import RunDetails, RunOut, listed, run_details, run_rows
from .run_starts import DefinitionIn, IdempotencyKey, StartIn, earlier_start, start_stored, start_unstored

router = Router(tags=["runs"])
_STARTED: Final = {201: RunDetails, 200: RunDetails}


@router.post("/trees/{uuid:id}/runs", response=_STARTED, summary="Start a run of a tree, or of a part of it")
def start_run(
    request: ApiRequest, id: UUID, body: StartIn | None = None, idempotency_key: IdempotencyKey = None
) -> Answer[dict[str, Any]]:
    """Start the tree as it is now. With an Idempotency-Key that was used before, the answer is 200 and that run."""
    actor = request.auth
    tree = visible_tree(request, id)
    if not rules.may_start(actor):
        raise forbidden("You may not start runs.")
    before = earlier_start(actor, idempotency_key)
    run, is_new = (before, False) if before else start_stored(actor, tree, body or StartIn(), idempotency_key)
    return _started(request, run, is_new)


@router.post("/runs", response=_STARTED, summary="Start a run of a definition that is not stored")
def start_definition(
    request: ApiRequest, body: DefinitionIn, idempotency_key: IdempotencyKey = None
) -> Answer[dict[str, Any]]:
    """Run a definition once, for those who may make trees. The run keeps it; no tree is stored."""
    actor = request.auth
    if not rules.may_start_unstored(actor):
        raise forbidden("You may not run definitions of your own: that takes the right to make trees.")
    before = earlier_start(actor, idempotency_key)
    run, is_new = (before, False) if before else start_unstored(actor, body, idempotency_key)
    return _started(request, run, is_new)


def _started(request: ApiRequest, run: Run, is_new: bool) -> Answer[dict[str, Any]]:
    return Answer(201 if is_new else 200, run_details(request.auth, run))


@router.get("/runs", response=Page[RunOut], summary="List runs")
def list_runs(request: ApiRequest, query: Query[RunQuery]) -> Page[Any]:
    """List the runs of trees that the caller sees, and those that they started; the newest first, or as `sort` says."""
    found = listed(query.search(request.auth).narrow(rules.runs_of(request.auth)))
    return run_page(found, RunOrder.read(query.sort) or NEWEST_FIRST, query, partial(run_rows, request.auth))


@router.get("/runs/{uuid:id}", response=RunDetails, summary="Look at a run")
def read_run(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return one run, the runs that were started after it, what it failed of, and what the caller may do with it."""
    return run_details(request.auth, visible_run(request, id))


@router.delete("/runs/{uuid:id}", response={204: None}, summary="Delete a run that has ended")
def delete_run(request: ApiRequest, id: UUID) -> Answer[None]:
    """Delete a run with its tasks, logs and events. One that has not ended is refused (409)."""
    run = visible_run(request, id)
    if not rules.may_delete_run(request.auth, run):
        raise forbidden("A run is deleted by editors who own its tree or started it, and by administrators.")
    refuse_active(run)
    delete_runs(Run.objects.filter(pk=run.pk), request.auth.user)
    return Answer(204, None)


@router.get("/runs/{uuid:id}/definition", response=dict[str, Any], summary="The definition that a run has")
def read_run_definition(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return the portable document of what this run runs: later changes of its tree are not in it."""
    run = visible_run(request, id)
    return shown_value(request.auth, run_spec(run).as_json(), run.parameters)
