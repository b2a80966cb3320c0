"""What people ask of workers."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.models import Worker

from . import audit


def drain_worker(worker: Worker, user: AbstractBaseUser | None = None) -> bool:
    """Let a worker take no more runs and end when its tasks have; it hears of it at its next heartbeat.

    False when it is gone already. There is no way back: a worker that drains ends.
    """
    with transaction.atomic():
        found = Worker.objects.live().select_for_update().filter(pk=worker.pk).first()
        if found is None:
            return False
        if not found.draining:
            found.draining = True
            found.save(update_fields=["draining"])
            audit.record("worker.drain", found, user=user)
    return True
