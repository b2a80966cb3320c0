"""The catalogue of executors: look, decide, try."""

from __future__ import annotations

from typing import Annotated, Any, Final

from ninja import Path, Router, Status
from pydantic import ConfigDict, Field

from orchestration.access import rules
from orchestration.actions import executors
from orchestration.actions.executor_catalogue import is_known
from orchestration.actions.executor_trials import try_executor as start_trial
from orchestration.engine.errors import ExecutorNotFoundError
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.models import Run

from .door import ApiRequest
from .errors import forbidden, not_found
from .executor_rows import ExecutorDetails, ExecutorOut, executor_details, executor_rows
from .paging import Page
from .run_rows import RunDetails, run_details
from .schemas import Fields, Flag, Text

router = Router(tags=["executors"])
_ONE: Final = "/executors/{id}"
_MOST: Final = 1_000_000
Seconds = Annotated[float, Field(strict=True, ge=0.001, le=31_536_000)]
ExecutorId = Annotated[Text, Field(min_length=1, max_length=255), Path(description="the executor's id")]


class DecisionsIn(Fields):
    """What is to be changed; what is absent stays. Null is no limit, and no default."""

    model_config = ConfigDict(json_schema_extra={"example": {"max_concurrency": 4, "rate_count": None}})

    enabled: Flag = True
    max_concurrency: int | None = Field(
        default=None, strict=True, ge=1, le=_MOST, description="attempts at a time over all workers"
    )
    rate_count: int | None = Field(
        default=None, strict=True, ge=1, le=_MOST, description="starts per rate_seconds over all workers"
    )
    rate_seconds: Seconds = 60.0
    default_timeout_seconds: Seconds | None = Field(None, description="of each attempt, for tasks without a timeout")
    default_retry: dict[str, Any] | None = Field(None, description="a task's `retry`, for tasks without one")
    default_params: dict[str, Any] | None = Field(None, description="below the params of each task")
    breaker_failures: int | None = Field(
        default=None, strict=True, ge=1, le=_MOST, description="failures in a row that open its circuit breaker"
    )
    breaker_seconds: Seconds = 60.0
    allowed_groups: list[Text] = Field([], max_length=100, description="who may use it; empty: everybody")


class ExecutorTrialIn(Fields):
    """What an executor is to be tried with."""

    model_config = ConfigDict(json_schema_extra={"example": {"inputs": {"text": "hello"}}})

    inputs: dict[str, Any] = {}


@router.get("/executors", response=Page[ExecutorOut], summary="List the executors")
def list_executors(request: ApiRequest) -> Page[Any]:
    """List what tasks can run, by id, with what the installation decides about each."""
    return Page(items=executor_rows(request.auth, default_registry))


@router.get(_ONE, response=ExecutorDetails, summary="Look at an executor")
def read_executor(request: ApiRequest, id: ExecutorId) -> dict[str, Any]:
    """Return one with its documentation, its source, and its use in the last 7 days."""
    return executor_details(request.auth, _known(id))


@router.patch(_ONE, response=ExecutorDetails, summary="Decide about an executor")
def change_executor(request: ApiRequest, id: ExecutorId, body: DecisionsIn) -> dict[str, Any]:
    """Switch it on or off, limit it, give its tasks defaults. Workers follow within seconds. For administrators.

    It may also be one that other workers alone have, or that was decided about before.
    """
    executor = _known(id)
    _require_administrator(request)
    executors.decide(executor, body.model_dump(exclude_unset=True), request.auth.user)
    return executor_details(request.auth, executor)


@router.post(f"{_ONE}/reset-breaker", response=ExecutorDetails, summary="Close an executor's circuit breaker")
def reset_breaker(request: ApiRequest, id: ExecutorId) -> dict[str, Any]:
    """Forget its failures, and let what waits for it start. For administrators."""
    executor = _known(id)
    _require_administrator(request)
    executors.reset_breaker(executor, request.auth.user)
    return executor_details(request.auth, executor)


@router.post(f"{_ONE}/try", response={201: RunDetails}, summary="Try an executor")
def try_executor(request: ApiRequest, id: ExecutorId, body: ExecutorTrialIn) -> Status[dict[str, Any]]:
    """Run it once, as a run of no stored tree, for those who may run definitions of their own, and may use it."""
    spec, actor = _registered(id), request.auth
    if not rules.may_start_unstored(actor):
        raise forbidden("You may not try executors: that takes the right to make trees and to run them.")
    if not rules.may_try_executor(actor, spec.id):
        raise forbidden(f"You may not use the executor {spec.id!r}: it is for groups that you are not in.")
    trigger = Run.Trigger.MANUAL if actor.token is None else Run.Trigger.API
    run = start_trial(spec.id, body.inputs, user=actor.user, trigger=trigger)
    return Status(201, run_details(actor, run))


def _require_administrator(request: ApiRequest) -> None:
    if not rules.may_decide_about_executors(request.auth):
        raise forbidden("Only administrators decide about executors.")


def _known(executor_id: str) -> str:
    if not is_known(executor_id):
        raise not_found("executor")
    return executor_id


def _registered(executor_id: str) -> ExecutorSpec:
    try:
        return default_registry.get(executor_id)
    except ExecutorNotFoundError as error:
        raise not_found("executor") from error
