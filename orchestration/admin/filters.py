"""Filters of lists that know what they offer without a look through the whole table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestration.actions.executor_catalogue import known_executors


class ExecutorFilter(admin.SimpleListFilter):
    """Tasks, or task runs, of one executor."""

    title = "executor"
    parameter_name = "executor__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the executors of the catalogue, and the one that the address names."""
        asked = request.GET.get(self.parameter_name)
        return [(name, name) for name in sorted({*known_executors(), *([asked] if asked else [])})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list."""
        return queryset.filter(executor=self.value()) if self.value() else queryset


def as_uuid(text: str) -> UUID | None:
    """Read an id that somebody searches for; None when it is something else."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None
