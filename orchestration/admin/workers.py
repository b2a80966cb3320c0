"""Workers in the admin: who is alive, what runs there, who was lost with what; drain and resume."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration import __version__
from orchestration.access import rules
from orchestration.actions.worker_states import judged
from orchestration.actions.workers import MAX_REASON_CHARS, drain_worker, resume_worker
from orchestration.engine.errors import NotPossibleError
from orchestration.engine.metric_words import metric_words
from orchestration.models import ExecutorConfig, Run, Worker

from .links import list_url, row_url
from .marks import heartbeat, progress, worker_state
from .read_only import ReadOnlyAdmin
from .visible import actor_of
from .worker_view import view_of

#: Milliseconds between two looks of an open page.
REFRESH_MS: Final = 2_000


class StateFilter(admin.SimpleListFilter):
    """Workers of one state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer all states."""
        return [(str(value), str(label)) for value, label in Worker.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Worker]) -> QuerySet[Worker]:
        """Narrow the list."""
        return queryset.filter(**{"state": self.value()}) if self.value() in Worker.State.values else queryset


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    """The processes that run tasks: who is alive, what runs there, who was lost with what; drain and resume."""

    list_display = ("name", "state_mark", "beat", "slots_bar", "run_count", "host", "version_mark", "since")
    list_filter = (StateFilter, "accepts_runs", "version", "started_at")
    search_fields = ("name", "host", "version", "=pid")
    search_help_text = "Name, host, version or process number"
    sortable_by = ("name", "host", "since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        """Add what the database says of each, and how many runs it has."""
        owned = Run.objects.active().filter(owner=OuterRef("pk")).order_by().values("owner").annotate(n=Count("pk"))
        standing = Case(When(live=True, then=Value(0)), default=Value(1), output_field=IntegerField())
        return judged().annotate(standing=standing, owned=Coalesce(Subquery(owned.values("n")), 0))

    def get_ordering(self, request: HttpRequest) -> Any:
        """Show those that are alive first, and the newest first."""
        return F("standing").asc(), "-started_at", "-pk"

    def get_urls(self) -> list[URLPattern]:
        """Add the two acts."""
        name, view = "orchestration_worker", self.admin_site.admin_view
        acts = [
            path("<uuid:pk>/drain/", view(self.drain_view), name=f"{name}_drain"),
            path("<uuid:pk>/resume/", view(self.resume_view), name=f"{name}_resume"),
        ]
        return [*acts, *super().get_urls()]

    # --- the list -----------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Let the list keep itself up to date."""
        return super().changelist_view(request, {"refresh": REFRESH_MS, **(extra_context or {})})

    @admin.display(description="state")
    def state_mark(self, worker: Any) -> SafeString:
        """Show the state as a word with its colour and its mark."""
        return worker_state(worker.state)

    @admin.display(description="heartbeat")
    def beat(self, worker: Any) -> SafeString:
        """Show how long ago it was heard of."""
        return heartbeat(worker)

    @admin.display(description="version", ordering="version")
    def version_mark(self, worker: Worker) -> SafeString:
        """Warn of a version that is not the web's."""
        if worker.version == __version__ or worker.stopped_at is not None:
            return format_html("{}", worker.version)
        words = f"{worker.version}, the web runs {__version__}"
        return format_html('<span class="status status-retrying">{}</span>', words)

    @admin.display(description="slots")
    def slots_bar(self, worker: Any) -> SafeString:
        """Show how many slots are taken."""
        return progress(worker.running if worker.live else 0, worker.slots, "slots busy")

    @admin.display(description="runs")
    def run_count(self, worker: Any) -> int:
        """Show how many runs it owns."""
        return int(worker.owned)

    @admin.display(description="since", ordering="started_at")
    def since(self, worker: Worker) -> SafeString:
        """Show when it started."""
        at = worker.started_at
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M}")

    # --- one worker ---------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what runs there, and what became of what it held."""
        worker: Any = self.get_object(request, object_id)
        if request.method != "GET" or worker is None or not self.has_view_permission(request, worker):
            return super().change_view(request, object_id, form_url, extra_context)
        config = list_url(request, ExecutorConfig)
        shown = {
            "refresh": REFRESH_MS if worker.live else None,
            "worker": worker,
            "state": worker_state(worker.state),
            "beat": heartbeat(worker),
            "bar": progress(worker.running if worker.live else 0, worker.slots, "slots busy"),
            "view": view_of(actor_of(request), worker),
            "metrics": metric_words(worker.metrics),
            "web_version": __version__,
            "executors": [(name, f"{config}?q={name}" if config else None) for name in sorted(worker.executors)],
            "may_steer": rules.may_steer_workers(actor_of(request)),
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def drain_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask whether to drain, and do it."""
        worker = self._to_steer(request, pk)
        if request.method == "POST":
            return self._steer(request, worker, drain_worker, "takes no more runs until it is resumed")
        others = Worker.objects.accepting().exclude(pk=pk).count()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Drain {worker.name}?",
            "opts": self.opts,
            "worker": worker,
            "others": others,
            "max_reason": MAX_REASON_CHARS,
        }
        return TemplateResponse(request, "admin/orchestration/worker/drain.html", context)

    def resume_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Let it take runs again."""
        worker = self._to_steer(request, pk)
        if request.method != "POST":
            return HttpResponseRedirect(row_url(Worker, pk))
        return self._steer(request, worker, resume_worker, "takes runs again")

    def _to_steer(self, request: HttpRequest, pk: Any) -> Any:
        if not rules.may_steer_workers(actor_of(request)):
            raise PermissionDenied("Only administrators decide about workers.")
        worker = self.get_queryset(request).filter(pk=pk).first()
        if worker is None:
            raise Http404("There is no such worker.")
        return worker

    def _steer(self, request: HttpRequest, worker: Worker, act: Any, done: str) -> HttpResponse:
        reason = request.POST.get("reason", "")[:MAX_REASON_CHARS]
        try:
            act(worker, actor_of(request).user, reason)
        except NotPossibleError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.log_change(request, worker, f"It {done}.{f' Reason: {reason}' if reason else ''}")
            self.message_user(request, f"The worker {worker.name} {done}.", messages.SUCCESS)
        return HttpResponseRedirect(row_url(Worker, worker.pk))
