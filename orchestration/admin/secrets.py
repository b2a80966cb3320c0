"""Secrets: their values are written here, and shown nowhere."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions.secrets import (
    FIELDS,
    MAX_VALUE_CHARS,
    TOO_SHORT,
    change_secret,
    create_secret,
    delete_secret,
    grantable_executors,
    value_problems,
)
from orchestration.models import Secret, SecretUse
from orchestration.models.secrets import SecretQuerySet

from .generics import ModelAdmin
from .read_only import ReadOnlyAdmin
from .turns import SeenModelForm, TakesTurns
from .visible import actor_of


class WriteOnly(forms.Textarea):
    """A field that never sends back what was typed, not even with an error beside it."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Draw it empty."""
        return super().get_context(name, None, attrs)


class SecretForm(SeenModelForm[Secret]):
    """The fields of a secret, and a new value for it."""

    value = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_VALUE_CHARS,
        widget=WriteOnly(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    executors = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 10}),
        help_text="Tasks of these executors may use it.",
    )

    class Meta:
        model = Secret
        fields = ("name", "description", "value", "for_all", "executors", "trees", "webhooks")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Those that are granted and that nobody has any more stay.
        executors = cast(forms.MultipleChoiceField, self.fields["executors"])
        executors.choices = [(name, name) for name in sorted(grantable_executors(self.instance.executors))]
        stays = "Left empty, the value stays. What it is now can't be shown."
        self.fields["value"].help_text = f"{TOO_SHORT} Nobody can read it again." if self.instance.pk is None else stays

    def clean_value(self) -> str:
        """Refuse what can't be kept secret, or can't be stored."""
        value: str = self.cleaned_data["value"]
        if not value:
            if self.instance.pk is None:
                raise ValidationError("A secret needs a value.")
            return value
        if problems := value_problems(value):
            raise ValidationError([problem.message for problem in problems])
        return value


@admin.register(Secret)
class SecretAdmin(TakesTurns, ModelAdmin[Secret]):
    """Who may use which secret. A value that was set can be replaced, and never be read."""

    form = SecretForm
    list_display = ("name", "granted_to", "updated_at", "updated_by", "last_used", "short_description")
    list_select_related = ("updated_by",)
    search_fields = ("name", "description")
    autocomplete_fields = ("trees", "webhooks")
    readonly_fields = ("updated_at", "updated_by", "uses")
    fieldsets = (
        (None, {"fields": ("name", "description", "value")}),
        ("Who may use it", {"fields": ("for_all", "executors", "trees", "webhooks")}),
        ("So far", {"fields": ("updated_at", "updated_by", "uses")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Secret]:
        """Bring along what the list shows, and leave the ciphertext where it is."""
        rows = cast(SecretQuerySet, super().get_queryset(request))
        return rows.with_last_use().defer("ciphertext").prefetch_related("trees", "webhooks")

    def has_view_permission(self, request: HttpRequest, obj: Secret | None = None) -> bool:
        """Ask the rules."""
        return rules.may_see_secrets(actor_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return rules.may_manage_secrets(actor_of(request), "add")

    def has_change_permission(self, request: HttpRequest, obj: Secret | None = None) -> bool:
        """Ask the rules."""
        return rules.may_manage_secrets(actor_of(request), "change")

    def has_delete_permission(self, request: HttpRequest, obj: Secret | None = None) -> bool:
        """Ask the rules."""
        return rules.may_manage_secrets(actor_of(request), "delete")

    def save_model(self, request: HttpRequest, obj: Secret, form: Form, change: bool) -> None:
        """Save by the act, which seals a new value; without one, the old one stays."""
        data, user = form.cleaned_data, actor_of(request).user
        values = {name: data[name] for name in FIELDS}
        granted = {"trees": list(data["trees"]), "webhooks": list(data["webhooks"])}
        if change:
            change_secret(obj, values, value=data["value"] or None, **granted, user=user)
        else:
            obj.pk = create_secret(values, data["value"], **granted, user=user).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What it is granted to was saved with it."""

    def delete_model(self, request: HttpRequest, obj: Secret) -> None:
        """Delete by the act."""
        delete_secret(obj, user=actor_of(request).user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Secret]) -> None:
        """Delete one by one: each has its entry in the trail."""
        self.delete_each(request, queryset)

    @admin.display(description="granted to")
    def granted_to(self, secret: Secret) -> str:
        """Say who may use it."""
        webhooks = [f"webhook {webhook.name}" for webhook in secret.webhooks.all()]
        tasks = [*secret.executors, *(f"tree {tree.name}" for tree in secret.trees.all())]
        granted = [*(["every task"] if secret.for_all else tasks), *webhooks]
        more = f" and {len(granted) - 3} more" if len(granted) > 3 else ""
        return f"{', '.join(granted[:3])}{more}" if granted else "nobody yet"

    @admin.display(description="last used", ordering="used_at")
    def last_used(self, secret: Any) -> Any:
        """Say when an attempt got it last."""
        return secret.used_at

    @admin.display(description="description")
    def short_description(self, secret: Secret) -> str:
        """Show the beginning of the description."""
        return f"{secret.description[:79]}…" if len(secret.description) > 80 else secret.description

    @admin.display(description="uses")
    def uses(self, secret: Secret) -> SafeString | str:
        """Link the log of its uses."""
        if secret._state.adding:
            return "none"
        url = reverse("admin:orchestration_secretuse_changelist")
        return format_html('<a href="{}?name__exact={}">Who has used it</a>', url, secret.name)


@admin.register(SecretUse)
class SecretUseAdmin(ReadOnlyAdmin[SecretUse]):
    """Which attempts, and which deliveries to webhooks, got which secrets."""

    empty_words = "No secret was used yet: each attempt and each delivery that gets one is a line here."
    list_display = ("at", "name", "task_uid", "executor", "webhook", "run_link")
    list_filter = ("at",)
    search_fields = ("=name", "=task_uid", "=executor", "=webhook")
    search_help_text = "Name of the secret, id of the task, executor, or webhook"
    fields = ("at", "name", "task_uid", "executor", "webhook", "run_link")
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: SecretUse | None = None) -> bool:
        """Ask the rules."""
        return rules.may_see_secret_uses(actor_of(request))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let links narrow the list to one secret."""
        return lookup == "name__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="run")
    def run_link(self, use: SecretUse) -> SafeString | str:
        """Link the run."""
        if use.run is None:
            return "none"
        return format_html('<a href="{}">{}</a>', reverse("run", args=[use.run]), use.run)
