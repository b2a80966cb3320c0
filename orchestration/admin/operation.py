"""Workers, and the limits of executors, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone

from orchestration.models import ExecutorConfig, Worker

from .audited import Audited
from .generics import ModelAdmin
from .read_only import ReadOnlyAdmin


@admin.register(ExecutorConfig)
class ExecutorConfigAdmin(Audited, ModelAdmin[ExecutorConfig]):
    """Which executors are switched off or limited; running workers follow within two seconds."""

    list_display = ("executor", "enabled", "max_concurrency", "rate_count", "rate_seconds", "updated_at")
    list_filter = ("enabled",)
    search_fields = ("executor",)
    fields = ("executor", "enabled", "max_concurrency", "rate_count", "rate_seconds")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    """Workers, the living and the gone."""

    list_display = ("name", "is_live", "host", "pid", "running", "slots", "draining", "heartbeat_at", "version")
    list_filter = ("draining", "accepts_runs", "started_at")
    search_fields = ("name", "host")
    search_help_text = "Name or host"

    @admin.display(description="alive", boolean=True)
    def is_live(self, worker: Worker) -> bool:
        """Tell whether it still holds its lease."""
        return worker.stopped_at is None and worker.lease_expires_at > timezone.now()
