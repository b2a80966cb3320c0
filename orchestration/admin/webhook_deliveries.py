"""Deliveries to webhooks in the admin: to look at, and to send again."""

from __future__ import annotations

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.actions.deliveries import resend
from orchestration.actions.delivery_request import delivery_body
from orchestration.engine.errors import NotPossibleError
from orchestration.engine.masking import redact
from orchestration.models import WebhookDelivery

from .read_only import ReadOnlyAdmin
from .visible import actor_of
from .webhook_pages import Act, WebhookPages, status_badge

_SENT_AGAIN = "A worker sends it again."
_WAITS = "It waits: a worker sends it again when its webhook is switched on."
_BADGES = {"pending": "pending", "delivered": "completed", "failed": "failed"}


def _resend(self: WebhookDeliveryAdmin, request: HttpRequest, delivery: WebhookDelivery) -> HttpResponse:
    is_on = delivery.webhook.enabled
    try:
        resend(delivery, user=actor_of(request).user)
    except NotPossibleError as error:
        self.message_user(request, str(error), messages.ERROR)
    else:
        level, said = (messages.SUCCESS, _SENT_AGAIN) if is_on else (messages.WARNING, _WAITS)
        self.message_user(request, said, level)
    return HttpResponseRedirect(reverse("admin:orchestration_webhookdelivery_change", args=[delivery.pk]))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(WebhookPages, ReadOnlyAdmin[WebhookDelivery]):
    """Each event for each webhook, with all attempts. Secrets are masked in all of it."""

    empty_words = (
        "Nothing was sent yet: deliveries come from hooks that tell a webhook, and from Send a test on its page."
    )
    list_display = ("created_at", "event", "webhook", "state", "attempts", "next_attempt_at", "key")
    list_filter = ("status", "webhook", "created_at")
    list_select_related = ("webhook",)
    search_fields = ("=event", "=key", "=id")
    actions = ("resend_selected",)
    fieldsets = (
        (None, {"fields": ("event", "webhook_link", "state", "id", "key", "attempts", "next_attempt_at")}),
        ("Times", {"fields": ("created_at", "ended_at")}),
        ("What is sent", {"fields": ("body",)}),
        ("Attempts", {"fields": ("attempt_log",), "classes": ("webhook-log",)}),
    )
    readonly_fields = ("body", "attempt_log", "webhook_link", "state")
    acts = (
        Act(
            "resend",
            "Send again",
            "A worker sends this delivery again, under the same id and with the same body, with all its tries anew. "
            "A receiver that knows the id may take it for one that it has had. While its webhook is off, it waits.",
            _resend,
        ),
    )

    @admin.action(description="Send the selected deliveries again", permissions=["view"])
    def resend_selected(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        """Send again."""
        sent = waiting = under_way = 0
        for delivery in deliveries:
            try:
                resend(delivery, user=actor_of(request).user)
            except NotPossibleError:
                under_way += 1
                continue
            if delivery.webhook.enabled:
                sent += 1
            else:
                waiting += 1
        if sent:
            self.message_user(request, f"Workers send {sent} of them again.")
        if under_way:
            said = f"Not sent again, because they are being sent at this moment: {under_way} of them."
            self.message_user(request, said, messages.WARNING)
        if waiting:
            said = f"{waiting} of them wait{'s' if waiting == 1 else ''} until the webhook is switched on."
            self.message_user(request, said, messages.WARNING)

    @admin.display(description="status", ordering="status")
    def state(self, delivery: WebhookDelivery) -> SafeString:
        """Show the status with its colour and mark."""
        return status_badge(_BADGES[delivery.status], delivery.get_status_display())

    @admin.display(description="webhook")
    def webhook_link(self, delivery: WebhookDelivery) -> SafeString:
        """Link the webhook."""
        url = reverse("admin:orchestration_outgoingwebhook_change", args=[delivery.webhook_id])
        return format_html('<a href="{}">{}</a>', url, delivery.webhook)

    @admin.display(description="body")
    def body(self, delivery: WebhookDelivery) -> SafeString:
        """Show the body, on several lines."""
        shown = redact(json.loads(delivery_body(delivery)))
        return format_html("<pre>{}</pre>", json.dumps(shown, indent=2, ensure_ascii=False))

    @admin.display(description="log")
    def attempt_log(self, delivery: WebhookDelivery) -> str:
        """Show each attempt with what was sent along and what was answered."""
        return render_to_string(
            "admin/orchestration/delivery_attempts.html",
            {"attempts": delivery.log.order_by("-number"), "url": redact(delivery.webhook.url)},
        )
