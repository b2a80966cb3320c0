"""What keeps the service running: workers, and what an installation decides about executors."""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Workers by state. The database's clock decides who is alive."""

    def live(self) -> Self:
        """Workers that hold their lease."""
        return self.filter(stopped_at__isnull=True, lease_expires_at__gt=Now())

    def accepting(self) -> Self:
        """Live workers that take new runs."""
        return self.live().filter(draining=False, accepts_runs=True)


class Worker(models.Model):
    """One process that runs the engine. Its lease is the lease of every run that it owns."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=50)
    slots = models.PositiveIntegerField()
    executors = ArrayField(models.CharField(max_length=255), default=list)
    accepts_runs = models.BooleanField(default=True, help_text="False for a process that runs one tree of its own")
    draining = models.BooleanField(default=False)
    running = models.PositiveIntegerField(default=0)
    metrics = models.JSONField(default=dict, editable=False)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        indexes = (models.Index(fields=["lease_expires_at"], name="worker_lease"),)

    def __str__(self) -> str:
        return self.name


class ExecutorConfig(models.Model):
    """What an installation decides about one executor. An executor without a row has no limits.

    `rate_count` starts per `rate_seconds` are allowed over all workers; `rate_tokens` and `rate_at` are the bucket
    they are taken from, kept by the engine.
    """

    executor = models.CharField(max_length=255, unique=True)
    enabled = models.BooleanField(default=True)
    max_concurrency = models.PositiveIntegerField(null=True, blank=True, help_text="Attempts at a time, all workers")
    rate_count = models.PositiveIntegerField(null=True, blank=True, help_text="Starts per rate_seconds, all workers")
    rate_seconds = models.FloatField(default=60.0)
    rate_tokens = models.FloatField(default=0.0, editable=False)
    rate_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
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
        )

    def __str__(self) -> str:
        return self.executor


class ExecutorPermit(models.Model):
    """How many attempts of a limited executor a worker may have running. A worker that is lost holds none."""

    executor = models.CharField(max_length=255)
    worker = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="permits")
    held = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["executor", "worker"], name="executor_permit_unique"),)

    def __str__(self) -> str:
        return f"{self.worker}: {self.held} of {self.executor}"
