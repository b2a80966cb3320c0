"""Executors as the API shows them: what their authors declare, what the installation decides, what workers offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.urls import reverse
from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.actions.executor_catalogue import (
    ELSEWHERE,
    configs,
    docs,
    example_inputs,
    input_schema,
    offered,
    output_schema,
    source,
)
from orchestration.actions.executors import decisions_of
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.models import ExecutorConfig
from orchestration.store.executor_usage import read_usage

from .schemas import Fields, Moment


class RequirementOut(Fields):
    """A Python package that an executor needs, as the web process has it."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["httpx"])
    version: str | None = Field(description="the installed one, or null")
    is_installed: bool


class RetryOut(Fields):
    """How often and how soon a failed task is tried again."""

    max_attempts: int
    backoff: str = Field(examples=["exponential"])
    base_seconds: float
    cap_seconds: float
    jitter: float


class BreakerOut(Fields):
    """Where a circuit breaker stands."""

    state: str = Field(examples=["closed", "open", "half_open"])
    failures: int = Field(description="in a row, so far")
    retry_at: Moment | None = Field(description="when one task may try the executor again; null when it is closed")


class ExecutorOut(Fields):
    """One executor of the catalogue."""

    id: str
    name: str
    description: str
    origin: str = Field(
        description="`not here`: other workers alone have it, or nobody; what its author declares is not known",
        examples=["built-in", "example", "user", "made here", "not here"],
    )
    version: str = Field(description="its author's; empty when none is given", examples=["1.2"])
    requires: list[RequirementOut]
    tags: list[str]
    input_schema: Any = Field(description="a JSON Schema; {} when none is declared")
    output_schema: Any
    example: Any = Field(description="inputs to start from, or null")
    is_async: bool | None
    idempotent: bool | None = Field(description="false: never run again after its worker was lost")
    isolation: str | None = Field(examples=["lane", "process"])
    timeout_seconds: float | None
    enabled: bool
    max_concurrency: int | None = Field(description="attempts at a time over all workers")
    rate_count: int | None = Field(description="starts per rate_seconds over all workers")
    rate_seconds: float
    default_timeout_seconds: float | None = Field(description="of each attempt, for tasks without a timeout")
    default_retry: RetryOut | None = Field(description="for tasks without a policy of their own")
    default_params: dict[str, Any] = Field(description="below the params of each task")
    breaker_failures: int | None = Field(description="failures in a row that open its circuit breaker")
    breaker_seconds: float = Field(description="seconds until one task tries it again")
    breaker: BreakerOut
    allowed_groups: list[str] = Field(description="who may use it; empty: everybody", examples=[["operations"]])
    usable: bool = Field(description="the caller may use it")
    available: bool = Field(description="a live worker has it")
    page: str | None = Field(description="its page in the administration, for those who may go there")


class DayUsageOut(Fields):
    """Task runs that ended on one day (UTC)."""

    model_config = ConfigDict(from_attributes=True)

    day: str = Field(examples=["2026-03-01"])
    runs: int
    failures: int


class UsageOut(Fields):
    """Task runs of everybody's runs that ended in the last 7 days, as workers counted them.

    Half and 95 % of their last attempts took no longer than `p50_seconds` and `p95_seconds`, which are at most 26 % too
    high.
    """

    model_config = ConfigDict(from_attributes=True)

    runs: int
    failures: int
    p50_seconds: float | None
    p95_seconds: float | None
    days: list[DayUsageOut]


class ExecutorDetails(ExecutorOut):
    """One executor, with its documentation and its use."""

    model_config = ConfigDict(title="Executor")

    docs: str
    source: str | None = Field(description="the Python source of its class, where there is one")
    usage: UsageOut


def executor_rows(actor: Actor, specs: Iterable[ExecutorSpec]) -> list[dict[str, Any]]:
    """Return executors as ExecutorOut, with a constant number of queries."""
    decided, available, closed = configs(), offered(), rules.closed_executors(actor)
    return [_declared(spec) | _decided(actor, spec.id, decided, available, closed) for spec in specs]


def executor_details(actor: Actor, executor: str) -> dict[str, Any]:
    """Return an executor that is known as ExecutorDetails; it may be one that this process does not have."""
    spec = default_registry.find(executor)
    declared = _declared(spec) if spec else {**_NOT_DECLARED, "id": executor, "name": executor}
    return {
        **declared,
        **_decided(actor, executor, configs(), offered(), rules.closed_executors(actor)),
        "docs": docs(spec) if spec else "",
        "source": source(spec) if spec else None,
        "usage": read_usage(executor),
    }


def _declared(spec: ExecutorSpec) -> dict[str, Any]:
    """What its author says."""
    return {name: getattr(spec, name) for name in _SAME} | {
        "tags": [str(tag) for tag in spec.cls.tags],
        "requires": spec.requirements,
        "input_schema": input_schema(spec),
        "output_schema": output_schema(spec),
        "example": example_inputs(spec),
    }


def _decided(
    actor: Actor, executor: str, decided: Mapping[str, ExecutorConfig], available: set[str], closed: set[str]
) -> dict[str, Any]:
    """What the installation decides, and who has it."""
    config = decided.get(executor) or ExecutorConfig(executor=executor)
    return {
        **decisions_of(config),
        "default_params": shown_value(actor, config.default_params),
        "breaker": _breaker(config),
        "available": executor in available,
        "usable": executor not in closed,
        "page": reverse("admin:executor", args=[executor]) if rules.may_enter_admin(actor) else None,
    }


def _breaker(config: ExecutorConfig) -> dict[str, Any]:
    retry_at = None if config.breaker_state == "closed" else config.breaker_retry_at
    return {"state": config.breaker_state, "failures": config.breaker_count, "retry_at": retry_at}


_SAME: Final = (
    *("id", "name", "description", "origin", "version", "is_async", "idempotent", "isolation", "timeout_seconds"),
)
#: What stands in the place of what an author says, when that can't be known here.
_NOT_DECLARED: Final[dict[str, Any]] = {
    **{"description": "", "origin": ELSEWHERE, "version": "", "tags": [], "requires": []},
    **{"input_schema": {}, "output_schema": {}, "example": None, "timeout_seconds": None},
    **{"is_async": None, "idempotent": None, "isolation": None},
}
