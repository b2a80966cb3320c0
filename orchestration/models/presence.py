"""Who has a tree open in the builder."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from .definition import Tree

#: A page says that it is there every 15 seconds; one that has not for this long is gone.
GONE_AFTER: Final = timedelta(seconds=40)


class PresenceQuerySet(models.QuerySet["Presence"]):
    """Open pages by state. The database's clock decides."""

    def there(self) -> Self:
        """Pages that are still open."""
        return self.filter(seen_at__gt=Now() - GONE_AFTER)

    def gone(self) -> Self:
        """Pages that have not been heard of."""
        return self.filter(seen_at__lte=Now() - GONE_AFTER)


class Presence(models.Model):
    """One open page of the builder. `page` is a random id that the page gives itself."""

    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.UUIDField()
    editing = models.BooleanField(default=False, help_text="It has changes that are not saved")
    seen_at = models.DateTimeField()

    objects = PresenceQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["tree", "page"], name="presence_unique"),)
        indexes = (models.Index(fields=["seen_at"], name="presence_seen"),)

    def __str__(self) -> str:
        return f"{self.user} at {self.tree}"
