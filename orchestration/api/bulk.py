"""The same act on many runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from ninja import Router
from pydantic import ConfigDict, Field, model_validator

from orchestration.access import Actor, rules
from orchestration.actions.bulk import ENDED, BulkAct, BulkOutcome, Obstacle, act_on_each, doable, obstacles
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.status import Status
from orchestration.store.clock import database_now

from .door import ApiRequest
from .errors import ApiError, forbidden
from .run_filters import RunFilter
from .schemas import ErrorAnswer, Fields, Reason

router = Router(tags=["runs"])

MAX_IDS: Final = 1_000
#: Runs that a filter may match; each re-run is a run, so there are fewer of them.
MAX_MATCHES: Final = {BulkAct.CANCEL: 10_000, BulkAct.DELETE: 10_000, BulkAct.RERUN_FAILED: 200}
#: Runs over the expected number are new arrivals, and left alone, when they were queued within this time.
ARRIVALS: Final = timedelta(minutes=5)
#: Runs that a plan names.
PLANNED_RUNS: Final = 20

_MAY_EVER: Final = {
    BulkAct.CANCEL: rules.may_steer_any,
    BulkAct.DELETE: rules.may_delete_any,
    BulkAct.RERUN_FAILED: rules.may_start,
}


_ALLOWED: Final = {
    BulkAct.CANCEL: rules.steerable,
    BulkAct.DELETE: rules.deletable,
    BulkAct.RERUN_FAILED: rules.rerunnable,
}

NOT_THERE: Final = "There is no such run, or it is not shared with you"
NOT_YOURS: Final = "You may not do this with this run"


class Selection(Fields):
    """What to do, and with which runs: `ids` or a `filter`."""

    act: BulkAct
    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MAX_IDS)
    filter: RunFilter | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("needs either ids or a filter")
        return self


class BulkIn(Selection):
    """What to do, and with which runs: `ids`, or a `filter` with the number of runs that it is expected to match."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"act": "cancel", "filter": {"status": ["pending"]}, "expect": 12}}
    )

    expect: int | None = Field(
        default=None, strict=True, ge=0, description="how many runs the caller has seen to match"
    )
    reason: Reason = ""

    @model_validator(mode="after")
    def _expected(self) -> Self:
        if (self.filter is None) != (self.expect is None):
            raise ValueError("expect goes with a filter, and a filter with expect")
        return self


class BulkPlanIn(Selection):
    """The act that is thought of."""

    model_config = ConfigDict(json_schema_extra={"example": {"act": "cancel", "filter": {"status": ["pending"]}}})


class ObstacleOut(Fields):
    """Why the act can't be done with some of the runs."""

    why_not: str = Field(examples=[ENDED])
    runs: int = Field(description="how many", examples=[3])


class PlannedRun(Fields):
    """A run that the act would touch."""

    id: UUID
    tree_name: str
    status: Status
    queued_at: datetime


class BulkPlanOut(Fields):
    """What the act would do. `expect` of the act is `matches`."""

    matches: int = Field(description="runs that were named or match", examples=[12])
    doable: int = Field(examples=[9])
    most: int = Field(description="runs that the act takes at a time", examples=[10_000])
    obstacles: list[ObstacleOut]
    runs: list[PlannedRun] = Field(description="the newest of those that it would touch")


class BulkOutcomeOut(Fields):
    """What came of it for one run."""

    run: UUID
    done: bool
    why_not: str = Field(description="empty when it was done")
    new_run: UUID | None = Field(description="the run that was started after it")


class BulkOut(Fields):
    """What came of it."""

    done: int
    not_done: int
    outcomes: list[BulkOutcomeOut]


@router.post("/runs/bulk-plan", response=BulkPlanOut, summary="Say what an act on many runs would do")
def plan_act_on_runs(request: ApiRequest, body: BulkPlanIn) -> dict[str, Any]:
    """Count the runs that the act would touch, and those that it can't be done with, by reason. Nothing is done."""
    actor = request.auth
    _require_right(actor, body.act)
    ids = list(dict.fromkeys(body.ids or ()))
    visible = rules.runs_of(actor)
    seen = visible.filter(pk__in=ids) if ids else (body.filter or RunFilter()).search(actor).narrow(visible)
    allowed = seen.filter(_ALLOWED[body.act](actor))
    visible_count = seen.count()
    matches = len(ids) or visible_count
    refused = [Obstacle(NOT_THERE, matches - visible_count), Obstacle(NOT_YOURS, visible_count - allowed.count())]
    in_the_way = [obstacle for obstacle in refused if obstacle.runs] + obstacles(body.act, allowed)
    fields = tuple(PlannedRun.model_fields)
    return {
        "matches": matches,
        "doable": matches - sum(obstacle.runs for obstacle in in_the_way),
        "most": MAX_IDS if ids else MAX_MATCHES[body.act],
        "obstacles": [asdict(obstacle) for obstacle in in_the_way],
        "runs": list(doable(body.act, allowed).newest_first().values(*fields)[:PLANNED_RUNS]),
    }


@router.post("/runs/bulk", response={200: BulkOut, 409: ErrorAnswer}, summary="Cancel, delete or re-run many runs")
def act_on_runs(request: ApiRequest, body: BulkIn) -> dict[str, Any]:
    """Act on each run that the caller may do it with, and say what came of each.

    A filter that matches fewer runs than expected, or more than new arrivals explain, is refused (409): look again.
    """
    actor = request.auth
    _require_right(actor, body.act)
    pks = list(dict.fromkeys(body.ids)) if body.ids is not None else _matching(actor, body)
    outcomes = _act(actor, body, pks)
    done = sum(not outcome.why_not for outcome in outcomes)
    rows = [asdict(outcome) | {"done": not outcome.why_not} for outcome in outcomes]
    return {"done": done, "not_done": len(rows) - done, "outcomes": rows}


def _require_right(actor: Actor, act: BulkAct) -> None:
    if not _MAY_EVER[act](actor):
        raise forbidden("You may not do this with any run.")


def _act(actor: Actor, body: BulkIn, pks: Sequence[UUID]) -> list[BulkOutcome]:
    """Act where the caller may, and put the outcomes in the order of `pks`."""
    seen = rules.runs_of(actor).filter(pk__in=pks)
    allowed = set(seen.filter(_ALLOWED[body.act](actor)).values_list("pk", flat=True))
    refused = set(seen.values_list("pk", flat=True)) - allowed
    outcomes = {pk: BulkOutcome(pk, NOT_YOURS if pk in refused else NOT_THERE) for pk in pks}
    wanted = [pk for pk in pks if pk in allowed]
    outcomes |= {outcome.run: outcome for outcome in act_on_each(body.act, wanted, actor.user, body.reason)}
    return list(outcomes.values())


def _matching(actor: Actor, body: BulkIn) -> list[UUID]:
    """Return the runs that the caller has seen to match, oldest first. Raises ApiError, InvalidDefinitionError."""
    filters, expect, most = body.filter or RunFilter(), body.expect or 0, MAX_MATCHES[body.act]
    if expect > most:
        raise InvalidDefinitionError([Problem("$.expect", f"is over {most:,}, the most at a time; narrow the filter")])
    matching = filters.search(actor).narrow(rules.runs_of(actor))
    found = list(matching.order_by("queued_at", "id").values_list("pk", "queued_at")[: expect + most + 1])
    since = database_now() - ARRIVALS
    if len(found) < expect or any(at < since for _, at in found[expect:]):
        current = matching.count()
        message = f"{current} runs match, not {expect}: look at the list again."
        raise ApiError(409, "count_changed", message, expected=expect, current=current)
    return [pk for pk, _ in found[:expect]]
