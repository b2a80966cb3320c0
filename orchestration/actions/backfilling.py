"""Backfills on the side of the worker: start what is to be made up for, as much at a time as was asked.

One transaction takes a backfill (SKIP LOCKED, so that workers share them) and starts the run of its next moment.
"""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, transaction

from orchestration.models import Backfill, Run, ScheduleFire
from orchestration.store.clock import database_now

from . import audit
from .schedule_runs import REASON_CHARS, is_paused, start_fire

logger = logging.getLogger("apflow.schedules")


def start_one_backfilled() -> bool:
    """Start the next run of a backfill that has room for one and that nobody else has; False when there is none."""
    with transaction.atomic():
        if is_paused():
            return False
        backfill = _take()
        if backfill is None:
            return False
        try:
            with transaction.atomic():
                _start_next(backfill)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # It must not hold up the others for ever.
            logger.exception("backfill %s can't go on", backfill.pk)
            reason = "It could not go on; the worker's log says why"
            detail = {"backfill": backfill.pk, "given_up": end_backfill(backfill, reason)}
            audit.record("schedule.backfill_cancel", backfill.schedule, reason=reason, detail=detail)
    return True


def _take() -> Backfill | None:
    room = Backfill.objects.filter(pk__in=Backfill.objects.with_room().values("pk")).order_by("pk")
    backfill = (
        room.select_for_update(skip_locked=True, of=("self",)).select_related("schedule__tree", "asked_by").first()
    )
    # Looked at again under the lock: another worker may have started one meanwhile.
    if backfill is None or runs_of_backfill(backfill) >= backfill.at_once:
        return None
    return backfill


def runs_of_backfill(backfill: Backfill) -> int:
    """Count the runs of a backfill that have not ended."""
    return Run.objects.active().filter(fire__backfill=backfill).count()


def _start_next(backfill: Backfill) -> None:
    waiting = list(backfill.fires.waiting()[:2])
    if waiting:
        schedule, fire = backfill.schedule, waiting[0]
        key = f"schedule-{schedule.pk}-{fire.due_at.isoformat()}-backfill-{backfill.pk}"
        start_fire(schedule, fire, backfill.asked_by, key)
    if len(waiting) < 2:
        _mark_ended(backfill)


def end_backfill(backfill: Backfill, reason: str) -> int:
    """Give up what of a backfill waits for its turn, and return how much; its row is locked."""
    given_up = backfill.fires.waiting().update(outcome=ScheduleFire.Outcome.CANCELLED, reason=reason[:REASON_CHARS])
    _mark_ended(backfill)
    return given_up


def _mark_ended(backfill: Backfill) -> None:
    backfill.ended_at = database_now()
    backfill.save(update_fields=["ended_at"])
