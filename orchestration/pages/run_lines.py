"""Runs as the lines of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count
from django.utils import timezone

from orchestration.engine import durations
from orchestration.engine.status import ACTIVE, TERMINAL, Status
from orchestration.models import Run, TaskRun
from orchestration.models.execution import RunQuerySet

from . import states
from .states import State


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of a list. `done` and `failed` count the tasks of active runs; for others they would tell nothing."""

    run: Run
    state: State
    duration: str
    done: int | None
    failed: int = 0

    @property
    def trigger(self) -> str:
        """What started the run, in words."""
        return states.TRIGGERS.get(self.run.trigger, self.run.trigger)

    @property
    def is_active(self) -> bool:
        """True while the run may still change."""
        return self.run.status in ACTIVE


def listed_runs(user: User) -> RunQuerySet:
    """The runs that a user may see, without the columns that no list shows."""
    return Run.objects.visible_to(user).select_related("requested_by").defer("parameters", "cancel_reason")


def run_lines(runs: Iterable[Run], now: datetime | None = None) -> list[RunLine]:
    """Make lines of runs, with one query for the progress of those that are active."""
    runs = list(runs)
    moment = now or timezone.now()
    tasks = _finished_tasks([run.pk for run in runs if run.status in ACTIVE])
    return [
        RunLine(
            run=run,
            state=states.of_run(run),
            duration=durations.between(run.started_at, run.finished_at, moment),
            done=sum(tasks[run.pk].values()) if run.status in ACTIVE else None,
            failed=tasks[run.pk].get(Status.FAILED, 0) if run.status in ACTIVE else 0,
        )
        for run in runs
    ]


def _finished_tasks(run_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    finished = TaskRun.objects.filter(run__in=run_ids, status__in=sorted(TERMINAL)).order_by()
    counts: dict[UUID, dict[str, int]] = {run_id: {} for run_id in run_ids}
    for run_id, status, count in finished.values_list("run_id", "status").annotate(Count("pk")):
        counts[run_id][status] = count
    return counts
