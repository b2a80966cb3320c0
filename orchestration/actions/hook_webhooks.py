"""Hooks that are webhooks: what the engine wants to tell goes to the deliveries."""

from __future__ import annotations

from orchestration.engine.errors import OrchestrationError
from orchestration.engine.hook_plan import WebhookCall

from .deliveries import deliver_now, enqueue


class NotDeliveredError(OrchestrationError):
    """The webhook did not take what it was told."""


def tell_webhook(call: WebhookCall) -> None:
    """Queue a delivery, or deliver at once when the caller waits for it. Raises what says why that failed."""
    if not call.waits:
        enqueue(call.webhook, call.event, call.payload, call.key)
        return
    result = deliver_now(call.webhook, call.event, call.payload, call.key, call.timeout_seconds)
    if not result.ok:
        raise NotDeliveredError(result.error or "the webhook refused the delivery")
