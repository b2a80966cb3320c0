"""What is made up for of a schedule's past, on request."""

from __future__ import annotations

from typing import Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from .execution import Run
from .schedule import Schedule

#: Runs of one backfill that may go on at once, at most.
MAX_AT_ONCE: Final = 100


class BackfillQuerySet(models.QuerySet["Backfill"]):
    """Backfills by state."""

    def open(self) -> Self:
        """Backfills of which moments wait for their turn."""
        return self.filter(ended_at__isnull=True)

    def with_room(self) -> Self:
        """Open backfills of which another run may start now."""
        going_on = Run.objects.active().filter(fire__backfill=OuterRef("pk")).order_by().values("fire__backfill")
        count = Coalesce(Subquery(going_on.annotate(count=Count("pk")).values("count")), 0)
        return self.open().annotate(going_on=count).filter(going_on__lt=F("at_once"))


class Backfill(models.Model):
    """A span of a schedule's past, each moment of which gets one fire and one run. The runs are those of `asked_by`.

    `since` and `until` are both included. `count` is how many moments there were to run; `again` says that those that
    had a run are among them. `ended_at` is set when none waits for its turn any more. A schedule has one at a time
    that has not ended.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="backfills")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    count = models.PositiveIntegerField()
    at_once = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_AT_ONCE)]
    )
    again = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = BackfillQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["schedule"], name="backfill_one_at_a_time", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="backfill_span"),
            models.CheckConstraint(condition=Q(count__gte=1), name="backfill_count"),
            models.CheckConstraint(condition=Q(at_once__range=(1, MAX_AT_ONCE)), name="backfill_at_once"),
        )

    def __str__(self) -> str:
        return f"backfill {self.pk} of {self.schedule}"
