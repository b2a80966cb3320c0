"""HTTP executors: made, looked at before they are sent, and changed. Every save is a new version, by one action."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions.http_executors import (
    FIELDS,
    Preview,
    change_http_executor,
    delete_http_executor,
    make_http_executor,
    named_secrets,
    preview,
)
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import HttpExecutor

from .generics import ModelAdmin
from .http_executor_form import HttpExecutorForm
from .turns import TakesTurns
from .visible import actor_of


@admin.register(HttpExecutor)
class HttpExecutorAdmin(TakesTurns, ModelAdmin[HttpExecutor]):
    """Executors that are made here, without code: an HTTP request with a schema of its inputs."""

    form = HttpExecutorForm
    list_display = ("executor", "name", "request", "enabled", "version", "updated_at")
    list_filter = ("enabled",)
    view_on_site = False
    search_fields = ("executor", "name", "description", "url")
    search_help_text = "Id, name, description or URL"
    readonly_fields = ("secrets", "version", "created_at", "created_by", "updated_at", "updated_by")
    fieldsets = (
        (None, {"fields": ("executor", "name", "description", "enabled")}),
        ("Inputs", {"fields": ("input_schema", "examples")}),
        ("Request", {"fields": ("method", "url", "query", "headers", "body_kind", "body", "secrets")}),
        ("Answer", {"fields": ("success", "result", "timeout_seconds", "idempotent")}),
        (
            "So far",
            {
                "classes": ("collapse",),
                "fields": ("version", ("created_at", "created_by"), ("updated_at", "updated_by")),
            },
        ),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return rules.may_make_executors(actor_of(request))

    def has_view_permission(self, request: HttpRequest, obj: HttpExecutor | None = None) -> bool:
        """Ask the rules."""
        return rules.may_make_executors(actor_of(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return rules.may_make_executors(actor_of(request))

    def has_change_permission(self, request: HttpRequest, obj: HttpExecutor | None = None) -> bool:
        """Ask the rules."""
        return rules.may_make_executors(actor_of(request))

    def has_delete_permission(self, request: HttpRequest, obj: HttpExecutor | None = None) -> bool:
        """Ask the rules."""
        return rules.may_make_executors(actor_of(request))

    def get_readonly_fields(self, request: HttpRequest, obj: HttpExecutor | None = None) -> tuple[str, ...]:
        """It keeps its id: tasks name it."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "executor")

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that show the request; what was typed is sent there and not saved."""
        name = "orchestration_httpexecutor_preview"
        new = path("add/preview/", self.admin_site.admin_view(self.preview_view), name=f"{name}_new")
        one = path("<path:object_id>/change/preview/", self.admin_site.admin_view(self.preview_view), name=name)
        return [new, one, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: HttpExecutor, form: Form, change: bool) -> None:
        """Make it, or change it, with the action that everybody uses."""
        values = {name: form.cleaned_data[name] for name in FIELDS}
        user = actor_of(request).user
        if change:
            change_http_executor(obj, values, user=user)
        else:
            obj.pk = make_http_executor(obj.executor, values, user=user).pk

    def delete_model(self, request: HttpRequest, obj: HttpExecutor) -> None:
        """Delete one."""
        delete_http_executor(obj, user=actor_of(request).user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[HttpExecutor]) -> None:
        """Delete many, each with its entry in the trail."""
        self.delete_each(request, queryset)

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Show the form as it was typed, and the request that would be sent."""
        made = None if object_id is None else self.get_object(request, object_id)
        if not self.has_change_permission(request, made):
            raise PermissionDenied
        at = "add" if made is None else "change"
        address = reverse(f"admin:orchestration_httpexecutor_{at}", args=[] if made is None else [made.pk])
        if request.method != "POST" or (object_id is not None and made is None):
            return HttpResponseRedirect(address)
        form: Any = self.get_form(request, made, change=made is not None)(request.POST, instance=made)
        form.refuses_stale = False
        shown = _shown(form) if form.is_valid() else None
        context = self._page_of(request, form, made) | {"preview": shown, "previewed": True}
        return self.render_change_form(
            request, context, add=made is None, change=made is not None, form_url=address, obj=made
        )

    def _page_of(self, request: HttpRequest, form: Any, made: HttpExecutor | None) -> dict[str, Any]:
        fieldsets = self.get_fieldsets(request, made)
        readonly = self.get_readonly_fields(request, made)
        shown = helpers.AdminForm(form, list(fieldsets), {}, readonly, model_admin=self)  # type: ignore[arg-type]
        title = "Add HTTP executor" if made is None else "Change HTTP executor"
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": str(made) if made else None,
            "adminform": shown,
            "object_id": made.pk if made else None,
            "original": made,
            "is_popup": False,
            "to_field": None,
            "media": self.media + shown.media,
            "inline_admin_formsets": [],
            "errors": helpers.AdminErrorList(form, []),
            "preserved_filters": self.get_preserved_filters(request),
        }

    @admin.display(description="request", ordering="url")
    def request(self, made: HttpExecutor) -> str:
        """Show the method and the beginning of the URL."""
        return f"{made.method} {made.url[:59]}…" if len(made.url) > 60 else f"{made.method} {made.url}"

    @admin.display(description="secrets")
    def secrets(self, made: HttpExecutor) -> SafeString | str:
        """Say which secrets it names, and whether it may use them."""
        (named,) = named_secrets([made.definition])
        if not named:
            return "It names none; {{ secrets.NAME }} would."
        link = reverse("admin:orchestration_secret_changelist")
        lines = format_html_join("", "<code>{}</code>: {}<br>", named.items())
        return format_html('{}<a href="{}">Make and grant secrets</a>', lines, link)


def _shown(form: HttpExecutorForm) -> Preview | None:
    """Return the request of a form without mistakes; what is wrong with the inputs is said beside them."""
    cleaned = form.cleaned_data
    defined = HttpExecutor(executor=form.instance.executor, **{name: cleaned[name] for name in FIELDS}).definition
    examples = defined.examples or [{}]
    inputs = examples[0] if cleaned["preview_inputs"] is None else cleaned["preview_inputs"]
    try:
        return preview(defined, inputs if isinstance(inputs, dict) else {})
    except InvalidDefinitionError as error:
        form.add_error("preview_inputs", [str(problem) for problem in error.problems])
        return None
