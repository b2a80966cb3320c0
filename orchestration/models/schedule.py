"""What starts runs by itself: schedules, and what became of each moment that they were due."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from itertools import islice
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.schedule_due import Policy
from orchestration.engine.schedule_timing import KINDS, MAX_EXPRESSION_CHARS, Timing, timing_problems
from orchestration.engine.schedule_words import in_words

from .definition import Tree, priority_check, priority_field, sees_all, visible_trees
from .execution import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    """Schedules by state."""

    def enabled(self) -> Self:
        """Schedules that are switched on."""
        return self.filter(enabled=True)

    def due(self, now: datetime) -> Self:
        """Schedules with a moment that has come, the longest overdue first."""
        return self.filter(enabled=True, next_fire_at__lte=now).order_by("next_fire_at", "pk")

    def upcoming(self) -> Self:
        """Schedules that will fire, the next first."""
        return self.filter(enabled=True, next_due_at__isnull=False).order_by("next_due_at", "pk")

    def visible_to(self, user: AbstractBaseUser) -> Self:
        """Schedules of trees that a user may see."""
        return self if sees_all(user) else self.filter(visible_trees(user, "tree__"))


class Schedule(models.Model):
    """When a tree runs by itself. Its runs are those of `responsible`: who saved it last.

    `next_due_at` is the moment that is planned next, `next_fire_at` the same with its jitter; both are NULL when
    nothing is to come. `run_count` counts the fires that `max_runs` bounds. `problem` says why it was switched off by
    itself.
    """

    class Kind(models.TextChoices):
        ONCE = "once", "once"
        INTERVAL = "interval", "every so many seconds"
        CRON = "cron", "cron expression"
        DAILY = "daily", "every day"
        WEEKLY = "weekly", "days of the week"
        MONTHLY = "monthly", "days of the month"

    class Overlap(models.TextChoices):
        SKIP = "skip", "leave the new one out"
        QUEUE = "queue", "let it wait for its turn"
        ALLOW = "allow", "run both"
        CANCEL_PREVIOUS = "cancel_previous", "cancel the earlier run"

    class Misfire(models.TextChoices):
        SKIP = "skip", "leave them out"
        ONCE = "once", "run once for all of them"
        CATCH_UP = "catch_up", "catch up with the latest ones"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS)
    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="schedules")
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    expression = models.CharField(max_length=MAX_EXPRESSION_CHARS)
    timezone = models.CharField(max_length=64, default="UTC")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_runs = models.PositiveIntegerField(null=True, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    priority = priority_field()
    overlap = models.CharField(max_length=20, choices=Overlap.choices, default=Overlap.SKIP)
    misfire = models.CharField(max_length=20, choices=Misfire.choices, default=Misfire.ONCE)
    catch_up = models.PositiveSmallIntegerField(default=1)
    jitter_seconds = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    problem = models.TextField(blank=True, editable=False)
    run_count = models.PositiveIntegerField(default=0, editable=False)
    next_due_at = models.DateTimeField(null=True, editable=False)
    next_fire_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="schedule_named"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="schedule_kind"),
            models.CheckConstraint(condition=~Q(expression=""), name="schedule_expression"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="schedule_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(max_runs__isnull=True) | Q(max_runs__gte=1), name="schedule_max_runs"),
            models.CheckConstraint(
                condition=Q(max_runs__isnull=True) | Q(run_count__lte=F("max_runs")), name="schedule_run_count"
            ),
            models.CheckConstraint(
                condition=Q(next_due_at__isnull=True, next_fire_at__isnull=True)
                | Q(next_due_at__isnull=False, next_fire_at__gte=F("next_due_at")),
                name="schedule_next",
            ),
            priority_check("schedule_priority"),
        )
        indexes = (models.Index(fields=["next_fire_at"], name="schedule_due", condition=Q(enabled=True)),)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the path of the schedule's page."""
        return reverse("schedule", args=[self.pk])

    @property
    def timing(self) -> Timing:
        """When it is due."""
        anchor = self.created_at.replace(microsecond=0)
        return Timing(self.kind, self.expression, self.timezone, anchor, self.starts_at, self.ends_at)

    @property
    def policy(self) -> Policy:
        """How it treats missed moments, and its jitter."""
        return Policy(self.misfire, self.catch_up, self.jitter_seconds, str(self.pk))

    @property
    def runs_left(self) -> int | None:
        """How many more fires it may have; None without a limit."""
        return None if self.max_runs is None else max(self.max_runs - self.run_count, 0)

    @property
    def is_over(self) -> bool:
        """True when it is switched on and nothing is to come."""
        return self.enabled and self.next_due_at is None

    @property
    def words(self) -> str:
        """When it is due, in words; what is written when that can't be."""
        return self.expression if timing_problems(self.timing) else in_words(self.timing)

    @property
    def state(self) -> str:
        """`on`, `off`, `over` (on, and nothing is to come) or `problem` (it was switched off by itself)."""
        if self.problem:
            return "problem"
        return "over" if self.is_over else "on" if self.enabled else "off"

    def upcoming(self, count: int) -> Iterator[datetime]:
        """Yield the next moments that are planned, `count` at most; none while it is off.

        Each is computed when it is asked for: who stops at a horizon pays for nothing behind it.
        """
        if not self.enabled or self.next_due_at is None or timing_problems(self.timing):
            return
        left = count if self.runs_left is None else min(count, self.runs_left)
        if left > 0:
            yield self.next_due_at
            yield from islice(self.timing.times(self.next_due_at), left - 1)

    def set_next(self, due: datetime | None) -> None:
        """Plan the moment that is due next."""
        self.next_due_at = due
        self.next_fire_at = None if due is None else due + self.policy.delay(due)

    def plan_from(self, now: datetime) -> None:
        """Plan the first moment after now: what lies before is not made up for."""
        self.set_next(None if self.runs_left == 0 else self.timing.next(now))

    def keeps_plan(self, before: Schedule) -> bool:
        """Tell whether a change of `before` leaves the moment that is planned: it was on, with the same times."""
        is_planned = before.enabled and before.next_due_at is not None and self.runs_left != 0
        return is_planned and self.timing == before.timing

    def delay_anew(self, now: datetime) -> None:
        """Give the moment that is planned the delay of a new jitter.

        One that waits for its old delay fires now at the earliest: earlier than that, it would count as missed.
        """
        planned = self.next_fire_at
        self.set_next(self.next_due_at)
        if planned is not None and self.next_fire_at is not None:
            self.next_fire_at = max(self.next_fire_at, min(planned, now))


class ScheduleFireQuerySet(models.QuerySet["ScheduleFire"]):
    """Fires by state."""

    def regular(self) -> Self:
        """Fires of the schedule's own times and those by hand: none of a backfill."""
        return self.filter(backfill__isnull=True)

    def waiting(self) -> Self:
        """Fires whose turn has not come, in the order in which they were due."""
        return self.filter(outcome=ScheduleFire.Outcome.WAITING).order_by("due_at", "pk")


class ScheduleFire(models.Model):
    """What became of a moment that a schedule was due; there is one row for a moment, whoever sees it first.

    A row of missed moments stands for `count` of them, from `due_at` to `last_due_at`. `by_hand` is "run now". A
    moment that a backfill makes up for has a row of its own beside that.
    """

    class Outcome(models.TextChoices):
        STARTED = "started", "started"
        WAITING = "waiting", "waits for its turn"
        OVERLAPPED = "overlapped", "left out: overlap"
        MISSED = "missed", "missed"
        REFUSED = "refused", "could not start"
        CANCELLED = "cancelled", "cancelled"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="fires", db_index=False)
    due_at = models.DateTimeField()
    last_due_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reason = models.TextField(blank=True)
    by_hand = models.BooleanField(default=False)
    backfill = models.ForeignKey(
        "Backfill", null=True, on_delete=models.CASCADE, related_name="fires", db_index=False, editable=False
    )
    run = models.OneToOneField(Run, null=True, on_delete=models.SET_NULL, related_name="fire")

    objects = ScheduleFireQuerySet.as_manager()

    class Meta:
        ordering = ("-due_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["schedule", "due_at"], name="schedule_fire_once", condition=Q(backfill__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["backfill", "due_at"], name="schedule_fire_backfill", condition=Q(backfill__isnull=False)
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="schedule_fire_count"),
        )
        indexes = (
            models.Index(fields=["schedule", "-due_at", "-id"], name="schedule_fire_latest"),
            models.Index(
                fields=["schedule"],
                name="schedule_fire_open",
                condition=Q(outcome="waiting", backfill__isnull=True),
            ),
            # The list of all, and of those that came to the same.
            models.Index(fields=["-due_at", "-id"], name="schedule_fire_newest"),
            models.Index(fields=["outcome", "-due_at", "-id"], name="schedule_fire_of_outcome"),
        )

    def __str__(self) -> str:
        return f"{self.schedule} {self.due_at:%Y-%m-%d %H:%M:%S}"


class SchedulesPause(models.Model):
    """While there is a row, no schedule fires. There is one at most."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField(blank=True)
    paused_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="schedules_pause_one"),)

    def __str__(self) -> str:
        return "All schedules are paused"


class CalendarFeed(models.Model):
    """The address under which somebody's calendar reads their schedules: one for each person, stored as a digest."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"

    @staticmethod
    def new_secret() -> str:
        """Return a new feed's token; nobody can read it again."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret: str) -> str:
        """Return what is stored of a token."""
        return hashlib.sha256(secret.encode()).hexdigest()
