"""The orchestration app: at start it registers executors, system checks, roles and what notes sign-ins."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrchestrationConfig(AppConfig):
    """Orchestration of task trees."""

    name = "orchestration"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Orchestration"

    def ready(self) -> None:
        """Register checks, executors, what makes the roles, and what notes sign-ins."""
        from orchestration import checks, discovery
        from orchestration.access.sessions import note_sign_ins
        from orchestration.access.sign_ins import record_sign_ins
        from orchestration.models.roles import make_roles

        post_migrate.connect(make_roles, sender=self)
        record_sign_ins()
        note_sign_ins()

        checks.register()
        discovery.discover()
