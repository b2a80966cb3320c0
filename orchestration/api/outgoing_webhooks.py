"""Outgoing webhooks and their deliveries, for administrators."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from ninja import Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.deliveries import WebhookOffError, resend
from orchestration.actions.outgoing_webhooks import (
    NewSecret,
    change_outgoing,
    create_outgoing,
    delete_outgoing,
    replace_signing_secret,
    send_test,
)
from orchestration.models import OutgoingWebhook, WebhookDelivery

from .door import ApiRequest
from .errors import ApiError, forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Text
from .webhook_rows import (
    DeliveryDetails,
    DeliveryOut,
    DeliveryResultOut,
    DeliveryStatus,
    NewOutgoingOut,
    OutgoingFields,
    OutgoingOut,
    delivery_details,
    delivery_rows,
    outgoing_row,
)

router = Router(tags=["webhooks"])

_BY_NAME: Final = Order(("name", "id"))
_NEWEST: Final = Order(("-created_at", "-id"))


class DeliveryQuery(PageQuery):
    """What a list of deliveries is narrowed by."""

    webhook: UUID | None = Field(None, description="a webhook's id")
    status: DeliveryStatus | None = None
    event: Text | None = Field(None, max_length=100)


def require_administrator(request: ApiRequest) -> None:
    """Raise ApiError 403 for who may not manage webhooks."""
    if not rules.may_manage_webhooks(request.auth):
        raise forbidden("Webhooks are for administrators.")


@router.get("/webhooks/outgoing", response=Page[OutgoingOut], summary="List outgoing webhooks")
def list_outgoing_webhooks(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List the webhooks that events can be sent to, by name."""
    require_administrator(request)
    return _BY_NAME.page(OutgoingWebhook.objects.all(), query, lambda rows: [outgoing_row(row) for row in rows])


@router.post("/webhooks/outgoing", response={201: NewOutgoingOut}, summary="Make an outgoing webhook")
def make_outgoing_webhook(request: ApiRequest, body: OutgoingFields) -> Status[Any]:
    """Make a webhook. Its signing `secret` is shown this once."""
    require_administrator(request)
    return Status(201, _with_secret(create_outgoing(body.model_dump(), user=request.auth.user)))


@router.get("/webhooks/outgoing/{uuid:id}", response=OutgoingOut, summary="Read an outgoing webhook")
def read_outgoing_webhook(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return a webhook."""
    return outgoing_row(_found(request, id))


@router.put("/webhooks/outgoing/{uuid:id}", response=OutgoingOut, summary="Change an outgoing webhook")
def update_outgoing_webhook(request: ApiRequest, id: UUID, body: OutgoingFields) -> dict[str, Any]:
    """Change a webhook as a whole. What waits is sent as it is from now on."""
    return outgoing_row(change_outgoing(_found(request, id), body.model_dump(), user=request.auth.user))


@router.delete("/webhooks/outgoing/{uuid:id}", response={204: None}, summary="Delete an outgoing webhook")
def remove_outgoing_webhook(request: ApiRequest, id: UUID) -> Status[None]:
    """Delete a webhook with its deliveries; those that wait are not sent. 409 while hooks use it, naming them."""
    delete_outgoing(_found(request, id), user=request.auth.user)
    return Status(204, None)


@router.post("/webhooks/outgoing/{uuid:id}/secret", response=NewOutgoingOut, summary="Replace the signing secret")
def replace_outgoing_secret(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Make a new signing `secret`, which is shown this once. The present one signs beside it for a day."""
    return _with_secret(replace_signing_secret(_found(request, id), user=request.auth.user))


@router.post("/webhooks/outgoing/{uuid:id}/test", response=DeliveryResultOut, summary="Send a test")
def try_outgoing_webhook(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Send the event `webhook.test` now, and wait for the answer for ten seconds at most."""
    webhook = _found(request, id)
    try:
        result = send_test(webhook, user=request.auth.user)
    except WebhookOffError as error:
        raise ApiError(409, "webhook_off", "The webhook is switched off.", hint="Switch it on first.") from error
    return {name: getattr(result, name) for name in DeliveryResultOut.model_fields}


@router.get("/webhooks/deliveries", response=Page[DeliveryOut], summary="List deliveries")
def list_deliveries(request: ApiRequest, query: Query[DeliveryQuery]) -> Page[Any]:
    """List what was sent, or waits to be, newest first."""
    require_administrator(request)
    wanted = {"webhook": query.webhook, "status": query.status, "event": query.event}
    found = WebhookDelivery.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    return _NEWEST.page(found.select_related("webhook"), query, delivery_rows)


@router.get("/webhooks/deliveries/{uuid:id}", response=DeliveryDetails, summary="Read a delivery")
def read_delivery(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return a delivery with all its attempts and what was answered."""
    return delivery_details(_delivery(request, id))


@router.post("/webhooks/deliveries/{uuid:id}/resend", response={202: DeliveryDetails}, summary="Send again")
def resend_delivery(request: ApiRequest, id: UUID) -> Status[Any]:
    """Let a worker send a delivery again, under the same id, all its tries anew; it waits while its webhook is off."""
    resend(_delivery(request, id), user=request.auth.user)
    return Status(202, delivery_details(_delivery(request, id)))


def _found(request: ApiRequest, pk: UUID) -> OutgoingWebhook:
    require_administrator(request)
    webhook = OutgoingWebhook.objects.filter(pk=pk).first()
    if webhook is None:
        raise not_found("webhook")
    return webhook


def _delivery(request: ApiRequest, pk: UUID) -> WebhookDelivery:
    require_administrator(request)
    delivery = WebhookDelivery.objects.select_related("webhook").filter(pk=pk).first()
    if delivery is None:
        raise not_found("delivery")
    return delivery


def _with_secret(made: NewSecret) -> dict[str, Any]:
    return outgoing_row(made.webhook) | {"secret": made.secret}
