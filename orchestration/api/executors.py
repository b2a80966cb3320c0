"""The catalogue of executors, and their limits."""

from __future__ import annotations

from typing import Annotated, Any, Final

from ninja import Path, Router
from pydantic import ConfigDict, Field

from orchestration.access import rules
from orchestration.actions.executors import limit_executor
from orchestration.engine.errors import ExecutorNotFoundError
from orchestration.engine.registry import ExecutorSpec, default_registry

from .door import ApiRequest
from .errors import forbidden, not_found
from .executor_rows import ExecutorDetails, ExecutorOut, configs, executor_details, executor_row, offered
from .paging import Page
from .schemas import Fields, Flag, Text

router = Router(tags=["executors"])
_ONE: Final = "/executors/{id}"
_MOST: Final = 1_000_000
ExecutorId = Annotated[Text, Field(max_length=255), Path(description="the executor's id")]


class LimitsIn(Fields):
    """What is to be changed; what is absent stays. Null is no limit."""

    model_config = ConfigDict(json_schema_extra={"example": {"max_concurrency": 4, "rate_count": None}})

    enabled: Flag = True
    max_concurrency: int | None = Field(
        default=None, strict=True, ge=1, le=_MOST, description="attempts at a time over all workers"
    )
    rate_count: int | None = Field(
        default=None, strict=True, ge=1, le=_MOST, description="starts per rate_seconds over all workers"
    )
    rate_seconds: float = Field(default=60.0, strict=True, ge=0.001, le=31_536_000)


@router.get("/executors", response=Page[ExecutorOut], summary="List the executors")
def list_executors(request: ApiRequest) -> Page[Any]:
    """List what tasks can run, by id, with what the installation decides about each."""
    decided, available = configs(), offered()
    return Page(items=[executor_row(spec, decided, available) for spec in default_registry])


@router.get(_ONE, response=ExecutorDetails, summary="Look at an executor")
def read_executor(request: ApiRequest, id: ExecutorId) -> dict[str, Any]:
    """Return one with its documentation, its source, and its use in the last 7 days."""
    return executor_details(_found(id))


@router.patch(_ONE, response=ExecutorDetails, summary="Change the limits of an executor")
def change_executor(request: ApiRequest, id: ExecutorId, body: LimitsIn) -> dict[str, Any]:
    """Switch it on or off, and limit it over all workers, which follow within seconds. For administrators."""
    spec = _found(id)
    if not rules.may_administer(request.auth):
        raise forbidden("Only administrators decide about executors.")
    limit_executor(spec.id, body.model_dump(exclude_unset=True), request.auth.user)
    return executor_details(spec)


def _found(executor_id: str) -> ExecutorSpec:
    try:
        return default_registry.get(executor_id)
    except ExecutorNotFoundError as error:
        raise not_found("executor") from error
