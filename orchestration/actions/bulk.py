"""The same act on many runs: in bounded batches, and what came of it for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.rerun import Wish
from orchestration.engine.status import ACTIVE, TERMINAL, Status
from orchestration.models import Run, RunCommand, TaskRun
from orchestration.models.execution import RunQuerySet
from orchestration.store.connection import django_cursor
from orchestration.store.statements import WAKE_WORKERS

from . import audit
from .deletions import delete_runs
from .reruns import rerun

_BATCH: Final = 200
NOT_ENDED: Final = "It has not ended; cancel it first, or wait"
ENDED: Final = "It has ended already"
NOTHING_FAILED: Final = "Nothing in it failed or was cancelled"


class BulkAct(StrEnum):
    """What can be done with many runs."""

    CANCEL = "cancel"
    DELETE = "delete"
    RERUN_FAILED = "rerun_failed"


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What came of the act for one run: done, or why not; `new_run` is the one that was started after it."""

    run: UUID
    why_not: str = ""
    new_run: UUID | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an act can't be done with some of the runs, and with how many."""

    why_not: str
    runs: int


def obstacles(act: BulkAct, runs: RunQuerySet) -> list[Obstacle]:
    """Say before the act what stands in its way. A re-run may still meet a tree that can't run any more."""
    counted = (Obstacle(why, runs.filter(condition).count()) for why, condition in _in_the_way(act).items())
    return [obstacle for obstacle in counted if obstacle.runs]


def doable(act: BulkAct, runs: RunQuerySet) -> RunQuerySet:
    """Keep the runs that nothing stands in the way of."""
    for condition in _in_the_way(act).values():
        runs = runs.exclude(condition)
    return runs


def _in_the_way(act: BulkAct) -> dict[str, Q]:
    active, ended = Q(status__in=sorted(ACTIVE)), Q(status__in=sorted(TERMINAL))
    if act == BulkAct.CANCEL:
        return {ENDED: ended}
    if act == BulkAct.DELETE:
        return {NOT_ENDED: active}
    left_over = TaskRun.objects.filter(run=OuterRef("pk"), status__in=[Status.FAILED, Status.CANCELLED])
    return {NOT_ENDED: active, NOTHING_FAILED: ended & ~Q(Exists(left_over))}


def act_on_each(
    act: BulkAct, pks: Sequence[UUID], user: AbstractBaseUser | None = None, reason: str = ""
) -> list[BulkOutcome]:
    """Do something with each of these runs. The caller knows that the user may."""
    carry_out = _ACTS[act]
    batches = (pks[start : start + _BATCH] for start in range(0, len(pks), _BATCH))
    return [outcome for batch in batches for outcome in carry_out(batch, user, reason)]


def _cancel(pks: Sequence[UUID], user: AbstractBaseUser | None, reason: str) -> list[BulkOutcome]:
    with transaction.atomic():
        active = list(Run.objects.active().filter(pk__in=pks).only("pk", "tree_name"))
        RunCommand.objects.bulk_create(
            RunCommand(
                run=run, kind=RunCommand.Kind.CANCEL, requested_by_id=user.pk if user else None, reason=reason[:2000]
            )
            for run in active
        )
        audit.record_each("run.cancel", active, user=user, reason=reason)
        with django_cursor() as cursor:
            cursor.execute(WAKE_WORKERS)
    asked = {run.pk for run in active}
    return [BulkOutcome(pk, "" if pk in asked else ENDED) for pk in pks]


def _delete(pks: Sequence[UUID], user: AbstractBaseUser | None, reason: str) -> list[BulkOutcome]:
    runs = Run.objects.filter(pk__in=pks)
    delete_runs(runs, user, reason)
    left = set(runs.values_list("pk", flat=True))
    return [BulkOutcome(pk, NOT_ENDED if pk in left else "") for pk in pks]


def _rerun_failed(pks: Sequence[UUID], user: AbstractBaseUser | None, reason: str) -> list[BulkOutcome]:
    runs = Run.objects.select_related("tree").in_bulk(pks)
    return [_rerun_one(runs[pk], user, reason) if pk in runs else BulkOutcome(pk, "It is gone") for pk in pks]


def _rerun_one(run: Run, user: AbstractBaseUser | None, reason: str) -> BulkOutcome:
    if run.status in ACTIVE:
        return BulkOutcome(run.pk, NOT_ENDED)
    try:
        return BulkOutcome(run.pk, new_run=rerun(run, Wish(), user=user, reason=reason).pk)
    except InvalidDefinitionError as error:
        return BulkOutcome(run.pk, str(error.problems[0]))


_ACTS: Final[dict[BulkAct, Callable[[Sequence[UUID], AbstractBaseUser | None, str], list[BulkOutcome]]]] = {
    BulkAct.CANCEL: _cancel,
    BulkAct.DELETE: _delete,
    BulkAct.RERUN_FAILED: _rerun_failed,
}
