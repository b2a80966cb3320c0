"""The overview: what is going on, what went wrong, and who does the work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Sum
from django.db.models.functions import Left
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestration.access import Actor
from orchestration.actions.overview import overview_of
from orchestration.engine.status import ACTIVE, Status
from orchestration.models import ExecutorConfig, Run, SchedulesPause, TaskRun, Tree, Worker

from .access import PageRequest, may_start, page
from .boot import boot_of
from .run_lines import RunLine, listed_runs, run_lines
from .schedule_lines import listed_schedules
from .states import plain

RECENT: Final = 12
FAILURES: Final = 8
DUE: Final = 6
HELD_BACK: Final = 20
#: Characters of an error.
_ERROR_CHARS: Final = 240
#: Milliseconds between two looks of an open overview, while its stream is not there.
REFRESH_MS: Final = 3_000
#: What the charts show, by how the address calls it.
RANGES: Final = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days"}


@dataclass(frozen=True, slots=True)
class ActiveLine:
    """A run that has not ended, with how far it is (0 to 1) and the names of what runs."""

    line: RunLine
    progress: float
    names: list[str]

    @property
    def since(self) -> datetime:
        """When it started, or was queued."""
        return self.line.run.started_at or self.line.run.queued_at

    @property
    def told(self) -> str:
        """What its state is made of, for the script that compares it with the stream."""
        run = self.line.run
        return f"{run.status} {run.paused:d} {run.cancel_requested_at is not None:d}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed, and the task that failed first of its own accord, where there is one."""

    run: Run
    task_uid: str | None
    task_name: str | None
    error: str


@require_safe
@page
def overview(request: PageRequest) -> HttpResponse:
    """Show the overview."""
    now = overview_of(Run.objects.visible_to(request.user))
    since = timezone.now() - timedelta(days=1)
    runs = listed_runs(request.user)
    recent = run_lines(runs.finished().newest_first()[:RECENT])
    active = _active(request, now["active"])
    failed = runs.filter(status=Status.FAILED.value, finished_at__gte=since).order_by("-finished_at", "-id")
    context = {
        "section": "overview",
        "refresh": REFRESH_MS,
        "boot": boot_of(request),
        "active_count": sum(now["counts"][status] for status in ACTIVE),
        "active": active,
        "finished": [(plain(key), now["counts"][key]) for key in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)],
        "ranges": RANGES.items(),
        "range": request.GET["range"] if request.GET.get("range") in RANGES else "24h",
        "recent": recent,
        "has_trees": bool(recent or active) or Tree.objects.visible_to(request.user).current().exists(),
        "due": listed_schedules(Actor(request.user)).upcoming()[:DUE] if may_start(request.user) else None,
        "pause": may_start(request.user) and SchedulesPause.objects.exists(),
        "failures": _failures(list(failed[:FAILURES])),
        "workers": Worker.objects.live().order_by("name", "started_at"),
        "held_back": ExecutorConfig.objects.held_back().order_by("executor")[:HELD_BACK],
        "capacity": Worker.objects.accepting().aggregate(workers=Count("pk"), slots=Sum("slots", default=0)),
    }
    return render(request, "pages/overview.html", context)


def _active(request: PageRequest, active: list[dict[str, Any]]) -> list[ActiveLine]:
    found = run_lines(listed_runs(request.user).filter(pk__in=[run["id"] for run in active]))
    lines = {line.run.pk: line for line in found}
    return [ActiveLine(lines[run["id"]], run["progress"], run["running"]) for run in active if run["id"] in lines]


def _failures(runs: list[Run]) -> list[Failure]:
    causes = _first_causes([run.pk for run in runs])
    return [Failure(run, *causes.get(run.pk, (None, None, (run.error or "")[:_ERROR_CHARS]))) for run in runs]


def _first_causes(run_ids: list[UUID]) -> dict[UUID, tuple[str, str, str]]:
    """Return of each run the id, the name and the error of the task that failed first of its own accord."""
    failed = TaskRun.objects.filter(run__in=run_ids, status=Status.FAILED.value, first_cause_uid=None)
    first = failed.order_by("run", "finished_at", "ordinal").distinct("run").annotate(said=Left("error", _ERROR_CHARS))
    rows = first.values_list("run", "task_uid", "name", "said")
    return {run_id: (uid, name, said) for run_id, uid, name, said in rows}
