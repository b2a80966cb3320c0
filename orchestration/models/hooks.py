"""Hooks as an installation arranges them: which, in which order, for what, and how often they ran."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.hook_counts import BUCKETS
from orchestration.engine.hook_plan import SLOW_SECONDS, TIMEOUT_SECONDS

from .definition import Tree
from .webhooks import OutgoingWebhook

MIN_SECONDS: Final = 0.01
MAX_TIMEOUT_SECONDS: Final = 3600.0


class HookRegistrationQuerySet(models.QuerySet["HookRegistration"]):
    """Hooks by event."""

    def in_order(self) -> Self:
        """Order them as they are called; of two at one place the older one comes first."""
        return self.order_by("event", "position", "pk")


class HookRegistration(models.Model):
    """One hook: a function that the code registers, one that was chosen in the admin, or a webhook.

    The row of a code's hook is made when a process that has it starts, and found again by its dotted name.
    """

    class Event(models.TextChoices):
        CREATED = "on_tree_created", "tree created"
        STARTED = "on_tree_started", "tree started"
        PRE = "pre", "before a task"
        POST = "post", "after a task"
        COMPLETED = "on_tree_completed", "tree completed"
        FAILED = "on_tree_failed", "tree failed"

    class Origin(models.TextChoices):
        DECORATOR = "decorator", "code"
        ADMIN = "admin", "admin"

    class OnError(models.TextChoices):
        LOG = "log", "write it down and go on"
        FAIL = "fail", "fail what it was called for"

    #: Events of tasks, those with an outcome, and those whose hooks can fail what they are called for.
    OF_TASKS: ClassVar = frozenset({Event.PRE, Event.POST})
    WITH_STATUS: ClassVar = frozenset({Event.POST, Event.COMPLETED, Event.FAILED})
    MAY_FAIL: ClassVar = frozenset({Event.PRE, Event.POST, Event.STARTED})

    name = models.CharField(max_length=MAX_NAME_CHARS)
    event = models.CharField(max_length=20, choices=Event.choices)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.ADMIN, editable=False)
    target = models.CharField("function", max_length=500, blank=True)
    webhook = models.ForeignKey(OutgoingWebhook, null=True, blank=True, on_delete=models.PROTECT, related_name="hooks")
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0, editable=False)
    on_error = models.CharField("on error", max_length=4, choices=OnError.choices, default=OnError.LOG)
    timeout_seconds = models.FloatField(
        default=TIMEOUT_SECONDS, validators=[MinValueValidator(MIN_SECONDS), MaxValueValidator(MAX_TIMEOUT_SECONDS)]
    )
    slow_seconds = models.FloatField(
        default=SLOW_SECONDS, validators=[MinValueValidator(MIN_SECONDS), MaxValueValidator(MAX_TIMEOUT_SECONDS)]
    )
    #: False with no `trees`: those it was for are deleted, and it is called for none.
    every_tree = models.BooleanField(default=True, editable=False)
    trees = models.ManyToManyField(Tree, blank=True, related_name="hooks")
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    executors = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    statuses = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    objects = HookRegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = "hook"
        ordering = ("event", "position", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="hook_named"),
            models.UniqueConstraint(fields=["event", "name"], name="hook_name_once"),
            models.CheckConstraint(
                condition=Q(event__in=("on_tree_created", "on_tree_started", "pre", "post", "on_tree_completed",
                                       "on_tree_failed")),
                name="hook_event",
            ),
            models.CheckConstraint(condition=Q(origin__in=("decorator", "admin")), name="hook_origin"),
            models.CheckConstraint(condition=Q(on_error__in=("log", "fail")), name="hook_on_error"),
            models.CheckConstraint(
                condition=(~Q(target="") & Q(webhook__isnull=True))
                | (Q(target="") & Q(webhook__isnull=False) & Q(origin="admin")),
                name="hook_one_target",
            ),
            models.UniqueConstraint(
                fields=["event", "target"], condition=Q(origin="decorator"), name="hook_of_code_once"
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__range=(MIN_SECONDS, MAX_TIMEOUT_SECONDS))
                & Q(slow_seconds__range=(MIN_SECONDS, MAX_TIMEOUT_SECONDS)),
                name="hook_seconds",
            ),
            models.CheckConstraint(
                condition=Q(statuses=[]) | Q(event__in=("post", "on_tree_completed", "on_tree_failed")),
                name="hook_statuses",
            ),
            models.CheckConstraint(condition=Q(executors=[]) | Q(event__in=("pre", "post")), name="hook_executors"),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def by_code(self) -> bool:
        """True for a hook that the code registers: it can be arranged, but not deleted."""
        return self.origin == self.Origin.DECORATOR


class HookOrder(models.Model):
    """The version of all hooks together, in one row. Whoever changes one locks it, and leaves it one higher.

    Workers look at it to learn that something is new; people send it along when they put hooks in order.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="hook_order_one"),)

    def __str__(self) -> str:
        return f"version {self.version}"


class HookUseQuerySet(models.QuerySet["HookUse"]):
    """Counts of calls."""

    def since(self, days: int) -> Self:
        """Counts of the last days, today's among them."""
        return self.filter(day__gt=timezone.now().date() - timedelta(days=days))


class HookUse(models.Model):
    """How often a hook was called on a day (UTC). `buckets` counts by duration, see `engine.duration_scale`."""

    hook = models.ForeignKey(HookRegistration, on_delete=models.CASCADE, related_name="uses", db_index=False)
    day = models.DateField()
    runs = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)
    slow = models.PositiveBigIntegerField(default=0)
    buckets = ArrayField(models.BigIntegerField(), size=BUCKETS, default=list)

    objects = HookUseQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["hook", "day"], name="hook_use_of_day"),)

    def __str__(self) -> str:
        return f"{self.hook} on {self.day}"
