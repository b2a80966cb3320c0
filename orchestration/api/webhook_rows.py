"""Webhooks, deliveries and receipts as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from orchestration.engine.masking import redact
from orchestration.models import IncomingWebhook, OutgoingWebhook, WebhookAttempt, WebhookDelivery, WebhookReceipt
from orchestration.models.webhooks import (
    MAX_ATTEMPTS,
    MAX_BACKOFF_SECONDS,
    MAX_BODY_BYTES,
    MAX_RATE,
    MAX_RATE_SECONDS,
    MAX_TIMEOUT_SECONDS,
    MAX_TOLERANCE_SECONDS,
)

from .schemas import Fields, Flag, Json, Moment, Name, Priority, Text, Username

_Whole = Field(strict=True)
#: Written out, not taken from the models: the schema names an enumeration by its class, and others are named the same.
DeliveryStatus = Literal["pending", "delivered", "failed"]
_Scheme = Literal["standard", "github", "token", "none"]
_Outcome = Literal["started", "left_out", "refused", "limited"]


class OutgoingFields(Fields):
    """Everything that people decide about an outgoing webhook. What is absent has its default."""

    name: Name = Field(examples=["CRM"])
    url: Text = Field(min_length=1, max_length=2_000, examples=["https://crm.example.org/hooks/apflow"])
    description: Text = ""
    enabled: Flag = True
    headers: dict[str, Json] = Field(
        default={}, description="texts, which may hold {{ secrets.NAME }}", examples=[{"X-Team": "data"}]
    )
    timeout_seconds: Annotated[int, _Whole, Field(ge=1, le=MAX_TIMEOUT_SECONDS)] = 10
    max_attempts: Annotated[int, _Whole, Field(ge=1, le=MAX_ATTEMPTS)] = 8
    backoff_base_seconds: Annotated[int, _Whole, Field(ge=1, le=MAX_BACKOFF_SECONDS)] = Field(
        5, description="the first wait; each further one is twice as long"
    )
    backoff_cap_seconds: Annotated[int, _Whole, Field(ge=1, le=MAX_BACKOFF_SECONDS)] = Field(
        3_600, description="no wait is longer"
    )


class OutgoingOut(OutgoingFields):
    """An outgoing webhook; its signing secret is shown by nothing."""

    id: UUID
    secret_set_at: Moment
    old_secret_until: Moment | None = Field(description="until then the secret before the last one signs too")
    created_at: Moment
    updated_at: Moment


class NewOutgoingOut(OutgoingOut):
    """An outgoing webhook with a new signing secret, which nobody can read again."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class DeliveryResultOut(Fields):
    """What became of a test."""

    ok: bool
    status_code: int | None
    error: str
    duration_ms: int
    delivery_id: UUID


class DeliveryOut(Fields):
    """One event for one webhook."""

    id: UUID = Field(description="sent along as webhook-id, the same at each attempt")
    webhook_id: UUID
    webhook: str = Field(examples=["CRM"])
    event: str = Field(examples=["run.completed"])
    key: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Moment | None
    created_at: Moment
    ended_at: Moment | None


class DeliveryAttemptOut(Fields):
    """One try to deliver; `duration_ms` is null while it goes on, and when its sender was lost. Secrets are masked."""

    number: int
    at: Moment
    duration_ms: int | None
    status_code: int | None
    error: str
    request_headers: dict[str, Json]
    answer_headers: dict[str, Json]
    answer_body: str = Field(description="its first 16 kB")


class DeliveryDetails(DeliveryOut):
    """A delivery with what it says and all its attempts."""

    payload: dict[str, Json]
    log: list[DeliveryAttemptOut]


class IncomingFields(Fields):
    """Everything that people decide about an incoming webhook. What is absent has its default."""

    name: Name = Field(examples=["Orders"])
    tree: UUID
    responsible: Username | None = Field(None, description="whose runs they are; null: yours", examples=["ada"])
    description: Text = ""
    enabled: Flag = True
    scheme: _Scheme = "standard"
    secret: Text = Field("", max_length=4_096, description="a secret of your choice; empty: keep it, or make one")
    header_name: Text = Field("X-Webhook-Token", max_length=100, description="with token: the header that holds it")
    tolerance_seconds: Annotated[int, _Whole, Field(ge=10, le=MAX_TOLERANCE_SECONDS)] = Field(
        300, description="with standard: how late or early a request may be"
    )
    parameters: dict[str, Json] = Field(
        default={},
        description="for each parameter a value, or an expression over body, headers and query",
        examples=[{"day": "{{ body.day }}"}],
    )
    only_when: Text = Field("", max_length=2_000, examples=["body.action == 'opened'"])
    priority: Priority = 2
    rate_count: Annotated[int, _Whole, Field(ge=1, le=MAX_RATE)] = Field(60, description="requests …")
    rate_seconds: Annotated[int, _Whole, Field(ge=1, le=MAX_RATE_SECONDS)] = Field(
        60, description="… in so many seconds"
    )
    max_body_bytes: Annotated[int, _Whole, Field(ge=1, le=MAX_BODY_BYTES)] = 1024**2


class IncomingOut(Fields):
    """An incoming webhook; of its address only the beginning is known, of its secret nothing."""

    id: UUID
    name: str
    tree_id: UUID
    tree_name: str
    responsible: str | None
    description: str
    enabled: bool
    scheme: _Scheme
    header_name: str
    tolerance_seconds: int
    parameters: dict[str, Json]
    only_when: str
    priority: int
    rate_count: int
    rate_seconds: int
    max_body_bytes: int
    hint: str = Field(description="how the token in its address begins", examples=["Zm9vYm"])
    created_at: Moment
    updated_at: Moment


class NewIncomingOut(IncomingOut):
    """An incoming webhook with what of it is new, which nobody can read again."""

    path: str | None = Field(description="its address on this site", examples=["/hooks/in/Zm9vYmFy…"])
    secret: str | None


class ReceiptOut(Fields):
    """What became of a request; `count` of them, when they were repeated or refused for one reason."""

    id: int
    at: Moment
    last_at: Moment
    count: int
    outcome: _Outcome
    reason: str
    body_bytes: int
    body_digest: str = Field(description="SHA-256 of the body, in hex")
    address: str | None
    run_id: UUID | None


def outgoing_row(webhook: OutgoingWebhook) -> dict[str, Any]:
    """Return a webhook as OutgoingOut."""
    return {name: getattr(webhook, name) for name in OutgoingOut.model_fields}


def delivery_rows(deliveries: Sequence[WebhookDelivery]) -> list[Any]:
    """Return deliveries as DeliveryOut; their webhooks are loaded."""
    return [_delivery(delivery) for delivery in deliveries]


def delivery_details(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return a delivery as DeliveryDetails."""
    log = [_attempt(attempt) for attempt in delivery.log.order_by("number")]
    return _delivery(delivery) | {"payload": redact(delivery.payload), "log": log}


def _delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    taken = set(DeliveryOut.model_fields) - {"webhook"}
    return {name: getattr(delivery, name) for name in taken} | {"webhook": delivery.webhook.name}


def _attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in DeliveryAttemptOut.model_fields}


def incoming_row(webhook: IncomingWebhook) -> dict[str, Any]:
    """Return a webhook as IncomingOut; its tree and who is responsible are loaded."""
    taken = set(IncomingOut.model_fields) - {"tree_name", "responsible"}
    who = webhook.responsible
    return {name: getattr(webhook, name) for name in taken} | {
        "tree_name": webhook.tree.name,
        "responsible": who.get_username() if who else None,
    }


def receipt_rows(receipts: Sequence[WebhookReceipt]) -> list[Any]:
    """Return receipts as ReceiptOut."""
    return [{name: getattr(receipt, name) for name in ReceiptOut.model_fields} for receipt in receipts]
