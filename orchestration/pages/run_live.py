"""A run on the canvas, live. The page's script asks the HTTP API and the live stream for everything."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .access import PageRequest, page, visible_run
from .boot import boot_of


@require_safe
@page
def run_live(request: PageRequest, pk: UUID) -> HttpResponse:
    """Open the run view."""
    run = visible_run(request.user, pk)
    boot = boot_of(request, runId=str(run.pk))
    return render(request, "pages/run_live.html", {"section": "runs", "title": run.tree_name, "run": run, "boot": boot})


@require_safe
@page
def run_open(request: PageRequest) -> HttpResponse:
    """Open the run view on a run that was saved as a file, which the browser alone reads."""
    return render(request, "pages/run_open.html", {"section": "runs", "boot": boot_of(request)})
