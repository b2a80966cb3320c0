"""The permission matrix of schedules; see `matrix.py`."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from orchestration.models import Backfill, Schedule

from .matrix import Row
from .world import Subject

_TIMING: Final = {"kind": "daily", "expression": "08:30"}
_FIELDS: Final = {"name": "Nightly", **_TIMING}
_SPAN: Final = {"since": "2025-03-01T00:00:00Z", "until": "2025-03-10T00:00:00Z"}


def _schedule(subject: Subject) -> dict[str, Any]:
    return {"id": Schedule.objects.create(tree=subject.tree, enabled=False, **_FIELDS).pk}


def _backfill(subject: Subject) -> dict[str, Any]:
    schedule = Schedule.objects.create(tree=subject.tree, enabled=False, **_FIELDS)
    made = Backfill.objects.create(schedule=schedule, count=1, created_at=timezone.now(), **_SPAN)
    return {"id": schedule.pk, "backfill": made.pk}


def _new(subject: Subject) -> dict[str, Any]:
    return {"tree": subject.tree.pk, **_FIELDS}


EXPECTED: dict[str, Row] = {
    "list_schedules": Row("anybody"),
    "make_schedule": Row("edit", body=_new),
    "preview_schedule": Row("anybody", body=_TIMING),
    "read_schedules_pause": Row("anybody"),
    "set_schedules_pause": Row("administer", body={"paused": True}),
    "read_schedule": Row("operate", path=_schedule),
    "update_schedule": Row("edit", path=_schedule, body=_FIELDS),
    "remove_schedule": Row("edit", path=_schedule),
    "set_schedule_enabled": Row("edit", path=_schedule, body={"enabled": True}),
    "run_schedule": Row("operate", path=_schedule),
    "make_backfill": Row("operate", path=_schedule, body=_SPAN),
    "list_backfills": Row("operate", path=_schedule),
    "stop_backfill": Row("operate", path=_backfill),
    "list_schedule_fires": Row("operate", path=_schedule),
}
