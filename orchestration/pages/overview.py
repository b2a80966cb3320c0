"""The overview: what is going on, what went wrong, and who does the work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestration.engine.status import Status
from orchestration.models import Run, Tree, Worker

from .access import PageRequest, page
from .run_lines import listed_runs, run_lines
from .states import plain

RECENT = 12
FAILURES = 8
#: Milliseconds between two looks of an open overview.
REFRESH_MS = 3_000


@require_safe
@page
def overview(request: PageRequest) -> HttpResponse:
    """Show the overview."""
    runs = listed_runs(request.user)
    since = timezone.now() - timedelta(days=1)
    recent = run_lines(runs.newest_first()[:RECENT])
    failures = runs.filter(status=Status.FAILED.value, finished_at__gte=since).order_by("-finished_at", "-id")
    context = {
        "section": "overview",
        "refresh": REFRESH_MS,
        "active": Run.objects.visible_to(request.user).active().count(),
        "finished": _finished(request, since),
        "recent": recent,
        "has_trees": bool(recent) or Tree.objects.visible_to(request.user).current().exists(),
        "failures": failures[:FAILURES],
        "workers": Worker.objects.live().order_by("name", "started_at"),
        "capacity": Worker.objects.accepting().aggregate(workers=Count("pk"), slots=Sum("slots", default=0)),
    }
    return render(request, "pages/overview.html", context)


def _finished(request: PageRequest, since: Any) -> list[tuple[Any, int]]:
    rows = Run.objects.visible_to(request.user).filter(finished_at__gte=since).order_by()
    counts = dict(rows.values_list("status").annotate(Count("pk")))
    return [(plain(key), counts.get(key, 0)) for key in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)]
