"""Hooks: what is called when tasks and trees go by. For administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from django.db.models import QuerySet
from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions import audit
from orchestration.actions.hook_trial import try_hook
from orchestration.actions.hooks import (
    change_hook,
    create_hook,
    delete_hook,
    hooks_version,
    list_code_hooks,
    order_hooks,
    switch_hook,
)
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.hooks import HOOK_EVENTS
from orchestration.models import HookRegistration, OutgoingWebhook, Tree

from .door import ApiRequest
from .errors import forbidden, not_found
from .hook_rows import HookFields, HookOut, NewHook, OrderIn, OrderOut, TrialIn, TrialOut, hook_rows, trial_row
from .paging import Order, Page, PageQuery
from .schemas import ErrorAnswer, Fields, Flag

router = Router(tags=["hooks"])

_IN_ORDER: Final = Order(("event", "position", "id"))
HookId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class HookQuery(PageQuery):
    """What a list of hooks is narrowed by."""

    event: HookRegistration.Event | None = Field(None, description="an event")


class HookEnabledIn(Fields):
    """Switch a hook on or off."""

    enabled: Flag


@router.get("/hooks", response=Page[HookOut], summary="List hooks")
def list_hooks(request: ApiRequest, query: Query[HookQuery]) -> Page[Any]:
    """List hooks, those of the code too, event by event in the order in which they run."""
    _require_right(request)
    list_code_hooks()
    found = _hooks() if query.event is None else _hooks().filter(event=query.event)
    return _IN_ORDER.page(found, query, hook_rows)


@router.post("/hooks", response={201: HookOut}, summary="Make a hook")
def make_hook(request: ApiRequest, body: NewHook) -> Status[Any]:
    """Make a hook of a function or a webhook. The function's module is imported here, to see whether it is there."""
    _require_right(request)
    user, trees = request.auth.user, _trees(body)
    made = create_hook(_values(body), trees, user=user, enabled=body.enabled, every_tree=body.every_tree)
    return Status(201, _shown(made.pk))


@router.get("/hooks/order", response=OrderOut, summary="Read the order of hooks")
def read_hook_order(request: ApiRequest) -> dict[str, Any]:
    """Return the hooks of each event in the order in which they run, and the version of that."""
    _require_right(request)
    # The version first: an order that is newer than its version is refused later, and never the other way round.
    version = hooks_version()
    events: dict[str, list[int]] = {event: [] for event in HOOK_EVENTS}
    for pk, event in HookRegistration.objects.in_order().values_list("pk", "event"):
        events[event].append(pk)
    return {"version": version, "events": events}


@router.put("/hooks/order", response={200: OrderOut, 409: ErrorAnswer}, summary="Put hooks in order")
def set_hook_order(request: ApiRequest, body: OrderIn) -> dict[str, Any]:
    """Put the hooks of an event in an order. 409 when somebody has changed any hook since `version`."""
    _require_right(request)
    order_hooks(body.event, body.hooks, body.version, user=request.auth.user)
    return read_hook_order(request)


@router.get("/hooks/{int:id}", response=HookOut, summary="Read a hook")
def read_hook(request: ApiRequest, id: HookId) -> Any:
    """Return a hook."""
    return _shown(_found(request, id).pk)


@router.put("/hooks/{int:id}", response=HookOut, summary="Change a hook")
def update_hook(request: ApiRequest, id: HookId, body: HookFields) -> Any:
    """Change a hook as a whole. Running workers follow within two seconds."""
    hook = _found(request, id)
    change_hook(hook, _values(body), _trees(body), user=request.auth.user, every_tree=body.every_tree)
    return _shown(id)


@router.delete("/hooks/{int:id}", response={204: None}, summary="Delete a hook")
def remove_hook(request: ApiRequest, id: HookId) -> Status[None]:
    """Delete a hook. 409 for one that the code registers: it would be back at once; switch it off instead."""
    delete_hook(_found(request, id), user=request.auth.user)
    return Status(204, None)


@router.put("/hooks/{int:id}/enabled", response=HookOut, summary="Switch a hook on or off")
def set_hook_enabled(request: ApiRequest, id: HookId, body: HookEnabledIn) -> Any:
    """Switch a hook on or off."""
    switch_hook(_found(request, id), body.enabled, user=request.auth.user)
    return _shown(id)


@router.post("/hooks/{int:id}/test", response=TrialOut, summary="Try a hook out")
def try_hook_out(request: ApiRequest, id: HookId, body: TrialIn) -> dict[str, Any]:
    """Call a hook as if a task run of the past came by now. Nothing of the task is stored; a webhook is really told."""
    hook = _found(request, id)
    task_run = rules.find_task_run(request.auth, body.task_run)
    if task_run is None:
        raise InvalidDefinitionError([Problem("$.task_run", "there is no such task run")])
    trial = try_hook(hook, task_run)
    detail = {"task_run": task_run.pk, "run": str(task_run.run_id), "error": trial.error[:500]}
    audit.record("hook.test", hook, user=request.auth.user, detail=detail)
    return trial_row(trial)


def _hooks() -> QuerySet[HookRegistration]:
    return HookRegistration.objects.select_related("webhook").prefetch_related("trees")


def _shown(pk: int) -> Any:
    return hook_rows([_hooks().get(pk=pk)])[0]


def _found(request: ApiRequest, pk: int) -> HookRegistration:
    _require_right(request)
    hook = HookRegistration.objects.select_related("webhook").filter(pk=pk).first()
    if hook is None:
        raise not_found("hook")
    return hook


def _require_right(request: ApiRequest) -> None:
    if not rules.may_arrange_hooks(request.auth):
        raise forbidden("Only administrators look at hooks and arrange them.")


def _values(body: HookFields) -> dict[str, Any]:
    values = body.model_dump(exclude={"trees", "every_tree", "enabled", "webhook"})
    webhook = None
    if body.webhook is not None:
        webhook = OutgoingWebhook.objects.filter(pk=body.webhook).first()
        if webhook is None:
            raise InvalidDefinitionError([Problem("$.webhook", "there is no such webhook")])
    return {**values, "webhook": webhook}


def _trees(body: HookFields) -> list[Tree]:
    found: dict[UUID, Tree] = Tree.objects.in_bulk(body.trees)
    missing = [index for index, pk in enumerate(body.trees) if pk not in found]
    if missing:
        raise InvalidDefinitionError([Problem(f"$.trees[{index}]", "there is no such tree") for index in missing])
    return list(found.values())
