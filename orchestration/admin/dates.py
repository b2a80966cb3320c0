"""Dates and times in admin forms, each of the two fields with a name of its own for those who hear it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import DateTimeField, Field
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


class NamedDateTime(AdminSplitDateTime):
    """Django's two fields for a date and a time."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Name them; Django has only words beside them."""
        context = super().get_context(name, value, attrs)
        words = name.replace("_", " ")
        for part, kind in zip(context["widget"]["subwidgets"], ("date", "time"), strict=True):
            part["attrs"]["aria-label"] = f"{words}, {kind}"
        return context


class NamesDates(_Base):
    """Uses them in every form."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **options: Any) -> Any:
        """Choose the widget."""
        if isinstance(db_field, DateTimeField):
            options.setdefault("widget", NamedDateTime)
        return super().formfield_for_dbfield(db_field, request, **options)
