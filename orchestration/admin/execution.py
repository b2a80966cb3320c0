"""Runs and task runs in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.models import Run, TaskRun

from .filters import ExecutorFilter, as_uuid
from .links import link, row_url
from .marks import status_mark
from .read_only import ReadOnlyAdmin
from .redacted import Redacted, redacted_field
from .visible import Visible


@admin.register(Run)
class RunAdmin(Redacted, Visible, ReadOnlyAdmin[Run]):
    """What was started of which tree, by whom, and what became of it."""

    seen_through = "pk"
    seen = staticmethod(rules.runs_of)
    redacted_fields = ("parameters",)
    shown_parameters = redacted_field("parameters")

    list_display = ("tree_name", "shown_status", "trigger", "person", "task_count", "queued_at", "finished_at")
    # The others have no index that an order by them could follow.
    sortable_by = ("queued_at",)
    list_filter = ("status", "trigger", "queued_at")
    list_select_related = ("requested_by",)
    search_fields = ("tree_name", "=idempotency_key")
    search_help_text = "Tree, id, or an idempotency key"
    ordering = ("-queued_at", "-id")
    fieldsets = (
        (None, {"fields": ("tree_name", "tree", "tree_version", "status", "error", "page_links")}),
        ("Request", {"fields": ("trigger", "requested_by", "priority", "parameters", "parent_run", "idempotency_key")}),
        ("Times", {"fields": ("queued_at", "started_at", "finished_at")}),
        ("Engine", {"fields": ("owner", "epoch", "last_seq", "task_count", "max_concurrency", "paused")}),
        ("Cancel", {"fields": ("cancel_requested_at", "cancel_reason")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Leave out what the list does not show."""
        return super().get_queryset(request).defer("parameters")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """Find a run by its id, too."""
        wanted = as_uuid(search_term)
        if wanted is not None:
            return queryset.filter(pk=wanted), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="status")
    def shown_status(self, run: Run) -> SafeString:
        """Show the status as the pages do."""
        return status_mark(run.status, run.get_status_display())

    @admin.display(description="requested by")
    def person(self, run: Run) -> SafeString:
        """Lead to who asked for it."""
        return link(row_url(User, run.requested_by_id), run.requested_by) if run.requested_by else link(None, "nobody")

    @admin.display(description="pages")
    def page_links(self, run: Run) -> SafeString:
        """Link the run's page, where its tasks are."""
        tasks = reverse("admin:orchestration_taskrun_changelist")
        html = '<a href="{}">Look at the run</a> · <a href="{}?run__id__exact={}">Its task runs</a>'
        return format_html(html, run.get_absolute_url(), tasks, run.pk)


@admin.register(TaskRun)
class TaskRunAdmin(Visible, ReadOnlyAdmin[TaskRun]):
    """Each task of each run, with its status, its attempts and its error."""

    seen_through = "run"
    seen = staticmethod(rules.runs_of)

    list_display = ("name", "shown_status", "executor", "of_run", "attempt", "short_error", "started_at", "finished_at")
    sortable_by = ()
    list_filter = ("status", ExecutorFilter)
    list_select_related = ("run",)
    search_fields = ("name", "task_uid")
    search_help_text = "Name or id of the task"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("name", "task_uid", "run", "executor", "status", "error_type", "error", "page_link")}),
        ("Attempts", {"fields": ("attempt", "uncounted_attempts", "worker_losses", "retry", "next_attempt_at")}),
        ("Times", {"fields": ("started_at", "finished_at", "worker", "timeout_seconds")}),
        ("Place", {"fields": ("ordinal", "parent_uid", "priority", "enabled", "first_cause_uid", "reused_from")}),
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let links narrow the list to one run, without a filter that lists every run."""
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskRun]:
        """Leave out the large columns: they are on the task run's own page."""
        large = (
            "inputs",
            "params",
            "schemas",
            "resolved_inputs",
            "dependencies",
            "pinned",
            "result",
            "run__parameters",
        )
        return super().get_queryset(request).defer(*large)

    @admin.display(description="status")
    def shown_status(self, row: TaskRun) -> SafeString:
        """Show the status as the pages do."""
        return status_mark(row.status, row.get_status_display())

    @admin.display(description="run")
    def of_run(self, row: TaskRun) -> SafeString:
        """Lead to the run."""
        return link(row_url(Run, row.run_id), row.run)

    @admin.display(description="error")
    def short_error(self, row: TaskRun) -> str:
        """Show the beginning of the error."""
        return truncatechars(row.error or "", 80)

    @admin.display(description="page")
    def page_link(self, row: TaskRun) -> SafeString:
        """Link the page that shows inputs, result and log."""
        return format_html('<a href="{}">Inputs, result and log</a>', reverse("task-run", args=[row.run_id, row.pk]))
