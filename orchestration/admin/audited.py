"""What is added, changed and deleted in the admin goes into the audit trail, in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from orchestration.actions import audit
from orchestration.actions.row_facts import changes, facts_of, kept

from .visible import actor_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object

#: Where a row that is being changed remembers what it was, from the form until all of it is saved.
_BEFORE: Final = "facts_before"


class Audited(_Base):
    """Writes an audit entry, with what was there and is now, beside each of Django's own log entries.

    For models that Django's own forms save. What is done by an action is written by that action.
    """

    #: Relations that are edited on the page of a row.
    audited_parts: ClassVar[tuple[str, ...]] = ()

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Note what is there before anything is saved."""
        if change:
            vars(form.instance)[_BEFORE] = self._facts(form.instance.pk)
        return super().save_form(request, form, change)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record what was added, when what it is linked to is saved as well."""
        self._record(request, "add", obj, kept(self._facts(obj.pk)))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Record what was changed, if anything was."""
        changed = changes(vars(obj).pop(_BEFORE), self._facts(obj.pk))
        if changed:
            self._record(request, "change", obj, {"changed": changed})
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        """Record what is about to be deleted."""
        for row in queryset:
            self._record(request, "delete", row, kept(self._facts(row.pk)))
        return super().log_deletions(request, queryset)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *place: Any) -> HttpResponse | None:
        """Let an action on many rows and its entries be one; Django's other writes are one already."""
        with transaction.atomic():
            return super().response_action(request, queryset, *place)

    def _facts(self, pk: Any) -> dict[str, Any]:
        """Read what is stored: the row in hand holds what a form has put there. Nobody else changes it meanwhile."""
        return facts_of(self.model._base_manager.select_for_update(no_key=True).get(pk=pk), *self.audited_parts)

    def _record(self, request: HttpRequest, verb: str, row: Model, detail: dict[str, Any]) -> None:
        audit.record(f"{self.opts.model_name}.{verb}", row, user=actor_of(request).user, detail=detail)
