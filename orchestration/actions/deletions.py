"""Deleting runs that have ended, in bounded batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.models import Run
from orchestration.models.execution import RunQuerySet
from orchestration.store.prune import BATCH_RUNS
from orchestration.store.prune import delete_runs as delete_rows

from . import audit

#: Locks are asked for in this order, so that two who delete at once do not wait for each other in a circle.
_ORDER: Final = "id"


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many runs are gone, and how many were left because they have not ended."""

    deleted: int
    active: int


def delete_runs(runs: RunQuerySet, user: AbstractBaseUser | None = None, reason: str = "") -> Deleted:
    """Delete the runs among `runs` that have ended, with their tasks, logs and events; leave the others alone."""
    pks = list(runs.order_by(_ORDER).values_list("pk", flat=True))
    deleted = sum(
        _delete_batch(pks[start : start + BATCH_RUNS], user, reason) for start in range(0, len(pks), BATCH_RUNS)
    )
    return Deleted(deleted, Run.objects.active().filter(pk__in=pks).count())


def _delete_batch(pks: list[UUID], user: AbstractBaseUser | None, reason: str) -> int:
    with transaction.atomic():
        locked = Run.objects.finished().filter(pk__in=pks).order_by(_ORDER).select_for_update(of=("self",))
        found = list(locked.only("pk", "tree_name"))
        delete_rows([run.pk for run in found])
        audit.record_each("run.delete", found, user=user, reason=reason)
    return len(found)
