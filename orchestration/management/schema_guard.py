"""Keeps a process from working on tables that are not those of its version."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db import connection

from orchestration.store.schema import newer_problem, schema_problem


def require_fitting_schema() -> None:
    """Raise CommandError, with what to do, unless the database is migrated to exactly this version."""
    if (problem := schema_problem()) is not None:
        raise CommandError(problem)
    # Whatever serves has connections of its own threads.
    connection.close()


def require_no_newer_schema() -> None:
    """Raise CommandError when the database was migrated by a later version; an earlier one can be migrated."""
    if (problem := newer_problem()) is not None:
        raise CommandError(problem)
