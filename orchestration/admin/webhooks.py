"""Outgoing webhooks in the admin: where events are sent, and with which secret."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.actions.deliveries import WebhookOffError
from orchestration.actions.outgoing_webhooks import (
    FIELDS,
    change_outgoing,
    create_outgoing,
    delete_outgoing,
    outgoing_problems,
    replace_signing_secret,
    send_test,
)
from orchestration.models import HookRegistration, OutgoingWebhook

from .generics import ModelAdmin
from .json_fields import object_field
from .problems import add_problems
from .turns import SeenModelForm
from .visible import actor_of
from .webhook_pages import Act, Managed

_SHOWN_ONCE = "admin/orchestration/webhook_secret.html"


class OutgoingForm(SeenModelForm[OutgoingWebhook]):
    """What people decide about an outgoing webhook."""

    headers = object_field(
        "Headers",
        'Sent along, such as {"Authorization": "Bearer {{ secrets.CRM }}"}; grant the secret to this webhook.',
    )

    class Meta:
        model = OutgoingWebhook
        fields = FIELDS
        widgets = {
            "url": forms.TextInput(attrs={"class": "vURLField", "size": 80, "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        }
        labels = {
            "timeout_seconds": "Wait for an answer",
            "max_attempts": "Attempts",
            "backoff_base_seconds": "First wait",
            "backoff_cap_seconds": "Longest wait",
        }
        help_texts = {
            "timeout_seconds": "Seconds, for all of one attempt.",
            "max_attempts": "All of them, the first one too.",
            "backoff_base_seconds": "Seconds before the second attempt; each further wait is twice as long.",
            "backoff_cap_seconds": "Seconds; no wait is longer.",
        }

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # fills the instance
        if not self.errors:
            add_problems(self, outgoing_problems(self.instance))


def _new_secret(self: OutgoingWebhookAdmin, request: HttpRequest, webhook: OutgoingWebhook) -> HttpResponse:
    made = replace_signing_secret(webhook, user=actor_of(request).user)
    return self.page(request, made.webhook, _SHOWN_ONCE, title="The new signing secret", secret=made.secret)


def _test(self: OutgoingWebhookAdmin, request: HttpRequest, webhook: OutgoingWebhook) -> HttpResponse:
    try:
        result = send_test(webhook, user=actor_of(request).user)
    except WebhookOffError:
        self.message_user(request, "The webhook is switched off; switch it on first.", messages.ERROR)
        return HttpResponseRedirect(reverse("admin:orchestration_outgoingwebhook_change", args=[webhook.pk]))
    if result.ok:
        self.message_user(request, f"Delivered: answered {result.status_code} after {result.duration_ms} ms.")
    else:
        self.message_user(request, f"Not delivered: {result.error}", messages.ERROR)
    return HttpResponseRedirect(reverse("admin:orchestration_webhookdelivery_change", args=[result.delivery_id]))


def _hook_link(hook: HookRegistration) -> SafeString:
    address = reverse("admin:orchestration_hookregistration_change", args=[hook.pk])
    return format_html('Hook: <a href="{}">{}</a>', address, hook.name)


@admin.register(OutgoingWebhook)
class OutgoingWebhookAdmin(Managed, ModelAdmin[OutgoingWebhook]):
    """Addresses that are told of events. The signing secret is shown when it is made, and never again."""

    form = OutgoingForm
    list_display = ("name", "url", "enabled", "max_attempts", "secret_set_at", "deliveries_link")
    list_filter = ("enabled",)
    search_fields = ("name", "url")
    readonly_fields = ("secret_set", "old_secret", "secrets_granted", "deliveries_link")
    fieldsets = (
        (None, {"fields": ("name", "url", "description", "enabled")}),
        ("What goes along", {"fields": ("headers", "secrets_granted", "secret_set", "old_secret")}),
        (
            "How often it is tried",
            {"fields": ("timeout_seconds", "max_attempts", "backoff_base_seconds", "backoff_cap_seconds")},
        ),
        ("So far", {"fields": ("deliveries_link",)}),
    )
    acts = (
        Act(
            "test",
            "Send a test",
            "The event webhook.test is sent now, signed as any other. You wait for the answer, ten seconds at most.",
            _test,
        ),
        Act(
            "secret",
            "New signing secret",
            "A new secret is made and shown once. For a day, every delivery carries two signatures, one of the new "
            "secret and one of the present one: replace it at the receiver within that time. A secret from before the "
            "present one stops signing at once.",
            _new_secret,
        ),
    )

    def save_model(self, request: HttpRequest, obj: OutgoingWebhook, form: Form, change: bool) -> None:
        """Save by the act, which writes into the audit trail."""
        user, values = actor_of(request).user, {name: getattr(obj, name) for name in FIELDS}
        if change:
            change_outgoing(obj, values, user=user)
            return
        made = create_outgoing({"id": obj.pk, **values}, user=user)
        # For the page that answers this request, and for nothing else.
        vars(obj)["shown_once"] = made.secret
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: OutgoingWebhook) -> None:
        """Delete by the act."""
        delete_outgoing(obj, user=actor_of(request).user)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the hooks that keep their webhook: nothing is deleted while there are any."""
        rows = list(objs)
        listed, counts, needed, _protected = super().get_deleted_objects(rows, request)
        hooks = HookRegistration.objects.filter(webhook__in=rows).in_order()
        return listed, counts, needed, [_hook_link(hook) for hook in hooks]

    def response_add(self, request: HttpRequest, obj: OutgoingWebhook, *place: Any, **options: Any) -> HttpResponse:
        """Show the new secret."""
        secret = vars(obj).pop("shown_once")
        return self.page(request, obj, _SHOWN_ONCE, title="The signing secret", secret=secret)

    @admin.display(description="signing secret made")
    def secret_set(self, webhook: OutgoingWebhook) -> str:
        """Say since when the present secret signs."""
        return date_format(webhook.secret_set_at, "DATETIME_FORMAT") if webhook.secret_set_at else "when it is saved"

    @admin.display(description="the one before signs until", empty_value="it signs no more")
    def old_secret(self, webhook: OutgoingWebhook) -> str | None:
        """Say until when the secret before it signs too."""
        until = webhook.old_secret_until
        return date_format(until, "DATETIME_FORMAT") if until is not None and until > timezone.now() else None

    @admin.display(description="secrets granted")
    def secrets_granted(self, webhook: OutgoingWebhook) -> str:
        """Name the secrets that its headers may use."""
        names = ", ".join(webhook.secrets.values_list("name", flat=True)) if not webhook._state.adding else ""
        return names or "none; a secret's own page grants it"

    @admin.display(description="deliveries")
    def deliveries_link(self, webhook: OutgoingWebhook) -> SafeString | str:
        """Link what was sent."""
        if webhook._state.adding:
            return "none"
        url = reverse("admin:orchestration_webhookdelivery_changelist")
        return format_html('<a href="{}?webhook__id__exact={}">What was sent</a>', url, webhook.pk)
