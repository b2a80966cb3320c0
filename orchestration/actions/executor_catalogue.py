"""The catalogue of executors: what their authors declare, what the installation decides, what workers offer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from orchestration.engine.json_values import find_problem
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.models import ExecutorConfig, Worker

#: The origin of an executor that this process does not have.
ELSEWHERE: Final = "not here"


def is_known(executor: str) -> bool:
    """Tell whether there is something to decide: it is registered here, decided about, or offered by a live worker."""
    return executor in default_registry or executor in known_executors()


def configs() -> dict[str, ExecutorConfig]:
    """Return what is decided, by executor."""
    return {config.executor: config for config in ExecutorConfig.objects.prefetch_related("allowed_groups")}


def offered() -> set[str]:
    """Return the executors that live workers offer."""
    return {name for names in Worker.objects.live().values_list("executors", flat=True) for name in names}


def known_executors() -> list[str]:
    """Return in order the executors of this process, of live workers, and those about which something is decided."""
    decided = ExecutorConfig.objects.values_list("executor", flat=True)
    return sorted({*(spec.id for spec in default_registry), *decided, *offered()})


@dataclass(frozen=True, slots=True)
class Unimported:
    """A module that should have brought executors and that live workers could not import."""

    module: str
    error: str
    workers: list[Worker]


def unimported() -> list[Unimported]:
    """Return what live workers could not import, by module and error, with these workers in order."""
    found: dict[tuple[str, str], list[Worker]] = {}
    for worker in Worker.objects.live().exclude(metrics__broken_executors=[]).order_by("name", "pk"):
        for broken in worker.metrics.get("broken_executors", ()):
            found.setdefault((broken["module"], broken["error"]), []).append(worker)
    return [Unimported(module, error, workers) for (module, error), workers in sorted(found.items())]


def input_schema(spec: ExecutorSpec) -> Any:
    """Return the JSON Schema of its inputs; {} when there is none, or none that can be had."""
    return _plain(spec.cls.get_input_schema, {})


def output_schema(spec: ExecutorSpec) -> Any:
    """Return the JSON Schema of its result; {} when there is none, or none that can be had."""
    return _plain(spec.cls.get_output_schema, {})


def example_inputs(spec: ExecutorSpec) -> Any:
    """Return the first of its examples, or None."""
    examples = _plain(lambda: list(spec.cls.examples), [])
    return examples[0] if examples else None


def docs(spec: ExecutorSpec) -> str:
    """Return its docstring, without its indentation."""
    return inspect.cleandoc(spec.cls.__doc__ or "")


def source(spec: ExecutorSpec) -> str | None:
    """Return the Python source of its class, where there is one."""
    try:
        return inspect.getsource(spec.cls)
    except (OSError, TypeError):
        return None


def _plain(declared: Callable[[], Any], otherwise: Any) -> Any:
    """Return what an author's code declares, if it can be had and is JSON: one bad executor must not hide the rest."""
    try:
        value = declared()
    except Exception:  # noqa: BLE001 - the boundary to an author's code
        return otherwise
    return otherwise if find_problem(value) else value
