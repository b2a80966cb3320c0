"""Runs as the lines of a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count
from django.utils import timezone

from orchestration.engine.status import ACTIVE, TERMINAL
from orchestration.models import Run, TaskRun
from orchestration.models.execution import RunQuerySet

from . import durations, states
from .states import State


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of a list. `done` is known for active runs only: counting those of finished ones would tell nothing."""

    run: Run
    state: State
    duration: str
    done: int | None

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
    done = _finished_tasks([run.pk for run in runs if run.status in ACTIVE])
    return [
        RunLine(
            run=run,
            state=states.of_run(run),
            duration=durations.between(run.started_at, run.finished_at, moment),
            done=done.get(run.pk, 0) if run.status in ACTIVE else None,
        )
        for run in runs
    ]


def _finished_tasks(run_ids: list[UUID]) -> dict[UUID, int]:
    finished = TaskRun.objects.filter(run__in=run_ids, status__in=sorted(TERMINAL)).order_by()
    return dict(finished.values_list("run_id").annotate(Count("pk")))
