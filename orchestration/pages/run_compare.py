"""Two runs beside each other. The page's script asks the HTTP API for what it compares."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orchestration.models import Run

from .access import PageRequest, page, visible_run
from .boot import boot_of


@require_safe
@page
def run_compare(request: PageRequest) -> HttpResponse:
    """Open the comparison of the runs that the address names: `?left=ID&right=ID`."""
    left, right = (_named_run(request.user, request.GET.get(side, "")) for side in ("left", "right"))
    context = {"section": "runs", "left": left, "right": right, "boot": boot_of(request)}
    return render(request, "pages/run_compare.html", context)


def _named_run(user: User, written: str) -> Run:
    """Return a run that the user sees. Raises Http404."""
    try:
        return visible_run(user, UUID(written))
    except ValueError as error:
        raise Http404("The address has to name two runs: /runs/compare/?left=…&right=…") from error
