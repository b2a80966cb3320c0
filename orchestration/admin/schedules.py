"""Schedules and their fires in the admin: to look at. They are changed on their own pages, which plan what is next."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.models import Schedule, ScheduleFire

from .read_only import ReadOnlyAdmin
from .redacted import Redacted, redacted_field
from .visible import Visible

_STATES: Final = {"on": "on", "off": "off", "over": "over: nothing is to come", "problem": "switched off by itself"}


@admin.register(Schedule)
class ScheduleAdmin(Redacted, Visible, ReadOnlyAdmin[Schedule]):
    """When trees run by themselves. They are changed on pages of their own."""

    redacted_fields = ("parameters",)
    shown_parameters = redacted_field("parameters")

    empty_words = "There is none yet. They are made under Schedules, at the top of the page, or on the page of a tree."
    list_display = ("name", "tree", "kind", "expression", "timezone", "state", "next_due_at", "run_count")
    list_filter = ("enabled", "kind", "overlap")
    list_select_related = ("tree",)
    search_fields = ("name", "tree__name")
    search_help_text = "Name of the schedule or the tree"
    fieldsets = (
        (None, {"fields": ("name", "tree", "responsible", "enabled", "state", "problem", "page_link")}),
        ("When", {"fields": ("kind", "expression", "timezone", "starts_at", "ends_at", "jitter_seconds")}),
        ("Runs", {"fields": ("parameters", "priority", "max_runs", "run_count", "overlap", "misfire", "catch_up")}),
        ("Times", {"fields": ("next_due_at", "next_fire_at", "created_at", "updated_at")}),
    )

    @admin.display(description="state", ordering="enabled")
    def state(self, schedule: Schedule) -> str:
        """Say whether anything is to come: one that is over is switched on too."""
        return _STATES[schedule.state]

    @admin.display(description="page")
    def page_link(self, schedule: Schedule) -> SafeString:
        """Link the page that changes it."""
        return format_html('<a href="{}">Look at it, and change it</a>', schedule.get_absolute_url())


class RunNowFilter(admin.BooleanFieldListFilter):
    """Fires that somebody asked for with *Run now*."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.title = "run now"


@admin.register(ScheduleFire)
class ScheduleFireAdmin(Visible, ReadOnlyAdmin[ScheduleFire]):
    """What became of the moments of all schedules."""

    seen_through = "schedule__tree"

    empty_words = "Nothing was due yet: each moment of a schedule is one line here."
    list_display = ("schedule", "due_at", "outcome", "count", "by_hand", "run", "reason")
    list_filter = ("outcome", ("by_hand", RunNowFilter), ("backfill", admin.EmptyFieldListFilter), "due_at")
    list_select_related = ("schedule", "run")
    search_fields = ("schedule__name",)
    search_help_text = "Name of the schedule"
    fields = ("schedule", "due_at", "last_due_at", "count", "at", "outcome", "reason", "by_hand", "backfill", "run")
