"""What the card of backfills on a schedule's page does: look ahead, start, cancel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from orchestration.actions.backfills import cancel_backfill, start_backfill
from orchestration.engine.errors import InvalidDefinitionError

from .access import PageRequest, page
from .backfill_form import BackfillForm, problem_words
from .schedule_lines import shown_moments
from .schedules import schedule_page, visible_schedule


@require_safe
@page
def backfill_preview(request: PageRequest, pk: UUID) -> HttpResponse:
    """Say what a form that is being filled in would run: a piece of a page."""
    found = visible_schedule(request, pk)
    # How many at once decides nothing here.
    form = BackfillForm(found, {**request.GET.dict(), "at_once": "1"})
    return render(request, "pages/_backfill_preview.html", _look_back(form, found.timezone))


def _look_back(form: BackfillForm, zone: str) -> dict[str, Any]:
    if not form.is_valid():
        return {"backfill_problems": [error for errors in form.errors.values() for error in errors]}
    try:
        plan = form.plan()
    except InvalidDefinitionError as error:
        said = [problem_words(problem.path.removeprefix("$."), problem.message) for problem in error.problems]
        return {"backfill_problems": said}
    ends = [plan.moments[0], plan.moments[-1]] if len(plan.moments) > 1 else plan.moments
    return {"backfill_plan": plan, "backfill_ends": shown_moments(ends, zone)}


@require_POST
@page
def backfill_start(request: PageRequest, pk: UUID) -> HttpResponse:
    """Start a backfill."""
    found = visible_schedule(request, pk)
    form = BackfillForm(found, request.POST)
    if form.is_valid():
        try:
            made = start_backfill(found, **form.cleaned_data, user=request.user)
        except InvalidDefinitionError as error:
            form.refuse(error)
        else:
            what = "1 moment gets its run" if made.count == 1 else f"{made.count:,} moments get their runs"
            messages.success(request, f"The backfill has begun: {what}, {made.at_once} at a time.")
            return redirect(found)
    return schedule_page(request, found, backfill=form)


@require_POST
@page
def backfill_cancel(request: PageRequest, pk: UUID, backfill: int) -> HttpResponse:
    """Give up what of a backfill has not started."""
    schedule = visible_schedule(request, pk)
    found = schedule.backfills.filter(pk=backfill).first()
    if found is None:
        raise Http404("There is no such backfill.")
    cancel_backfill(found, user=request.user)
    messages.success(request, "The backfill is cancelled. Runs that have started go on.")
    return redirect(schedule)
