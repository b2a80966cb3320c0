"""Backfills as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from orchestration.actions.backfills import MAX_MOMENTS, BackfillPlan, backfill_states
from orchestration.models import Backfill
from orchestration.models.backfill import MAX_AT_ONCE

from .schemas import Fields, Flag, Moment


class BackfillIn(Fields):
    """A span of the past; each moment of the schedule in it, its two ends included, gets one run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "since": "2026-03-01T00:00:00+01:00",
                "until": "2026-03-31T23:59:59+02:00",
                "at_once": 2,
                "dry_run": True,
            }
        }
    )

    since: Moment
    until: Moment = Field(description=f"not in the future; the span holds {MAX_MOMENTS:,} moments at most")
    at_once: Annotated[int, Field(strict=True, ge=1, le=MAX_AT_ONCE)] = Field(
        1,
        description="how many of its runs may go on at the same time; the schedule's policy for overlaps is not asked",
    )
    again: Flag = Field(False, description="moments that had a run get another one")
    dry_run: Flag = Field(False, description="only say what would run")


class BackfillPlanOut(Fields):
    """What a backfill would run."""

    words: str = Field(examples=["every weekday at 08:30 (Europe/Berlin)"])
    count: int = Field(description="moments that get a run")
    left_out: int = Field(description="moments of the span that had a run, or wait for theirs")
    first: datetime | None
    last: datetime | None
    notes: list[str] = Field(description="what clock changes in the span do to it")


class BackfillOut(Fields):
    """A backfill. Its moments are in the schedule's fires, by `backfill_id`."""

    model_config = ConfigDict(title="Backfill")

    id: int
    since: datetime
    until: datetime
    count: int = Field(description="moments that it runs")
    at_once: int
    again: bool
    asked_by: str | None = Field(description="a user name: whose runs they are")
    waiting: int
    started: int
    refused: int = Field(description="moments whose run could not start; its fire says why")
    cancelled: int
    going_on: int = Field(description="runs that have not ended")
    created_at: datetime
    ended_at: datetime | None = Field(description="since when none waits any more")


def plan_row(plan: BackfillPlan) -> dict[str, Any]:
    """Return a plan as BackfillPlanOut."""
    return {
        "words": plan.words,
        "count": len(plan.moments),
        "left_out": plan.left_out,
        "first": plan.moments[0] if plan.moments else None,
        "last": plan.moments[-1] if plan.moments else None,
        "notes": plan.notes,
    }


def backfill_rows(backfills: Sequence[Backfill]) -> list[Any]:
    """Return backfills as BackfillOut; who asked for them is loaded."""
    own = ("id", "since", "until", "count", "at_once", "again", "created_at", "ended_at")
    return [
        {name: getattr(state.backfill, name) for name in own}
        | {name: state.outcomes[name] for name in ("waiting", "started", "refused", "cancelled")}
        | {"asked_by": state.backfill.asked_by.get_username() if state.backfill.asked_by else None}
        | {"going_on": state.going_on}
        for state in backfill_states(backfills)
    ]
