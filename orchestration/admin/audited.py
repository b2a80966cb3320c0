"""What is added, changed and deleted in the admin goes into the audit trail, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from orchestration.actions import audit

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


class Audited(_Base):
    """Writes an audit entry beside each of Django's own log entries, which people may delete."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record what was added."""
        _record(request, "add", [obj], message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record which fields were changed."""
        _record(request, "change", [obj], message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        """Record what is about to be deleted."""
        _record(request, "delete", queryset, None)
        return super().log_deletions(request, queryset)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *place: Any) -> HttpResponse | None:
        """Let an action on many rows and its entries be one; Django's other writes are one already."""
        with transaction.atomic():
            return super().response_action(request, queryset, *place)


def _record(request: HttpRequest, verb: str, subjects: Iterable[Model], message: Any) -> None:
    rows = list(subjects)
    user: Any = request.user
    if rows:
        act = f"{rows[0]._meta.model_name}.{verb}"
        audit.record_each(act, rows, user=user, detail={"message": message} if message else None)
