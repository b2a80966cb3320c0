"""The orchestration app: at start it finds the executors of all installed apps and registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class OrchestrationConfig(AppConfig):
    """Orchestration of task trees."""

    name = "orchestration"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Orchestration"

    def ready(self) -> None:
        """Register checks and executors."""
        from orchestration import checks, discovery

        checks.register()
        discovery.discover()
