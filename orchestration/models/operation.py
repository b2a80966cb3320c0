"""What keeps the service running: workers."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Workers by state. The database's clock decides who is alive."""

    def live(self) -> Self:
        """Workers that hold their lease."""
        return self.filter(stopped_at__isnull=True, lease_expires_at__gt=Now())

    def lost(self) -> Self:
        """Workers whose lease ran out before they signed off."""
        return self.filter(stopped_at__isnull=True, lease_expires_at__lte=Now())

    def accepting(self) -> Self:
        """Live workers that take new runs."""
        return self.live().filter(draining=False, accepts_runs=True)


class Worker(models.Model):
    """One process that runs the engine. Its lease is the lease of every run that it owns.

    `draining` means that somebody drained it: it takes no runs until it is resumed, and lives on. A process whose lease
    ran out goes on under a new row, which names this one as its `predecessor`.
    """

    class State(models.TextChoices):
        LIVE = "live", "live"
        DRAINING = "draining", "draining"
        DRAINED = "drained", "drained, idle"
        STOPPED = "stopped", "stopped"
        LOST = "lost", "lost"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=50)
    slots = models.PositiveIntegerField()
    executors = ArrayField(models.CharField(max_length=255), default=list)
    #: `event module.function` of each hook that its code registers.
    hooks = ArrayField(models.CharField(max_length=600), default=list, editable=False)
    accepts_runs = models.BooleanField(default=True, help_text="False for a process that runs one tree of its own")
    draining = models.BooleanField(default=False)
    drained_at = models.DateTimeField(null=True, editable=False)
    drained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    drain_reason = models.TextField(blank=True, editable=False)
    predecessor = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.SET_NULL, related_name="successors"
    )
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
