"""Secrets: their values are written here, and shown nowhere."""

from __future__ import annotations

from typing import Any, Final, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.engine.json_values import text_problem
from orchestration.engine.registry import default_registry
from orchestration.engine.secret_forms import MIN_CHARS
from orchestration.models import Secret, SecretUse
from orchestration.store.vault import seal

from .audited import Audited
from .generics import ModelAdmin, ModelForm
from .read_only import ReadOnlyAdmin
from .visible import actor_of

#: A key or a certificate is far smaller.
_MAX_CHARS: Final = 64 * 1024
_TOO_SHORT: Final = f"At least {MIN_CHARS} characters: what is shorter can't be kept out of logs and errors."


class WriteOnly(forms.Textarea):
    """A field that never sends back what was typed, not even with an error beside it."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Draw it empty."""
        return super().get_context(name, None, attrs)


class SecretForm(ModelForm[Secret]):
    """The fields of a secret, and a new value for it."""

    value = forms.CharField(
        required=False,
        strip=False,
        max_length=_MAX_CHARS,
        widget=WriteOnly(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    executors = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 10}),
        help_text="Tasks of these executors may use it.",
    )

    class Meta:
        model = Secret
        fields = ("name", "description", "value", "for_all", "executors", "trees")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Those that are granted and not registered here, on this web server, stay.
        known = {spec.id for spec in default_registry} | set(self.instance.executors)
        executors = cast(forms.MultipleChoiceField, self.fields["executors"])
        executors.choices = [(name, name) for name in sorted(known)]
        stays = "Left empty, the value stays. What it is now can't be shown."
        self.fields["value"].help_text = (
            f"{_TOO_SHORT} Nobody can read it again." if self.instance.pk is None else stays
        )

    def clean_value(self) -> str:
        """Refuse what can't be kept secret, or can't be stored."""
        value: str = self.cleaned_data["value"]
        if not value:
            if self.instance.pk is None:
                raise ValidationError("A secret needs a value.")
            return value
        if len(value.strip()) < MIN_CHARS:
            raise ValidationError(_TOO_SHORT)
        if text_problem(value) is not None:
            raise ValidationError("This has a character that can't be stored.")
        return value


@admin.register(Secret)
class SecretAdmin(Audited, ModelAdmin[Secret]):
    """Who may use which secret. A value that was set can be replaced, and never be read."""

    form = SecretForm
    list_display = ("name", "granted_to", "updated_at", "updated_by", "last_used", "short_description")
    list_select_related = ("updated_by",)
    search_fields = ("name", "description")
    autocomplete_fields = ("trees",)
    readonly_fields = ("updated_at", "updated_by", "uses")
    fieldsets = (
        (None, {"fields": ("name", "description", "value")}),
        ("Who may use it", {"fields": ("for_all", "executors", "trees")}),
        ("So far", {"fields": ("updated_at", "updated_by", "uses")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Secret]:
        """Bring along what the list shows, and leave the ciphertext where it is."""
        last = SecretUse.objects.filter(secret=OuterRef("pk")).order_by("-id").values("at")[:1]
        rows: QuerySet[Secret] = super().get_queryset(request).defer("ciphertext")
        return rows.annotate(used_at=Subquery(last)).prefetch_related("trees")

    def save_model(self, request: HttpRequest, obj: Secret, form: Form, change: bool) -> None:
        """Seal a new value; without one, the old one stays."""
        value = form.cleaned_data["value"]
        if value:
            obj.ciphertext, obj.updated_at, obj.updated_by = seal(value), timezone.now(), actor_of(request).user
        super().save_model(request, obj, form, change)

    @admin.display(description="granted to")
    def granted_to(self, secret: Secret) -> str:
        """Say who may use it."""
        if secret.for_all:
            return "every task"
        granted = [*secret.executors, *(f"tree {tree.name}" for tree in secret.trees.all())]
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
    """Which attempts got which secrets."""

    list_display = ("at", "name", "task_uid", "executor", "run_link")
    list_filter = ("at",)
    search_fields = ("=name", "=task_uid", "=executor")
    search_help_text = "Name of the secret, id of the task, or executor"
    fields = ("at", "name", "task_uid", "executor", "run_link")
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let links narrow the list to one secret."""
        return lookup == "name__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="run")
    def run_link(self, use: SecretUse) -> SafeString:
        """Link the run."""
        return format_html('<a href="{}">{}</a>', reverse("run", args=[use.run]), use.run)
