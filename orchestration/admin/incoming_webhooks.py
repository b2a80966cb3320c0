"""Incoming webhooks in the admin: what starts runs from outside, and what was received."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.actions.incoming_webhooks import (
    FIELDS,
    NewIncoming,
    change_incoming,
    create_incoming,
    delete_incoming,
    incoming_problems,
    replace_address,
    replace_secret,
)
from orchestration.models import IncomingWebhook, WebhookReceipt

from .generics import ModelAdmin
from .json_fields import object_field
from .problems import add_problems
from .read_only import ReadOnlyAdmin
from .secrets import WriteOnly
from .turns import SeenModelForm
from .visible import actor_of
from .webhook_pages import Act, Managed, WebhookPages, status_badge

_BADGES = {"started": "completed", "left_out": "pending", "refused": "failed", "limited": "failed"}


class IncomingForm(SeenModelForm[IncomingWebhook]):
    """What people decide about an incoming webhook, and a secret of their choice."""

    parameters = object_field(
        "Parameters",
        'For each parameter of the tree a value, or where it comes from: {"day": "{{ body.day }}"}. '
        "There are body, headers and query.",
    )
    secret = forms.CharField(
        required=False,
        strip=False,
        widget=WriteOnly(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        help_text="Only when the sender has a secret of its own. Left empty, the present one stays; where there is "
        "none, one is made and shown once.",
    )

    class Meta:
        model = IncomingWebhook
        fields = FIELDS
        widgets = {
            "only_when": forms.TextInput(attrs={"class": "vLargeTextField json-text", "spellcheck": "false"}),
            "description": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        }
        labels = {
            "tolerance_seconds": "Late or early by",
            "rate_count": "Requests",
            "rate_seconds": "In so much time",
            "max_body_bytes": "Largest body",
        }
        help_texts = {
            "only_when": "An expression such as body.action == 'opened'; empty: always.",
            "responsible": "Whose runs they are. When this person may not run the tree any more, nothing starts.",
            "tolerance_seconds": "Seconds that a request may be late or early, with Standard Webhooks.",
            "header_name": "With a shared token: the header that holds it.",
            "max_body_bytes": "Bytes; larger ones are answered 413.",
            "rate_count": "More of them than this …",
            "rate_seconds": "… within so many seconds are answered 429.",
        }

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # fills the instance
        if not self.errors:
            add_problems(self, incoming_problems(self.instance, self.cleaned_data.get("secret", "")))


def _new_address(self: IncomingWebhookAdmin, request: HttpRequest, webhook: IncomingWebhook) -> HttpResponse:
    return self.show_new(request, replace_address(webhook, user=actor_of(request).user))


def _new_secret(self: IncomingWebhookAdmin, request: HttpRequest, webhook: IncomingWebhook) -> HttpResponse:
    return self.show_new(request, replace_secret(webhook, user=actor_of(request).user))


@admin.register(IncomingWebhook)
class IncomingWebhookAdmin(Managed, ModelAdmin[IncomingWebhook]):
    """Addresses that start runs. Address and secret are shown when they are made, and never again."""

    form = IncomingForm
    list_display = ("name", "tree", "responsible", "enabled", "scheme", "shown_hint", "receipts_link")
    list_filter = ("enabled", "scheme")
    list_select_related = ("tree", "responsible")
    search_fields = ("name", "tree__name")
    autocomplete_fields = ("tree", "responsible")
    readonly_fields = ("shown_hint", "receipts_link")
    fieldsets = (
        (None, {"fields": ("name", "tree", "responsible", "enabled", "description")}),
        ("Who may send", {"fields": ("scheme", "secret", "header_name", "tolerance_seconds", "shown_hint")}),
        ("What is run", {"fields": ("parameters", "only_when", "priority")}),
        ("Limits", {"fields": ("rate_count", "rate_seconds", "max_body_bytes")}),
        ("So far", {"fields": ("receipts_link",)}),
    )
    acts = (
        Act(
            "address",
            "New address",
            "A new address is made and shown once. The present one is refused at once: whoever sends to it has to be "
            "told.",
            _new_address,
        ),
        Act(
            "secret",
            "New secret",
            "A new secret is made and shown once. What the present one signs is refused at once: give the sender the "
            "new one.",
            _new_secret,
        ),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose whoever makes it as responsible."""
        return {"responsible": actor_of(request).user.pk, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: IncomingWebhook, form: Form, change: bool) -> None:
        """Save by the act, which writes into the audit trail."""
        user, values = actor_of(request).user, {name: getattr(obj, name) for name in FIELDS}
        secret = form.cleaned_data.get("secret", "")
        if change:
            made = change_incoming(obj, values, user=user, secret=secret)
        else:
            made = create_incoming({"id": obj.pk, **values}, user=user, secret=secret)
            obj.refresh_from_db()
        # For the page that answers this request, and for nothing else.
        vars(obj)["shown_once"] = made

    def delete_model(self, request: HttpRequest, obj: IncomingWebhook) -> None:
        """Delete by the act."""
        delete_incoming(obj, user=actor_of(request).user)

    def response_add(self, request: HttpRequest, obj: IncomingWebhook, *place: Any, **options: Any) -> HttpResponse:
        """Show the address and the secret."""
        return self.show_new(request, vars(obj).pop("shown_once"))

    def response_change(self, request: HttpRequest, obj: IncomingWebhook) -> HttpResponse:
        """Show a secret that was made because the scheme needs one."""
        made: NewIncoming = vars(obj).pop("shown_once")
        return super().response_change(request, obj) if made.secret is None else self.show_new(request, made)

    def show_new(self, request: HttpRequest, made: NewIncoming) -> HttpResponse:
        """Show what is new of a webhook, this once, with an example of a request."""
        token = made.token or "TOKEN"
        address = request.build_absolute_uri(reverse("hook-in", args=[token]))
        return self.page(
            request,
            made.webhook,
            "admin/orchestration/incoming_new.html",
            title="What to give the sender",
            address=address if made.token else None,
            example_address=address,
            secret=made.secret,
            example_secret=made.secret or "SECRET",
        )

    @admin.display(description="address")
    def shown_hint(self, webhook: IncomingWebhook) -> str:
        """Show how the address begins; all of it is known to its sender alone."""
        return f"/hooks/in/{webhook.hint}…" if webhook.hint else "is made when it is saved"

    @admin.display(description="requests")
    def receipts_link(self, webhook: IncomingWebhook) -> SafeString | str:
        """Link what was received."""
        if webhook._state.adding:
            return "none"
        url = reverse("admin:orchestration_webhookreceipt_changelist")
        return format_html('<a href="{}?webhook__id__exact={}">What was received</a>', url, webhook.pk)


@admin.register(WebhookReceipt)
class WebhookReceiptAdmin(WebhookPages, ReadOnlyAdmin[WebhookReceipt]):
    """What became of each request. Of its body only the size and the digest are kept."""

    empty_words = "Nothing was received yet: each request to an incoming webhook is one line here."
    list_display = ("at", "webhook", "state", "count", "reason", "run", "address")
    list_filter = ("outcome", "webhook", "at")
    list_select_related = ("webhook", "run")
    search_fields = ("=body_digest", "=address")
    fields = (
        *("webhook", "state", "reason", "run_link", "at", "last_at", "count"),
        *("address", "body_bytes", "body_digest"),
    )
    readonly_fields = ("state", "run_link")

    @admin.display(description="outcome", ordering="outcome")
    def state(self, receipt: WebhookReceipt) -> SafeString:
        """Show the outcome with its colour and mark."""
        return status_badge(_BADGES[receipt.outcome], receipt.get_outcome_display())

    @admin.display(description="run")
    def run_link(self, receipt: WebhookReceipt) -> SafeString | str:
        """Link the run."""
        if receipt.run_id is None:
            return "none"
        return format_html('<a href="{}">{}</a>', reverse("run", args=[receipt.run_id]), receipt.run_id)
