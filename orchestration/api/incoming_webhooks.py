"""Incoming webhooks and what they received, for administrators."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.urls import reverse
from ninja import Query, Router, Status

from orchestration.actions.incoming_webhooks import (
    NewIncoming,
    change_incoming,
    create_incoming,
    delete_incoming,
    replace_address,
    replace_secret,
)
from orchestration.engine.errors import Problem
from orchestration.models import IncomingWebhook

from .door import ApiRequest
from .errors import invalid, not_found
from .found import visible_tree
from .outgoing_webhooks import require_administrator
from .paging import Order, Page, PageQuery
from .schemas import ErrorAnswer
from .webhook_rows import IncomingFields, IncomingOut, NewIncomingOut, ReceiptOut, incoming_row, receipt_rows

router = Router(tags=["webhooks"])

_BY_NAME: Final = Order(("name", "id"))
_NEWEST: Final = Order(("-id",))


@router.get("/webhooks/incoming", response=Page[IncomingOut], summary="List incoming webhooks")
def list_incoming_webhooks(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List the webhooks that start runs, by name."""
    require_administrator(request)
    found = IncomingWebhook.objects.select_related("tree", "responsible")
    return _BY_NAME.page(found, query, lambda rows: [incoming_row(row) for row in rows])


@router.post("/webhooks/incoming", response={201: NewIncomingOut, 404: ErrorAnswer}, summary="Make an incoming webhook")
def make_incoming_webhook(request: ApiRequest, body: IncomingFields) -> Status[Any]:
    """Make a webhook. Its `path`, and the `secret` that was made for it, are shown this once."""
    require_administrator(request)
    made = create_incoming(_values(request, body), user=request.auth.user, secret=body.secret)
    return Status(201, _new(made))


@router.get("/webhooks/incoming/{uuid:id}", response=IncomingOut, summary="Read an incoming webhook")
def read_incoming_webhook(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return a webhook."""
    return incoming_row(_found(request, id))


@router.put("/webhooks/incoming/{uuid:id}", response=NewIncomingOut, summary="Change an incoming webhook")
def update_incoming_webhook(request: ApiRequest, id: UUID, body: IncomingFields) -> dict[str, Any]:
    """Change a webhook as a whole. Without a new `secret` it stays, unless the scheme changes: then one is made."""
    webhook = _found(request, id)
    return _new(change_incoming(webhook, _values(request, body), user=request.auth.user, secret=body.secret))


@router.delete("/webhooks/incoming/{uuid:id}", response={204: None}, summary="Delete an incoming webhook")
def remove_incoming_webhook(request: ApiRequest, id: UUID) -> Status[None]:
    """Delete a webhook with its receipts. Its runs stay."""
    delete_incoming(_found(request, id), user=request.auth.user)
    return Status(204, None)


@router.post("/webhooks/incoming/{uuid:id}/address", response=NewIncomingOut, summary="Replace the address")
def replace_incoming_address(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Give a webhook a new `path`, which is shown this once. The old one is refused at once."""
    return _new(replace_address(_found(request, id), user=request.auth.user))


@router.post("/webhooks/incoming/{uuid:id}/secret", response=NewIncomingOut, summary="Replace the secret")
def replace_incoming_secret(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Make a new `secret`, which is shown this once. What the old one signs is refused at once."""
    return _new(replace_secret(_found(request, id), user=request.auth.user))


@router.get("/webhooks/incoming/{uuid:id}/receipts", response=Page[ReceiptOut], summary="What a webhook received")
def list_receipts(request: ApiRequest, id: UUID, query: Query[PageQuery]) -> Page[Any]:
    """List what became of requests, newest first, each with its reason."""
    return _NEWEST.page(_found(request, id).receipts.all(), query, receipt_rows)


def _values(request: ApiRequest, body: IncomingFields) -> dict[str, Any]:
    """Return the fields of a webhook, with a tree that the caller sees and a person who exists."""
    values = body.model_dump(exclude={"tree", "responsible", "secret"})
    who = request.auth.user if body.responsible is None else User.objects.filter(username=body.responsible).first()
    if who is None:
        raise invalid([Problem("$.responsible", "there is nobody of this name")])
    return values | {"tree": visible_tree(request, body.tree), "responsible": who}


def _found(request: ApiRequest, pk: UUID) -> IncomingWebhook:
    require_administrator(request)
    webhook = IncomingWebhook.objects.select_related("tree", "responsible").filter(pk=pk).first()
    if webhook is None:
        raise not_found("webhook")
    return webhook


def _new(made: NewIncoming) -> dict[str, Any]:
    path = None if made.token is None else reverse("hook-in", args=[made.token])
    return incoming_row(made.webhook) | {"path": path, "secret": made.secret}
