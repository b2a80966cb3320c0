"""system_info, aggregate, echo, sleep, fail, and what all built-in executors have in common."""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration import executors
from orchestration.engine.outcome import from_returned
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.engine.schemas import check_inputs, check_outputs, schema_problems
from orchestration.engine.status import Status
from orchestration.executors import sleep, system_info
from orchestration.executors.aggregate import AggregateResultsExecutor
from orchestration.executors.echo import Echo
from orchestration.executors.fail import Fail
from orchestration.executors.sleep import Sleep
from orchestration.executors.system_info import SystemInfoExecutor

from .conftest import Attempt

for _part in pkgutil.walk_packages(executors.__path__, f"{executors.__name__}."):
    importlib.import_module(_part.name)

BUILT_IN = [spec for spec in default_registry if spec.origin == "built-in"]


# --- system_info_executor ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_system_info_shapes() -> None:
    answers = {
        what: await SystemInfoExecutor().execute({"resource": what}) for what in ("cpu", "memory", "disk", "all")
    }
    assert {answer["status"] for answer in answers.values()} == {"completed"}
    results = {what: answer["result"] for what, answer in answers.items()}
    assert set(results["cpu"]) == {"system", "brand", "cores", "load_average"}
    assert results["cpu"]["cores"] >= 1
    assert results["cpu"]["brand"]
    assert results["memory"]["total"] > 2**20
    assert set(results["disk"]) == {"total", "used", "available", "used_percent"}
    assert 0 <= results["disk"]["used_percent"] <= 100
    assert set(results["all"]) == {"cpu", "memory", "disk"}
    assert (await SystemInfoExecutor().execute({}))["result"].keys() == results["all"].keys()
    for result in results.values():
        check_outputs(SystemInfoExecutor.outputs_schema, result)


@pytest.mark.asyncio
async def test_disk_of_a_path(tmp_path: Path) -> None:
    result = (await SystemInfoExecutor().execute({"resource": "disk", "path": str(tmp_path)}))["result"]
    assert result["total"] == shutil.disk_usage(tmp_path).total
    answer = await SystemInfoExecutor().execute({"resource": "disk", "path": str(tmp_path / "no")})
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")


@pytest.mark.asyncio
async def test_system_info_of_nothing() -> None:
    answer = await SystemInfoExecutor().execute({"resource": "gpu"})
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert "resource" in answer["error"]


def test_a_system_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_info, "_CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(system_info, "_MEMORY_INFO", tmp_path / "meminfo")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert system_info.memory_info().total > 2**20
    cpu = system_info.cpu_info()
    assert cpu.cores >= 1
    assert cpu.brand


def test_memory_is_read_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:  1000 kB\nMemFree:  1 kB\nMemAvailable:  250 kB\n")
    monkeypatch.setattr(system_info, "_MEMORY_INFO", tmp_path / "meminfo")
    memory = system_info.memory_info()
    assert (memory.total, memory.available, memory.used_percent) == (1_024_000, 256_000, 75.0)


# --- aggregate_results_executor ---------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_aggregate_keeps_results_apart() -> None:
    inputs = {"task.with.dots": {"x": 1}, "b": [2], "c": None}
    answer = await AggregateResultsExecutor().execute(check_inputs(AggregateResultsExecutor.inputs_schema, inputs))
    result = answer["result"]
    assert (result["results"], result["result_count"]) == (inputs, 3)
    assert result["summary"] == "Aggregated 3 results"
    assert datetime.fromisoformat(result["timestamp"]).tzinfo is not None
    assert AggregateResultsExecutor.dependency_inputs == "by_id"


@pytest.mark.asyncio
async def test_aggregate_of_nothing() -> None:
    result = (await AggregateResultsExecutor().execute({}))["result"]
    assert (result["results"], result["result_count"]) == ({}, 0)


# --- echo -------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_echo_returns_its_inputs() -> None:
    inputs: dict[str, Any] = {"status": "failed", "error": "not mine", "nested": {"a": [1, None]}}
    answer = await Echo().execute(check_inputs(Echo.inputs_schema, inputs))
    assert answer == {"status": "completed", "result": inputs}
    assert from_returned(answer).status is Status.COMPLETED


# --- sleep ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_sleep_waits_and_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sleep, "_STEP_SECONDS", 0.005)
    executor, attempt = Sleep(), Attempt()
    executor.context = attempt
    answer = await executor.execute({"seconds": 0.5})
    assert answer["status"] == "completed"
    assert 0.5 <= answer["result"]["slept_seconds"] < 30
    shares = [share for share, _ in attempt.progress]
    assert len(shares) >= 2
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.asyncio
async def test_sleep_of_nothing() -> None:
    assert (await Sleep().execute({"seconds": 0}))["status"] == "completed"


@pytest.mark.asyncio
async def test_sleep_can_be_cancelled() -> None:
    running = asyncio.create_task(Sleep().execute({"seconds": 3600}))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.asyncio
@pytest.mark.parametrize("inputs", [{}, {"seconds": -1}, {"seconds": "soon"}, {"seconds": None}])
async def test_sleep_refuses(inputs: dict[str, Any]) -> None:
    answer = await Sleep().execute(inputs)
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert "inputs.seconds" in answer["error"]


# --- fail -------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_fail_always() -> None:
    answer = await Fail().execute({"message": "The disk is full", "error_type": "disk", "retryable": False})
    assert answer == {"status": "failed", "error": "The disk is full", "error_type": "disk", "retryable": False}
    assert (await Fail().execute({}))["retryable"] is True


@pytest.mark.asyncio
@pytest.mark.parametrize(("attempt", "status"), [(1, "failed"), (2, "failed"), (3, "completed"), (4, "completed")])
async def test_fail_for_the_first_attempts(attempt: int, status: str) -> None:
    executor = Fail()
    executor.context = Attempt(attempt=attempt)
    answer = await executor.execute({"times": 2})
    assert answer["status"] == status
    if status == "completed":
        assert answer["result"] == {"attempt": attempt, "failed_attempts": attempt - 1}


@pytest.mark.asyncio
async def test_fail_refuses() -> None:
    assert (await Fail().execute({"times": 0}))["status"] == "completed"
    for inputs in ({"times": -1}, {"message": ""}):
        assert (await Fail().execute(inputs))["error_type"] == "validation_error"


# --- all of them ------------------------------------------------------------------------------------------------------


def test_they_are_all_there() -> None:
    assert {spec.id for spec in BUILT_IN} == {
        *("rest_executor", "command_executor", "system_info_executor", "aggregate_results_executor"),
        *("echo", "sleep", "fail"),
    }


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: spec.id)
def test_each_describes_itself(spec: ExecutorSpec) -> None:
    assert spec.is_async
    assert spec.name != spec.id
    assert len(spec.description) > 30
    assert spec.cls.tags
    assert spec.cls.examples
    schema = spec.cls.get_input_schema()
    assert schema["type"] == "object"
    for name, part in schema.get("properties", {}).items():
        assert part.get("description"), f"{spec.id}.{name} has no description"
    assert spec.cls.get_output_schema()


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: spec.id)
def test_examples_and_demo_results_fit_the_schemas(spec: ExecutorSpec) -> None:
    for example in spec.cls.examples:
        assert schema_problems(spec.cls.inputs_schema, example, "inputs") == []
        assert schema_problems(spec.cls.get_input_schema(), example, "inputs") == []
        check_inputs(spec.cls.inputs_schema, example)
    demo = spec.cls().get_demo_result()
    outcome = from_returned(demo)
    assert outcome.status is Status.COMPLETED
    check_outputs(spec.cls.outputs_schema, demo)
    assert schema_problems(spec.cls.get_output_schema(), demo, "result") == []
