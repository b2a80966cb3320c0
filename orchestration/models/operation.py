"""What keeps the service running: workers."""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
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
