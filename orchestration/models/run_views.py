"""Filters of the list of runs that people keep under a name."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

MAX_VIEW_NAME: Final = 60


class RunView(models.Model):
    """What one person looks at again and again. `query` is that of the list's address: `status=failed&when=day`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="run_views")
    name = models.CharField(max_length=MAX_VIEW_NAME)
    query = models.CharField(max_length=2000, blank=True)
    is_default = models.BooleanField(default=False, help_text="Shown when the list is opened without filters")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="run_view_unique"),
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="run_view_one_default"),
            models.CheckConstraint(condition=~Q(name=""), name="run_view_named"),
        )

    def __str__(self) -> str:
        return self.name
