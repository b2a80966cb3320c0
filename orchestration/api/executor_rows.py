"""Executors as the API shows them: what their authors declare, what the installation decides, what workers offer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ConfigDict, Field

from orchestration.actions.executors import LIMITS, limits_of
from orchestration.engine.json_values import find_problem
from orchestration.engine.registry import ExecutorSpec
from orchestration.models import ExecutorConfig, Worker
from orchestration.store.executor_usage import read_usage

from .schemas import Fields


class ExecutorOut(Fields):
    """One executor of the catalogue."""

    id: str
    name: str
    description: str
    origin: str = Field(examples=["built-in"])
    tags: list[str]
    input_schema: Any = Field(description="a JSON Schema; {} when none is declared")
    output_schema: Any
    example: Any = Field(description="inputs to start from, or null")
    is_async: bool
    idempotent: bool = Field(description="false: never run again after its worker was lost")
    isolation: str = Field(examples=["lane", "process"])
    timeout_seconds: float | None
    enabled: bool
    max_concurrency: int | None = Field(description="attempts at a time over all workers")
    rate_count: int | None = Field(description="starts per rate_seconds over all workers")
    rate_seconds: float
    available: bool = Field(description="a live worker has it")


class DayUsageOut(Fields):
    """Task runs that ended on one day (UTC)."""

    model_config = ConfigDict(from_attributes=True)

    day: str = Field(examples=["2026-03-01"])
    runs: int
    failures: int


class UsageOut(Fields):
    """Task runs of everybody's runs of the last 7 days that have ended; seconds of their last attempts."""

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


def configs() -> dict[str, ExecutorConfig]:
    """Return what is decided, by executor."""
    return {config.executor: config for config in ExecutorConfig.objects.all()}


def offered() -> set[str]:
    """Return the executors that live workers offer."""
    return {name for names in Worker.objects.live().values_list("executors", flat=True) for name in names}


def executor_row(spec: ExecutorSpec, decided: Mapping[str, ExecutorConfig], available: set[str]) -> dict[str, Any]:
    """Return an executor as ExecutorOut."""
    limits = limits_of(decided.get(spec.id) or ExecutorConfig(executor=spec.id))
    examples = _plain(lambda: list(spec.cls.examples), [])
    return {name: getattr(spec, name) for name in _SAME} | {
        "tags": [str(tag) for tag in spec.cls.tags],
        "input_schema": _plain(spec.cls.get_input_schema, {}),
        "output_schema": _plain(spec.cls.get_output_schema, {}),
        "example": examples[0] if examples else None,
        **{name: limits[name] for name in LIMITS},
        "available": spec.id in available,
    }


def executor_details(spec: ExecutorSpec) -> dict[str, Any]:
    """Return an executor as ExecutorDetails."""
    return executor_row(spec, configs(), offered()) | {
        "docs": inspect.cleandoc(spec.cls.__doc__ or ""),
        "source": _source(spec.cls),
        "usage": read_usage(spec.id),
    }


_SAME: Final = (*("id", "name", "description", "origin", "is_async", "idempotent", "isolation", "timeout_seconds"),)


def _plain(declared: Callable[[], Any], otherwise: Any) -> Any:
    """Return what an author's code declares, if it can be had and is JSON: one bad executor must not hide the rest."""
    try:
        value = declared()
    except Exception:  # noqa: BLE001 - the boundary to an author's code
        return otherwise
    return otherwise if find_problem(value) else value


def _source(cls: type) -> str | None:
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        return None
