"""The pages of schedules: the list with its calendar, one schedule, the form, and what the buttons do."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orchestration.access import Actor, rules
from orchestration.actions.backfills import backfill_states
from orchestration.actions.schedule_preview import preview, preview_of
from orchestration.actions.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    locked_schedule,
    pause_all,
    resume_all,
    run_schedule_now,
    search_schedules,
    switch_schedule,
)
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.json_values import storable_text
from orchestration.engine.schedule_timing import EXAMPLES, zone_names
from orchestration.models import Schedule, SchedulesPause
from orchestration.store.counted import CountedPaginator

from .access import PageRequest, page, shown_to
from .backfill_form import BackfillForm
from .schedule_form import ScheduleForm, times_of
from .schedule_lines import (
    calendar,
    due_first,
    fire_line,
    listed_schedules,
    schedule_lines,
    schedule_state,
    shown_moments,
)

NEXT_FIRES: Final = 5
BACKFILLS_SHOWN: Final = 5
SCHEDULES_PER_PAGE: Final = 50
FIRES_PER_PAGE: Final = 50
_REASON_CHARS: Final = 500


@require_safe
@page
def schedules(request: PageRequest) -> HttpResponse:
    """List the schedules, and what they will do in the next days."""
    actor = Actor(request.user)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    found = listed_schedules(actor).filter(search_schedules(words))
    listing = Paginator(found, SCHEDULES_PER_PAGE).get_page(request.GET.get("page"))
    ahead, left_out = due_first(found)
    context = {
        "section": "schedules",
        "q": words,
        "listing": listing,
        "lines": schedule_lines(list(listing)),
        "calendar": calendar(ahead),
        "left_out": left_out,
        "pause": SchedulesPause.objects.select_related("paused_by").first(),
        "may_run": rules.may_start(actor),
        "may_edit": rules.may_edit_schedules(actor),
        "may_pause": rules.may_pause_schedules(actor),
    }
    return render(request, "pages/schedules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def schedule_new(request: PageRequest) -> HttpResponse:
    """Make a schedule."""
    actor = Actor(request.user)
    if not rules.may_edit_schedules(actor):
        raise PermissionDenied("Schedules are made by editors.")
    form = ScheduleForm(actor, request.POST if request.method == "POST" else None, tree=request.GET.get("tree"))
    if request.method == "POST" and form.is_valid():
        try:
            values, data = form.values(), form.cleaned_data
            made = create_schedule(data["tree"], values, user=request.user, enabled=data["enabled"])
        except InvalidDefinitionError as error:
            form.refuse(error)
        else:
            messages.success(request, f"The schedule “{made.name}” is saved: {made.words}.")
            return redirect(made)
    context = {"section": "schedules", **_form_context(request, form)}
    return render(request, "pages/schedule_new.html", context, status=422 if form.errors else 200)


def _form_context(request: PageRequest, form: ScheduleForm, stored: Schedule | None = None) -> dict[str, Any]:
    """What the form needs around it: the examples, the zones, and a preview of what was sent."""
    ahead = _look_ahead(request.POST, stored) if form.is_bound else {}
    return {"form": form, "examples": EXAMPLES.items(), "zones": sorted(zone_names()), **ahead}


@require_safe
@page
def schedule_preview(request: PageRequest) -> HttpResponse:
    """Say what a form that is being filled in would do, of a new schedule or a stored one: a piece of a page."""
    stored = visible_schedule(request, _stored_id(request)) if "schedule" in request.GET else None
    return render(request, "pages/_schedule_preview.html", _look_ahead(request.GET, stored))


def _stored_id(request: PageRequest) -> UUID:
    try:
        return UUID(request.GET["schedule"])
    except ValueError as error:
        raise Http404("There is no such schedule.") from error


def _look_ahead(query: Any, stored: Schedule | None = None) -> dict[str, Any]:
    try:
        values = times_of(query)
        seen = preview(values, NEXT_FIRES, stored)
    except InvalidDefinitionError as error:
        return {"preview_problems": [f"It {problem.message}." for problem in error.problems] if query else []}
    except ValueError as error:
        return {"preview_problems": [str(error)]}
    return {"preview": seen, "preview_fires": shown_moments(seen.fires, values["timezone"])}


@require_http_methods(["GET", "HEAD", "POST"])
@page
def schedule(request: PageRequest, pk: UUID) -> HttpResponse:
    """Show a schedule: what is to come, what became of its moments, and its form for editors."""
    actor, found = Actor(request.user), visible_schedule(request, pk)
    may_edit = rules.may_edit_schedules(actor)
    form = ScheduleForm(actor, schedule=found)
    if request.method == "POST":
        _require(may_edit)
        form, saved = _change(request, found)
        if saved is not None:
            messages.success(request, f"The schedule “{saved.name}” is saved: {saved.words}.")
            return redirect(saved)
    return schedule_page(request, found, form=form)


def schedule_page(
    request: PageRequest,
    found: Schedule,
    *,
    form: ScheduleForm | None = None,
    backfill: BackfillForm | None = None,
) -> HttpResponse:
    """Return the page of a schedule, with forms that were filled in; 422 when one has errors."""
    actor = Actor(request.user)
    may_edit = rules.may_edit_schedules(actor)
    form, backfill = form or ScheduleForm(actor, schedule=found), backfill or BackfillForm(found)
    ahead = preview_of(found, NEXT_FIRES)
    rows = found.fires.select_related("run")
    listing = CountedPaginator(rows, FIRES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "schedules",
        "schedule": found,
        "state": schedule_state(found),
        "ahead": ahead,
        "fires": shown_moments(ahead.fires, found.timezone),
        "listing": listing,
        "lines": [fire_line(fire) for fire in listing],
        "pause": SchedulesPause.objects.first(),
        "may_edit": may_edit,
        "shown_parameters": shown_to(request.user, found.parameters),
        "backfill_form": backfill,
        "backfills": backfill_states(list(found.backfills.select_related("asked_by")[:BACKFILLS_SHOWN])),
        **(_form_context(request, form, found) if may_edit else {}),
    }
    return render(request, "pages/schedule.html", context, status=422 if form.errors or backfill.errors else 200)


def _change(request: PageRequest, found: Schedule) -> tuple[ScheduleForm, Schedule | None]:
    """Save what was sent; None, and what is wrong in the form, when it can't be. Those who save take turns."""
    with transaction.atomic():
        form = ScheduleForm(Actor(request.user), request.POST, schedule=locked_schedule(found))
        if form.is_valid():
            try:
                return form, change_schedule(found, form.values(), user=request.user)
            except InvalidDefinitionError as error:
                form.refuse(error)
    return form, None


@require_POST
@page
def schedule_switch(request: PageRequest, pk: UUID) -> HttpResponse:
    """Switch a schedule on or off."""
    found, enabled = visible_schedule(request, pk), request.POST.get("enabled") == "true"
    _require(rules.may_edit_schedules(Actor(request.user)))
    try:
        switch_schedule(found, enabled, user=request.user)
    except InvalidDefinitionError as error:
        messages.error(request, f"“{found.name}” can't be switched on: {error}")
    else:
        messages.success(request, f"“{found.name}” is {'on' if enabled else 'off'}.")
    return redirect(found if request.POST.get("back") == "schedule" else "schedules")


@require_POST
@page
def schedule_run(request: PageRequest, pk: UUID) -> HttpResponse:
    """Start a run by hand, and go to it."""
    found = visible_schedule(request, pk)
    try:
        fire = run_schedule_now(found, user=request.user)
    except InvalidDefinitionError as error:
        messages.error(request, f"It could not start: {error}")
        return redirect(found)
    return redirect("run", fire.run_id)


@require_POST
@page
def schedule_delete(request: PageRequest, pk: UUID) -> HttpResponse:
    """Delete a schedule."""
    found = visible_schedule(request, pk)
    _require(rules.may_edit_schedules(Actor(request.user)))
    delete_schedule(found, user=request.user)
    messages.success(request, f"The schedule “{found.name}” is deleted. Its runs are still there.")
    return redirect("schedules")


@require_POST
@page
def schedules_pause(request: PageRequest) -> HttpResponse:
    """Pause all schedules, or let them go on."""
    _require(rules.may_pause_schedules(Actor(request.user)))
    if request.POST.get("paused") == "true":
        pause_all(user=request.user, reason=storable_text(request.POST.get("reason", "").strip(), _REASON_CHARS))
        messages.success(request, "All schedules are paused.")
    else:
        resume_all(user=request.user)
        messages.success(request, "Schedules fire again from now on.")
    return redirect("schedules")


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied("Your role may look at schedules and run them, but not change them.")


def visible_schedule(request: PageRequest, pk: UUID) -> Schedule:
    """Return a schedule that the user may see: 404 or 403 otherwise."""
    actor = Actor(request.user)
    found = rules.find_schedule(actor, pk)
    if found is None:
        raise Http404("There is no such schedule, or its tree is not shared with you.")
    if not rules.may_start(actor):
        raise PermissionDenied("Schedules are shown to those who may run their tree.")
    return found
