"""What people ask of workers: to take no more runs for a while, and to take them again."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from orchestration.engine.errors import NotPossibleError
from orchestration.engine.json_values import storable_text
from orchestration.models import Worker
from orchestration.store.statements import WAKE_WORKERS

from . import audit

#: Characters of a reason.
MAX_REASON_CHARS = 2_000


def drain_worker(worker: Worker, user: AbstractBaseUser | None = None, reason: str = "") -> Worker:
    """Let a worker take no more runs: what runs there ends, its runs go to other workers, and it stays alive, idle.

    It hears of it at once. One that is drained already stays as it is. Raises NotPossibleError for one that is gone,
    or that runs one tree of its own.
    """
    with transaction.atomic():
        found = _locked(worker, "drained")
        if not found.accepts_runs:
            raise NotPossibleError(
                f"{found.name} can't be drained: it runs one tree of its own, which no other worker would go on with. "
                "Cancel that run instead."
            )
        if not found.draining:
            found.draining, found.drained_at = True, timezone.now()
            found.drained_by_id = user.pk if user else None
            found.drain_reason = storable_text(reason, MAX_REASON_CHARS)
            _save(found, "worker.drain", user, reason)
    return found


def resume_worker(worker: Worker, user: AbstractBaseUser | None = None, reason: str = "") -> Worker:
    """Let a drained worker take runs again, at once. One that takes runs already stays as it is.

    Raises NotPossibleError for one that is gone.
    """
    with transaction.atomic():
        found = _locked(worker, "resumed")
        if found.draining:
            found.draining, found.drained_at, found.drained_by, found.drain_reason = False, None, None, ""
            _save(found, "worker.resume", user, reason)
    return found


def _locked(worker: Worker, done: str) -> Worker:
    found = Worker.objects.live().select_for_update(of=("self",)).filter(pk=worker.pk).first()
    if found is not None:
        return found
    gone = Worker.objects.filter(pk=worker.pk).first()
    how = "was lost" if gone is not None and gone.stopped_at is None else "has stopped"
    raise NotPossibleError(f"{worker.name} can't be {done}: it {how}. Start another with `manage.py worker`.")


def _save(worker: Worker, act: str, user: AbstractBaseUser | None, reason: str) -> None:
    worker.save(update_fields=["draining", "drained_at", "drained_by", "drain_reason"])
    audit.record(act, worker, user=user, reason=reason)
    with connection.cursor() as cursor:
        cursor.execute(WAKE_WORKERS)
