"""Admin pages of what the engine writes: to look at, never to edit."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest

from orchestration.store.counted import CountedPaginator

from .generics import ModelAdmin

M = TypeVar("M", bound=Model)


class ReadOnlyAdmin(ModelAdmin[M]):
    """Shows rows; nobody, not even a superuser, adds, changes or deletes them here.

    Such tables grow with every run: their lists count no further than they lead, and leave out counts by filter.
    """

    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = CountedPaginator
    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The engine adds rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is live must not vanish under its worker."""
        return False
