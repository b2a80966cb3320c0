"""Hooks in the admin: in the order in which they run, with what they did in the last days."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from orchestration.access import Actor, rules
from orchestration.actions import audit
from orchestration.actions.hook_checks import is_orphan
from orchestration.actions.hook_stats import HookStats, hook_stats
from orchestration.actions.hook_trial import try_hook
from orchestration.actions.hook_words import filter_words
from orchestration.actions.hooks import (
    OWN_FIELDS,
    HooksChangedError,
    change_hook,
    create_hook,
    delete_hook,
    hooks_version,
    is_registered,
    list_code_hooks,
    move_hook,
    order_hooks,
    registered_hooks,
    switch_hook,
)
from orchestration.engine.config import current_config
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.hook_counts import SHOWN_DAYS
from orchestration.engine.hook_targets import HookTargetError, load_target
from orchestration.engine.hooks import HOOK_EVENTS
from orchestration.engine.status import TERMINAL
from orchestration.models import HookRegistration, TaskRun
from orchestration.store.hooks import hold_hooks

from .generics import ModelAdmin
from .hook_form import HookForm, TrialForm
from .turns import TakesTurns
from .visible import actor_of

#: What each event is about, in words.
EVENT_WORDS: Final = {
    "on_tree_created": "When a run of a tree is created",
    "on_tree_started": "When a worker first takes a run",
    "pre": "Before each attempt of a task",
    "post": "After a task has ended",
    "on_tree_completed": "After a run has completed",
    "on_tree_failed": "After a run has failed or was cancelled",
}
_RECENT: Final = 20


@dataclass(frozen=True, slots=True)
class HookLine:
    """A hook as the list shows it."""

    hook: HookRegistration
    words: str
    stats: HookStats
    is_gone: bool


@dataclass(frozen=True, slots=True)
class EventGroup:
    """The hooks of one event, in the order in which they run."""

    event: str
    title: str
    words: str
    lines: list[HookLine]


@admin.register(HookRegistration)
class HookAdmin(TakesTurns, ModelAdmin[HookRegistration]):
    """What is called when tasks and trees go by: functions and webhooks, in order, with their filters."""

    form = HookForm
    autocomplete_fields = ("webhook", "trees")
    radio_fields = {"on_error": admin.VERTICAL}
    change_form_template = "admin/hooks/form.html"
    fieldsets = (
        (None, {"fields": ("name", "event", "target", "webhook", "enabled")}),
        ("What it is called for", {"fields": ("trees", "tags", "executors", "statuses")}),
        ("How it may behave", {"fields": ("on_error", "timeout_seconds", "slow_seconds")}),
    )

    # --- who ----------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return request.user.is_authenticated and rules.may_arrange_hooks(actor_of(request))

    def has_view_permission(self, request: HttpRequest, obj: HookRegistration | None = None) -> bool:
        """Ask the rules."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: HookRegistration | None = None) -> bool:
        """Ask the rules."""
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: HookRegistration | None = None) -> bool:
        """What the code registers would be back at once."""
        gone = obj is None or not obj.by_code or not is_registered(obj, registered_hooks())
        return self.has_module_permission(request) and gone

    def get_readonly_fields(self, request: HttpRequest, obj: HookRegistration | None = None) -> tuple[str, ...]:
        """What the code says of a hook is not changed here."""
        return OWN_FIELDS if obj is not None and obj.by_code else ()

    def get_fieldsets(self, request: HttpRequest, obj: HookRegistration | None = None) -> Any:
        """Ask for every tree where it is not plain from the trees that are chosen."""
        first, (title, options), last = super().get_fieldsets(request, obj)
        fields: Any = options["fields"]
        if obj is not None and is_orphan(obj):
            fields = (fields[0], "everywhere", *fields[1:])
        return first, (title, {**options, "fields": fields}), last

    # --- the form -----------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Import the module that is named before others have to wait for it."""
        if request.method == "POST" and self.has_change_permission(request):
            with suppress(HookTargetError):
                load_target(request.POST.get("target", ""))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def lock_row(self, pk: Any) -> None:
        """Lock all hooks, as everybody does who changes one."""
        hold_hooks()

    def save_model(self, request: HttpRequest, obj: HookRegistration, form: Any, change: bool) -> None:
        """Save through the act, which checks, orders, and writes the trail."""
        trees, user = list(form.cleaned_data["trees"]), actor_of(request).user
        enabled: bool = form.cleaned_data["enabled"]
        if change:
            saved = change_hook(obj, form.values(), trees, user=user, every_tree=form.every_tree)
            switch_hook(saved, enabled, user=user)
        else:
            saved = create_hook(form.values(), trees, user=user, enabled=enabled)
        obj.pk = saved.pk
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The trees were saved with the hook."""

    def delete_model(self, request: HttpRequest, obj: HookRegistration) -> None:
        """Delete through the act."""
        delete_hook(obj, user=actor_of(request).user)

    # --- the list -----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add what is done from the list, and the page of trials."""
        wrap = self.admin_site.admin_view
        own = [
            path("order/", wrap(require_POST(self.order_view)), name="hooks_order"),
            path("<int:pk>/switch/", wrap(require_POST(self.switch_view)), name="hook_switch"),
            path("<int:pk>/test/", wrap(self.trial_view), name="hook_test"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show all hooks, event by event, in the order in which they run."""
        self._require(request)
        list_code_hooks()
        rows = list(HookRegistration.objects.in_order().select_related("webhook").prefetch_related("trees"))
        stats, registered = hook_stats([hook.pk for hook in rows]), registered_hooks()
        lines: dict[str, list[HookLine]] = {event: [] for event in HOOK_EVENTS}
        for hook in rows:
            gone = not is_registered(hook, registered)
            lines[hook.event].append(HookLine(hook, filter_words(hook), stats[hook.pk], gone))
        titles = dict(HookRegistration.Event.choices)
        groups = [EventGroup(name, str(titles[name]), EVENT_WORDS[name], lines[name]) for name in HOOK_EVENTS]
        context = {
            "title": "Hooks",
            "groups": groups,
            "count": len(rows),
            "version": hooks_version(),
            "modules": current_config().hook_modules,
            "days": SHOWN_DAYS,
        }
        return self._page(request, "list", context)

    def order_view(self, request: HttpRequest) -> HttpResponse:
        """Put the hooks of an event in an order, or move one up or down."""
        self._require(request)
        sent, user = request.POST, actor_of(request).user
        try:
            version = int(sent.get("version", ""))
            move = sent.get("move", "").split()
            if move:
                hook = self._hook(int(move[0]))
                move_hook(hook, int(move[1]), version, user=user)
                place = f"#hook-{hook.pk}-{'up' if int(move[1]) < 0 else 'down'}"
            else:
                order_hooks(sent.get("event", ""), [int(pk) for pk in sent.get("ids", "").split()], version, user=user)
                place = f"#{sent.get('event', '')}"
        except (ValueError, IndexError):
            raise Http404 from None
        except (HooksChangedError, InvalidDefinitionError) as error:
            messages.error(request, f"Nothing was moved. {error}.".replace("..", "."))
            place = ""
        return HttpResponseRedirect(reverse("admin:orchestration_hookregistration_changelist") + place)

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch a hook on or off."""
        self._require(request)
        hook = switch_hook(self._hook(pk), request.POST.get("enabled") == "true", user=actor_of(request).user)
        messages.success(request, f"{hook.name} is {'on' if hook.enabled else 'off'}.")
        return HttpResponseRedirect(reverse("admin:orchestration_hookregistration_changelist") + f"#hook-{pk}-switch")

    # --- trials -------------------------------------------------------------------------------------------------

    def trial_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try a hook out on a task run of the past, and show what it did."""
        self._require(request)
        hook, actor = self._hook(pk), actor_of(request)
        form = TrialForm(_recent(actor, hook), request.POST if request.method == "POST" else None)
        trial = task_run = None
        if request.method == "POST" and form.is_valid():
            task_run = rules.find_task_run(actor, form.cleaned_data["task_run"])
            if task_run is None:
                form.add_error("other", "There is no such task run.")
            else:
                trial = try_hook(hook, task_run)
                detail = {"task_run": task_run.pk, "run": str(task_run.run_id), "error": trial.error[:500]}
                audit.record("hook.test", hook, user=actor.user, detail=detail)
        context = {"title": f"Test {hook.name}", "hook": hook, "form": form, "trial": trial, "task_run": task_run}
        return self._page(request, "test", context | {"words": filter_words(hook)})

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _hook(self, pk: int) -> HookRegistration:
        hook = HookRegistration.objects.select_related("webhook").filter(pk=pk).first()
        if hook is None:
            raise Http404
        return hook

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        opts = cast(Any, self.model)._meta
        shown = {**self.admin_site.each_context(request), "opts": opts, **context}
        return TemplateResponse(request, f"admin/hooks/{name}.html", shown)


def _recent(actor: Actor, hook: HookRegistration) -> list[tuple[str, str]]:
    found = TaskRun.objects.filter(run__in=rules.runs_of(actor), status__in=sorted(TERMINAL)).select_related("run")
    if hook.executors:
        found = found.filter(executor__in=hook.executors)
    return [
        (str(row.pk), f"{row.name[:60]} · {row.status} · {row.run.tree_name[:60]} · {row.run.queued_at:%Y-%m-%d %H:%M}")
        for row in found.order_by("-pk")[:_RECENT]
    ]
