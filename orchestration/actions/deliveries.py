"""Telling a webhook of an event: later, by a worker's sender, or now, while the caller waits.

Both are called in threads, never in an event loop: they use Django's connection of their thread, and block. Neither
sends one event twice: `key` names it, once for each webhook. Payloads are facts about runs and tasks; what of them
sounds secret by its key is left out all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError, OrchestrationError, Problem
from orchestration.engine.json_values import JSONValue, encode
from orchestration.engine.masking import redact
from orchestration.models import OutgoingWebhook, WebhookDelivery
from orchestration.store.clock import database_now

from . import audit
from .delivery_attempts import DeliveryResult, begin_attempt, make_attempt
from .locking import locked

MAX_PAYLOAD_BYTES: Final = 256 * 1024
_EVENT_CHARS: Final = 100
_KEY_CHARS: Final = 255
# Whoever deletes it waits, as for the reference at the end of the transaction, and nobody else does.
_KEEP: Final = "SELECT * FROM orchestration_outgoingwebhook WHERE id = %s AND enabled FOR KEY SHARE"


class WebhookOffError(OrchestrationError):
    """The webhook is switched off or deleted."""


def enqueue(webhook_id: UUID | str, event: str, payload: Mapping[str, JSONValue], key: str) -> UUID:
    """Leave an event for the senders of the workers, and return its delivery's id; a key is one delivery.

    It is part of the caller's transaction, if there is one. Raises WebhookOffError, InvalidDefinitionError (the event,
    the key, the payload) and NotStorableError (a payload that is no JSON, or over MAX_PAYLOAD_BYTES).
    """
    with transaction.atomic():
        delivery, _ = _deliver_once(webhook_id, event, payload, key, tries=None)
    return delivery.pk


def deliver_now(
    webhook_id: UUID | str, event: str, payload: Mapping[str, JSONValue], key: str, timeout_seconds: float
) -> DeliveryResult:
    """Send an event once and wait for the answer, `timeout_seconds` at most; what fails is not tried again by itself.

    A key that was delivered before is not sent again. Never raises for what a receiver does: see the result's `ok` and
    `error`. Raises what `enqueue` raises.
    """
    with transaction.atomic():
        delivery, _ = _deliver_once(webhook_id, event, payload, key, tries=0)
        delivery = locked(WebhookDelivery.objects.select_related("webhook"), delivery.pk)
        now = database_now()
        if delivery.status == WebhookDelivery.Status.DELIVERED:
            return _earlier(delivery)
        if delivery.claimed_until is not None and delivery.claimed_until > now:
            return DeliveryResult(False, None, "The same event is being sent already", 0, str(delivery.pk))
        _reopen(delivery, tries=1)
        begin_attempt(delivery, now)
    return make_attempt(delivery, min(timeout_seconds, delivery.webhook.timeout_seconds))


def resend(delivery: WebhookDelivery, *, user: AbstractBaseUser) -> None:
    """Let a delivery be sent again by a worker, under its id and with all its tries. What is pending is sent at once.

    Raises NotPossibleError while it is being sent: that attempt's end would decide about the new ones too.
    """
    with transaction.atomic():
        row = locked(WebhookDelivery.objects.select_related("webhook"), delivery.pk)
        if row.claimed_until is not None and row.claimed_until > database_now():
            raise NotPossibleError("It is being sent at this moment: wait for how that ends, then send it again")
        _reopen(row, tries=row.webhook.max_attempts)
        audit.record("webhook.resend", row.webhook, user=user, detail={"delivery": str(row.pk), "event": row.event})


def _deliver_once(
    webhook_id: UUID | str, event: str, payload: Mapping[str, JSONValue], key: str, *, tries: int | None
) -> tuple[WebhookDelivery, bool]:
    webhook = next(iter(OutgoingWebhook.objects.raw(_KEEP, [webhook_id])), None)
    if webhook is None:
        raise WebhookOffError(f"The webhook {webhook_id} is switched off or deleted; nothing was sent to it")
    problems = _problems(event, key)
    if problems:
        raise InvalidDefinitionError(problems)
    facts = dict(payload)
    encode(facts, "the payload", MAX_PAYLOAD_BYTES)
    now = database_now()
    return WebhookDelivery.objects.get_or_create(
        webhook=webhook,
        key=key,
        defaults={
            "event": event,
            "payload": redact(facts),
            "tries_left": webhook.max_attempts if tries is None else tries,
            "next_attempt_at": now,
        },
    )


def _problems(event: str, key: str) -> list[Problem]:
    problems = []
    if not 0 < len(event) <= _EVENT_CHARS or not (event.isascii() and event.isprintable()):
        problems.append(Problem("$.event", f"must have 1 to {_EVENT_CHARS} printable ASCII characters"))
    if not 0 < len(key) <= _KEY_CHARS:
        problems.append(Problem("$.key", f"must have 1 to {_KEY_CHARS} characters"))
    return problems


def _reopen(delivery: WebhookDelivery, *, tries: int) -> None:
    delivery.status, delivery.ended_at = WebhookDelivery.Status.PENDING, None
    delivery.tries_left, delivery.next_attempt_at = tries, database_now()
    delivery.save(update_fields=["status", "ended_at", "tries_left", "next_attempt_at"])


def _earlier(delivery: WebhookDelivery) -> DeliveryResult:
    last = delivery.log.filter(number=delivery.attempts).first()
    status_code, duration = (last.status_code, last.duration_ms) if last is not None else (None, None)
    return DeliveryResult(True, status_code, "", duration or 0, str(delivery.pk))
