"""Running a tree again after a run: what would happen, and doing it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from ninja import Router
from ninja import Status as Answer
from pydantic import ConfigDict, Field

from orchestration.access import rules
from orchestration.actions.reruns import NothingToRerunError, make_plan, plan_as_json, rerun
from orchestration.engine.definition import MAX_TASKS
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.rerun import Fate, Scope, Wish
from orchestration.models import Run

from .door import ApiRequest
from .errors import ApiError, forbidden
from .run_lookups import refuse_active, visible_run
from .run_rows import RunDetails, run_details
from .schemas import Fields, Flag, TaskId

router = Router(tags=["runs"])
_RUN: Final = "/runs/{uuid:id}"


class WishIn(Fields):
    """What is to be run again."""

    model_config = ConfigDict(json_schema_extra={"example": {"scope": "chosen", "chosen": ["load"], "latest": True}})

    scope: Scope = Scope.FAILED
    chosen: Annotated[list[TaskId], Field(max_length=MAX_TASKS)] = Field(
        default=[], description="ids, with the scope chosen"
    )
    inputs: dict[TaskId, dict[str, Any]] = Field(
        default={}, description="new inputs by task id; for those who change trees"
    )
    latest: Flag = Field(default=False, description="with the tree's present definition in place of the one of the run")

    def wish(self) -> Wish:
        """Return it as the engine's own."""
        return Wish(self.scope, self.chosen, self.inputs)


class RerunIn(WishIn):
    """What is to be run again, and with what."""

    parameters: dict[str, Any] | None = Field(default=None, description="null: those of the run")


class StepOut(Fields):
    """The plan for one task."""

    task_id: str
    name: str
    fate: Fate
    reason: str


class PlanOut(Fields):
    """The plan for every task."""

    summary: str = Field(examples=["2 run, 5 reuse their results"])
    steps: list[StepOut]


@router.post(_RUN + "/rerun-plan", response=PlanOut, summary="What would a re-run do")
def plan_run_again(request: ApiRequest, id: UUID, body: WishIn | None = None) -> dict[str, Any]:
    """Say for each task whether it would run, give its earlier result, or be left out, and why. Nothing is stored."""
    wish = body or WishIn()
    return plan_as_json(make_plan(_ended_run(request, id, wish), wish.wish(), latest=wish.latest))


@router.post(_RUN + "/rerun", response={201: RunDetails}, summary="Run again")
def run_again(request: ApiRequest, id: UUID, body: RerunIn | None = None) -> Answer[dict[str, Any]]:
    """Do what the plan says, as a new run. 409 when there is nothing to do."""
    wish = body or RerunIn()
    run = _ended_run(request, id, wish)
    try:
        new = rerun(run, wish.wish(), latest=wish.latest, user=request.auth.user, parameters=wish.parameters)
    except NothingToRerunError as error:
        raise ApiError(409, "nothing_to_rerun", f"{error.problems[0].message}.".capitalize()) from error
    return Answer(201, run_details(request.auth, new))


def _ended_run(request: ApiRequest, id: UUID, wish: WishIn) -> Run:
    """Return the run that may be run again as wished. Raises ApiError and InvalidDefinitionError."""
    run = visible_run(request, id)
    if not rules.may_run_again(request.auth, run):
        raise forbidden("You may not start runs of this tree.")
    if wish.inputs and not rules.may_change_inputs(request.auth):
        raise forbidden("Other inputs than the tree's are for those who may change trees.")
    if wish.latest and run.tree_id is None:
        raise InvalidDefinitionError([Problem("$.latest", "the tree is gone; only the run's own definition is left")])
    refuse_active(run)
    return run
