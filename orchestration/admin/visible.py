"""The rules of `orchestration.access` in the admin: what staff do not see elsewhere they do not see here either."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from orchestration.access import Actor, rules

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


def actor_of(request: HttpRequest) -> Actor:
    """Return who uses the admin. Raises PermissionDenied for strangers, whom its site lets no further than the door."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return Actor(request.user)


class Visible(_Base):
    """Narrows lists, pages and choices to what the user sees: rows whose `seen_through` is among `seen`."""

    seen_through = "tree"
    seen: Callable[[Actor], QuerySet[Any]] = staticmethod(rules.trees_of)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what is somebody else's."""
        rows = super().get_queryset(request)
        actor = actor_of(request)
        return rows if rules.may_administer(actor) else rows.filter(**{f"{self.seen_through}__in": self.seen(actor)})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer, and accept, only what the user sees."""
        related = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(related, Visible):
            options["queryset"] = related.get_queryset(request)
        return super().formfield_for_foreignkey(db_field, request, **options)
