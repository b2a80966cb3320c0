"""What an installation decides about executors, and what the engine keeps about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from orchestration.engine.breaker import Breaker, BreakerState
from orchestration.engine.executor_counts import BUCKETS

from .definition import sees_all
from .operation import Worker

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class ExecutorConfigQuerySet(models.QuerySet["ExecutorConfig"]):
    """What is decided, by whom it concerns."""

    def closed_to(self, user: AbstractBaseUser) -> Self:
        """Executors that are for groups of which the user is in none; administrators may use everything."""
        if sees_all(user):
            return self.none()
        restricted = self.filter(allowed_groups__isnull=False)
        return restricted.exclude(allowed_groups__in=Group.objects.filter(user=user.pk)).distinct()

    def open_without(self, groups: Iterable[Group]) -> Self:
        """Executors that are for some of these groups and for no other one: without them everybody could use them."""
        gone = [group.pk for group in groups]
        others = Group.objects.exclude(pk__in=gone)
        return self.filter(allowed_groups__in=gone).exclude(allowed_groups__in=others).distinct()

    def held_back(self) -> Self:
        """Executors that are on, and whose circuit breaker is open or half-open."""
        return self.filter(enabled=True, breaker_failures__isnull=False, breaker_retry_at__isnull=False)


class ExecutorConfig(models.Model):
    """What an installation decides about one executor. An executor without a row has no limits.

    `rate_count` starts per `rate_seconds` are allowed over all workers; `rate_tokens` and `rate_at` are the bucket
    they are taken from, kept by the engine. The defaults are for tasks that say nothing themselves. Without
    `allowed_groups` everybody may use it. `breaker_failures` in a row open its circuit breaker for `breaker_seconds`;
    the engine keeps where it stands: `breaker_count`, who has the probe, and when the next one may be made,
    `breaker_retry_at` (None: closed).
    """

    executor = models.CharField(max_length=255, unique=True)
    enabled = models.BooleanField(default=True)
    max_concurrency = models.PositiveIntegerField(null=True, blank=True, help_text="Attempts at a time, all workers")
    rate_count = models.PositiveIntegerField(null=True, blank=True, help_text="Starts per rate_seconds, all workers")
    rate_seconds = models.FloatField(default=60.0)
    rate_tokens = models.FloatField(default=0.0, editable=False)
    rate_at = models.DateTimeField(null=True, editable=False)
    default_timeout_seconds = models.FloatField(
        null=True, blank=True, help_text="Of each attempt, for tasks that have no timeout of their own"
    )
    default_retry = models.JSONField(null=True, blank=True)
    default_params = models.JSONField(default=dict, blank=True)
    allowed_groups = models.ManyToManyField(Group, blank=True, related_name="+")
    breaker_failures = models.PositiveIntegerField(
        null=True, blank=True, help_text="Failures in a row, over all workers, after which nothing starts for a while"
    )
    breaker_seconds = models.FloatField(
        default=60.0, help_text="Seconds until one task may try it again, and decides whether the others may"
    )
    breaker_count = models.PositiveIntegerField(default=0, editable=False)
    breaker_retry_at = models.DateTimeField(null=True, editable=False)
    breaker_prober = models.ForeignKey(
        Worker, null=True, editable=False, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = ExecutorConfigQuerySet.as_manager()

    class Meta:
        verbose_name = "executor"
        ordering = ("executor",)
        constraints = (
            models.CheckConstraint(condition=~Q(executor=""), name="executor_config_named"),
            models.CheckConstraint(condition=Q(rate_seconds__gt=0), name="executor_config_rate_seconds"),
            models.CheckConstraint(
                condition=Q(max_concurrency__isnull=True) | Q(max_concurrency__gte=1),
                name="executor_config_concurrency",
            ),
            models.CheckConstraint(
                condition=Q(rate_count__isnull=True) | Q(rate_count__gte=1), name="executor_config_rate_count"
            ),
            models.CheckConstraint(
                condition=Q(default_timeout_seconds__isnull=True) | Q(default_timeout_seconds__gt=0),
                name="executor_config_timeout",
            ),
            models.CheckConstraint(
                condition=Q(breaker_failures__isnull=True) | Q(breaker_failures__gte=1),
                name="executor_config_breaker_failures",
            ),
            models.CheckConstraint(condition=Q(breaker_seconds__gt=0), name="executor_config_breaker_seconds"),
        )

    def __str__(self) -> str:
        return self.executor

    @property
    def breaker_state(self) -> BreakerState:
        """Where its breaker stands; closed when it has none."""
        if self.breaker_failures is None:
            return "closed"
        prober = None if self.breaker_prober_id is None else str(self.breaker_prober_id)
        breaker = Breaker(self.breaker_failures, self.breaker_seconds, 0, self.breaker_retry_at, prober)
        return breaker.state(timezone.now())


class ExecutorPermit(models.Model):
    """How many attempts of a limited executor a worker may have running. A worker that is lost holds none."""

    executor = models.CharField(max_length=255)
    worker = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="permits")
    held = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["executor", "worker"], name="executor_permit_unique"),)

    def __str__(self) -> str:
        return f"{self.worker}: {self.held} of {self.executor}"


class ExecutorUse(models.Model):
    """How many task runs of an executor ended on a day (UTC), and how many of them failed.

    `buckets` counts them by how long the last attempt took, see `engine.duration_scale`.
    """

    executor = models.CharField(max_length=255)
    day = models.DateField()
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)
    buckets = ArrayField(models.BigIntegerField(), size=BUCKETS, default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["day", "executor"], name="executor_use_of_day"),)

    def __str__(self) -> str:
        return f"{self.executor} on {self.day}"
