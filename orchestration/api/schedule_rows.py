"""Schedules and their fires as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.actions.schedule_preview import last_fires, preview_of
from orchestration.actions.schedules import MAX_JITTER_SECONDS
from orchestration.engine.schedule_due import MAX_CATCH_UP
from orchestration.engine.schedule_timing import EXAMPLES, MAX_EXPRESSION_CHARS, Kind
from orchestration.engine.status import Status
from orchestration.models import Schedule, ScheduleFire

from .schemas import Fields, Flag, Moment, Name, Priority, Text

_WRITTEN: Final = "; ".join(f"{kind}: {example}" for kind, example in EXAMPLES.items())
#: Moments that a schedule is shown with.
NEXT_FIRES: Final = 5
MaxRuns = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class TimingIn(Fields):
    """When a schedule is due."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"kind": "weekly", "expression": "mon,wed,fri@08:30", "timezone": "Europe/Berlin"}
        }
    )

    kind: Kind
    expression: Text = Field(min_length=1, max_length=MAX_EXPRESSION_CHARS, description=_WRITTEN)
    timezone: Text = Field("UTC", min_length=1, max_length=64, description="an IANA name", examples=["Europe/Berlin"])
    starts_at: Moment | None = Field(None, description="nothing is due before")
    ends_at: Moment | None = Field(None, description="nothing is due after")


class SchedulePreviewIn(TimingIn):
    """What would be saved, of a new schedule or of one that is stored, and how far to look ahead."""

    max_runs: MaxRuns | None = None
    schedule: UUID | None = Field(
        None, description="the id of one that would be changed: its moments count from when it was made"
    )
    count: Annotated[int, Field(strict=True, ge=1, le=100)] = 5


class ScheduleFields(TimingIn):
    """Everything that people decide about a schedule. What is absent has its default."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Every weekday",
                "kind": "weekly",
                "expression": "1-5 08:30",
                "timezone": "Europe/Berlin",
                "overlap": "skip",
            }
        }
    )

    name: Name
    max_runs: MaxRuns | None = None
    parameters: dict[str, Any] = Field(default={}, description="what the tree's schema of parameters asks for")
    priority: Priority = 2
    overlap: Schedule.Overlap = Field(
        Schedule.Overlap.SKIP, description="what a fire does while an earlier run of the schedule has not ended"
    )
    misfire: Schedule.Misfire = Field(
        Schedule.Misfire.ONCE, description="what becomes of moments at which no worker was there"
    )
    catch_up: Annotated[int, Field(strict=True, ge=1, le=MAX_CATCH_UP)] = Field(
        1, description="with catch_up: how many of the missed moments are made up for"
    )
    jitter_seconds: Annotated[int, Field(strict=True, ge=0, le=MAX_JITTER_SECONDS)] = Field(
        0, description="each fire is delayed by up to so much"
    )


class NewSchedule(ScheduleFields):
    """A new schedule."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "tree": "0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10",
                "name": "Every weekday",
                "kind": "weekly",
                "expression": "1-5 08:30",
                "timezone": "Europe/Berlin",
            }
        }
    )

    tree: UUID
    enabled: Flag = True


class FireOut(Fields):
    """What became of a moment; a row of missed ones stands for `count`, from `due_at` to `last_due_at`."""

    id: int
    due_at: datetime
    last_due_at: datetime | None
    count: int
    at: datetime = Field(description="when it was dealt with")
    outcome: ScheduleFire.Outcome
    reason: str
    by_hand: bool
    backfill_id: int | None = Field(description="the backfill that makes up for it")
    run_id: UUID | None
    run_status: Status | None


class ScheduleOut(Fields):
    """A schedule."""

    id: UUID
    name: str
    tree_id: UUID
    tree_name: str
    kind: Kind
    expression: str
    timezone: str
    words: str = Field(examples=["every weekday at 08:30 (Europe/Berlin)"])
    starts_at: datetime | None
    ends_at: datetime | None
    max_runs: int | None
    run_count: int = Field(description="fires that max_runs counts")
    parameters: dict[str, Any]
    priority: int
    overlap: str
    misfire: str
    catch_up: int
    jitter_seconds: int
    enabled: bool
    state: str = Field(
        description="on, off, over (on, and nothing is to come) or problem (switched off by itself)", examples=["on"]
    )
    problem: str
    next_due_at: datetime | None
    next_fire_at: datetime | None = Field(description="the same with its jitter")
    responsible: str | None = Field(description="a user name: whose runs they are")
    last_fire: FireOut | None
    created_at: datetime
    updated_at: datetime


class ScheduleMay(Fields):
    """What the caller may do with the schedule."""

    run: bool
    edit: bool


class ScheduleDetails(ScheduleOut):
    """A schedule with what is to come."""

    model_config = ConfigDict(title="Schedule")

    next_fires: list[datetime]
    notes: list[str] = Field(description="what the next clock changes do to it")
    may: ScheduleMay


class PreviewOut(Fields):
    """What a schedule would do."""

    words: str
    next_fires: list[datetime]
    notes: list[str]


def fire_row(fire: ScheduleFire) -> dict[str, Any]:
    """Return a fire as FireOut; its run is loaded."""
    taken = set(FireOut.model_fields) - {"run_status"}
    return {name: getattr(fire, name) for name in taken} | {"run_status": fire.run.status if fire.run else None}


def fire_rows(fires: Sequence[ScheduleFire]) -> list[Any]:
    """Return fires as FireOut."""
    return [fire_row(fire) for fire in fires]


def schedule_rows(actor: Actor, schedules: Sequence[Schedule]) -> list[dict[str, Any]]:
    """Return schedules as ScheduleOut; their trees and who is responsible are loaded."""
    last = last_fires(schedules)
    return [_row(actor, schedule, last.get(schedule.pk)) for schedule in schedules]


def schedule_details(actor: Actor, schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as ScheduleDetails."""
    ahead = preview_of(schedule, NEXT_FIRES)
    may = {"run": rules.may_start(actor), "edit": rules.may_edit_schedules(actor)}
    return schedule_rows(actor, [schedule])[0] | {"next_fires": ahead.fires, "notes": ahead.notes, "may": may}


def _row(actor: Actor, schedule: Schedule, last: ScheduleFire | None) -> dict[str, Any]:
    taken = set(ScheduleOut.model_fields) - {"tree_name", "responsible", "last_fire", "parameters"}
    return {name: getattr(schedule, name) for name in taken} | {
        "tree_name": schedule.tree.name,
        "responsible": schedule.responsible.get_username() if schedule.responsible else None,
        "last_fire": fire_row(last) if last else None,
        "parameters": shown_value(actor, schedule.parameters),
    }
