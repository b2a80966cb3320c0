"""Schedules and their fires in the admin: to look at. They are changed on their own pages, which plan what is next."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.models import Schedule, ScheduleFire

from .read_only import ReadOnlyAdmin
from .redacted import Redacted, redacted_field
from .visible import Visible


@admin.register(Schedule)
class ScheduleAdmin(Redacted, Visible, ReadOnlyAdmin[Schedule]):
    """Schedules of all trees."""

    redacted_fields = ("parameters",)
    shown_parameters = redacted_field("parameters")

    list_display = ("name", "tree", "kind", "expression", "timezone", "enabled", "next_due_at", "run_count")
    list_filter = ("enabled", "kind", "overlap")
    list_select_related = ("tree",)
    search_fields = ("name", "tree__name")
    search_help_text = "Name of the schedule or the tree"
    fieldsets = (
        (None, {"fields": ("name", "tree", "responsible", "enabled", "problem", "page_link")}),
        ("When", {"fields": ("kind", "expression", "timezone", "starts_at", "ends_at", "jitter_seconds")}),
        ("Runs", {"fields": ("parameters", "priority", "max_runs", "run_count", "overlap", "misfire", "catch_up")}),
        ("Times", {"fields": ("next_due_at", "next_fire_at", "created_at", "updated_at")}),
    )

    @admin.display(description="page")
    def page_link(self, schedule: Schedule) -> SafeString:
        """Link the page that changes it."""
        return format_html('<a href="{}">Look at it, and change it</a>', schedule.get_absolute_url())


@admin.register(ScheduleFire)
class ScheduleFireAdmin(Visible, ReadOnlyAdmin[ScheduleFire]):
    """What became of the moments of all schedules."""

    seen_through = "schedule__tree"

    list_display = ("schedule", "due_at", "outcome", "count", "by_hand", "run", "reason")
    list_filter = ("outcome", "by_hand", "due_at")
    list_select_related = ("schedule", "run")
    search_fields = ("schedule__name",)
    search_help_text = "Name of the schedule"
    fields = ("schedule", "due_at", "last_due_at", "count", "at", "outcome", "reason", "by_hand", "run")
