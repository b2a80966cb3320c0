"""Schedules: when trees run by themselves."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from ninja import Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.backfills import cancel_backfill, plan_backfill, start_backfill
from orchestration.actions.schedule_preview import preview
from orchestration.actions.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    pause_all,
    resume_all,
    run_schedule_now,
    search_schedules,
    switch_schedule,
)
from orchestration.models import Schedule, SchedulesPause

from .backfill_rows import BackfillIn, BackfillOut, BackfillPlanOut, backfill_rows, plan_row
from .door import ApiRequest
from .errors import forbidden, not_found
from .found import visible_tree
from .paging import Order, Page, PageQuery
from .schedule_rows import (
    FireOut,
    NewSchedule,
    PreviewOut,
    ScheduleDetails,
    ScheduleFields,
    ScheduleOut,
    SchedulePreviewIn,
    fire_row,
    fire_rows,
    schedule_details,
    schedule_rows,
)
from .schemas import ErrorAnswer, Fields, Flag, Moment, Reason, Text

router = Router(tags=["schedules"])

_BY_NAME: Final = Order(("name", "id"))
_NEWEST: Final = Order(("-due_at", "-id"))
_LATEST: Final = Order(("-id",))


class ScheduleQuery(PageQuery):
    """What a list of schedules is narrowed by."""

    tree: UUID | None = Field(None, description="a tree's id")
    enabled: bool | None = Field(None, description="the switch alone: a schedule that is over is on too")
    q: Text = Field("", max_length=200, description="in the name or the tree's name")


class PauseOut(Fields):
    """Whether all schedules are paused, since when, by whom and why."""

    paused: bool
    paused_at: Moment | None
    paused_by: str | None
    reason: str


class PauseIn(Fields):
    """Pause all schedules, or let them go on."""

    paused: Flag
    reason: Reason = ""


class EnabledIn(Fields):
    """Switch a schedule on or off."""

    enabled: Flag


@router.get("/schedules", response=Page[ScheduleOut], summary="List schedules")
def list_schedules(request: ApiRequest, query: Query[ScheduleQuery]) -> Page[Any]:
    """List the schedules of trees that you may run, by name."""
    found = rules.schedules_of(request.auth).select_related("tree", "responsible")
    found = found.filter(search_schedules(query.q.strip(), query.tree, query.enabled))
    return _BY_NAME.page(found, query, lambda rows: schedule_rows(request.auth, rows))


@router.post("/schedules", response={201: ScheduleDetails, 404: ErrorAnswer}, summary="Make a schedule")
def make_schedule(request: ApiRequest, body: NewSchedule) -> Status[Any]:
    """Make a schedule of a tree. You are responsible for its runs: they are yours."""
    tree = visible_tree(request, body.tree)
    _require_editor(request)
    values = body.model_dump(exclude={"tree", "enabled"})
    made = create_schedule(tree, values, user=request.auth.user, enabled=body.enabled)
    return Status(201, schedule_details(request.auth, _found(request, made.pk)))


@router.post("/schedules/preview", response={200: PreviewOut, 404: ErrorAnswer}, summary="Look ahead")
def preview_schedule(request: ApiRequest, body: SchedulePreviewIn) -> dict[str, Any]:
    """Say in words when a schedule would be due if it were saved now, and its next moments; nothing is saved."""
    stored = None if body.schedule is None else _found(request, body.schedule)
    seen = preview(body.model_dump(exclude={"schedule", "count"}), body.count, stored)
    return {"words": seen.words, "next_fires": seen.fires, "notes": seen.notes}


@router.get("/schedules/pause", response=PauseOut, summary="Are all schedules paused?")
def read_schedules_pause(request: ApiRequest) -> dict[str, Any]:
    """Say whether all schedules are paused."""
    pause = SchedulesPause.objects.select_related("paused_by").first()
    return {
        "paused": pause is not None,
        "paused_at": pause.paused_at if pause else None,
        "paused_by": pause.paused_by.get_username() if pause and pause.paused_by else None,
        "reason": pause.reason if pause else "",
    }


@router.put("/schedules/pause", response=PauseOut, summary="Pause all schedules")
def set_schedules_pause(request: ApiRequest, body: PauseIn) -> dict[str, Any]:
    """Let no schedule fire, or let them go on. What was due meanwhile is recorded as missed and not made up for."""
    if not rules.may_pause_schedules(request.auth):
        raise forbidden("Only administrators pause all schedules.")
    if body.paused:
        pause_all(user=request.auth.user, reason=body.reason)
    else:
        resume_all(user=request.auth.user)
    return read_schedules_pause(request)


@router.get("/schedules/{uuid:id}", response=ScheduleDetails, summary="Read a schedule")
def read_schedule(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """Return a schedule and its next moments."""
    return schedule_details(request.auth, _found(request, id))


@router.put("/schedules/{uuid:id}", response=ScheduleDetails, summary="Change a schedule")
def update_schedule(request: ApiRequest, id: UUID, body: ScheduleFields) -> dict[str, Any]:
    """Change a schedule as a whole; its runs are yours. New times count from now on, or else what is planned stays."""
    schedule = _found(request, id)
    _require_editor(request)
    change_schedule(schedule, body.model_dump(), user=request.auth.user)
    return schedule_details(request.auth, _found(request, id))


@router.delete("/schedules/{uuid:id}", response={204: None}, summary="Delete a schedule")
def remove_schedule(request: ApiRequest, id: UUID) -> Status[None]:
    """Delete a schedule and the history of its fires. Its runs stay."""
    schedule = _found(request, id)
    _require_editor(request)
    delete_schedule(schedule, user=request.auth.user)
    return Status(204, None)


@router.put("/schedules/{uuid:id}/enabled", response=ScheduleDetails, summary="Switch a schedule on or off")
def set_schedule_enabled(request: ApiRequest, id: UUID, body: EnabledIn) -> dict[str, Any]:
    """Switch a schedule on or off. Switched on, it fires at its next moment, never for those that have passed."""
    schedule = _found(request, id)
    _require_editor(request)
    switch_schedule(schedule, body.enabled, user=request.auth.user)
    return schedule_details(request.auth, _found(request, id))


@router.post("/schedules/{uuid:id}/run", response={201: FireOut}, summary="Run a schedule now")
def run_schedule(request: ApiRequest, id: UUID) -> Status[Any]:
    """Start a run by hand, whatever else of the schedule runs or is to come. The run is yours."""
    schedule = _found(request, id)
    return Status(201, fire_row(run_schedule_now(schedule, user=request.auth.user)))


@router.get("/schedules/{uuid:id}/fires", response=Page[FireOut], summary="What became of its moments")
def list_schedule_fires(request: ApiRequest, id: UUID, query: Query[PageQuery]) -> Page[Any]:
    """List what became of a schedule's moments, newest first: started, left out, missed, each with its reason."""
    schedule = _found(request, id)
    return _NEWEST.page(schedule.fires.select_related("run"), query, fire_rows)


@router.post(
    "/schedules/{uuid:id}/backfill",
    response={200: BackfillPlanOut, 201: BackfillOut},
    summary="Run a schedule for moments of the past",
)
def make_backfill(request: ApiRequest, id: UUID, body: BackfillIn) -> Status[Any]:
    """Run each moment of a span of the past once, or say what would run. The runs are yours.

    Workers start them, the earliest first. Moments that had a run are left out unless `again`.
    """
    schedule = _found(request, id)
    if body.dry_run:
        return Status(200, plan_row(plan_backfill(schedule, body.since, body.until, again=body.again)))
    values = body.model_dump(exclude={"dry_run"})
    made = start_backfill(schedule, **values, user=request.auth.user)
    return Status(201, backfill_rows([made])[0])


@router.get("/schedules/{uuid:id}/backfills", response=Page[BackfillOut], summary="List a schedule's backfills")
def list_backfills(request: ApiRequest, id: UUID, query: Query[PageQuery]) -> Page[Any]:
    """List the backfills of a schedule and how they stand, the newest first."""
    return _LATEST.page(_found(request, id).backfills.select_related("asked_by"), query, backfill_rows)


@router.post("/schedules/{uuid:id}/backfills/{int:backfill}/cancel", response=BackfillOut, summary="Cancel a backfill")
def stop_backfill(request: ApiRequest, id: UUID, backfill: int) -> Any:
    """Give up what of a backfill has not started. Its runs go on; asking again changes nothing."""
    found = _found(request, id).backfills.filter(pk=backfill).first()
    if found is None:
        raise not_found("backfill")
    return backfill_rows([cancel_backfill(found, user=request.auth.user)])[0]


def _found(request: ApiRequest, pk: UUID) -> Schedule:
    schedule = rules.find_schedule(request.auth, pk)
    if schedule is None:
        raise not_found("schedule")
    if not rules.may_start(request.auth):
        raise forbidden("Schedules are shown to those who may run their tree; that takes the role operator.")
    return schedule


def _require_editor(request: ApiRequest) -> None:
    if not rules.may_edit_schedules(request.auth):
        raise forbidden("You may look at schedules and run them, but not change them; that takes the role editor.")
