"""JSON fields in the admin, without secrets for those who may look and not change trees."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.engine.masking import redact

from .visible import actor_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


def redacted_field(name: str) -> Callable[[Any, Any], SafeString]:
    """Build the method of an admin page that shows a JSON field without secrets."""

    @display(description=name.replace("_", " "))
    def shown(self: Any, row: Any) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(redact(getattr(row, name)), indent=2, ensure_ascii=False))

    return shown


class Redacted(_Base):
    """Shows `shown_NAME` in place of each of `redacted_fields` to who may not see secrets, and lets nobody edit it."""

    redacted_fields: ClassVar[tuple[str, ...]] = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Swap the fields."""
        swapped = {name: f"shown_{name}" for name in self.hidden_fields(request)}
        return [
            (title, {**options, "fields": tuple(_swap(name, swapped) for name in options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def hidden_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the fields that are not shown as they are."""
        return () if rules.may_see_values(actor_of(request)) else self.redacted_fields

    def shown_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Return what `get_readonly_fields` has to name because of that."""
        hidden = self.hidden_fields(request)
        return (*hidden, *(f"shown_{name}" for name in hidden))


def _swap(name: Any, swapped: dict[str, str]) -> Any:
    return swapped.get(name, name) if isinstance(name, str) else name
