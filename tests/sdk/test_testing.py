"""`apflow.testing`: what authors test their executors with."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from apflow import BaseTask, ExecutorNotFoundError
from apflow.testing import FakeClock, run_executor


class Inputs(BaseModel):
    """What Greeter takes."""

    name: str
    times: int = 1


class Greeter(BaseTask):
    """Greets."""

    inputs_schema = Inputs

    async def execute(self, inputs: dict[str, Any]) -> Any:
        self.report_progress(0.5, "half")
        self.log.info("greeting %s", inputs["name"])
        return {"status": "completed", "result": " ".join(["Hello", inputs["name"]] * inputs["times"])}


class Plain(BaseTask):
    """Runs in a thread."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        if inputs.get("wait"):
            while not self.is_cancelled():
                time.sleep(0.005)
            return "stopped"
        raise KeyError("nothing here")


class Waits(BaseTask):
    """Waits."""

    async def execute(self, inputs: dict[str, Any]) -> Any:
        await asyncio.sleep(30)


@pytest.mark.asyncio
async def test_an_attempt_with_defaults_progress_and_log() -> None:
    outcome = await run_executor(Greeter, {"name": "{{ 'Ada' | upper }}"})
    assert (outcome.status, outcome.result["result"]) == ("completed", "Hello ADA")
    assert outcome.inputs == {"name": "ADA", "times": 1}
    assert outcome.progress == (0.5, "half")
    assert outcome.logs == ["greeting ADA"]


@pytest.mark.asyncio
async def test_inputs_that_break_the_schema_fail_with_the_field() -> None:
    outcome = await run_executor(Greeter, {"times": "many"})
    assert (outcome.status, outcome.error_type) == ("failed", "validation_error")
    assert "inputs.name" in (outcome.error or "") and "inputs.times" in (outcome.error or "")


@pytest.mark.asyncio
async def test_an_exception_of_a_thread_is_a_failure() -> None:
    outcome = await run_executor(Plain, {})
    assert (outcome.status, outcome.error_type) == ("failed", "KeyError")


@pytest.mark.asyncio
@pytest.mark.parametrize(("executor", "inputs"), [(Waits, {}), (Plain, {"wait": True})])
async def test_a_timeout_stops_coroutines_and_threads(executor: type[BaseTask], inputs: dict[str, Any]) -> None:
    outcome = await run_executor(executor, inputs, timeout_seconds=0.05)
    assert (outcome.status, outcome.error_type) == ("failed", "timeout")


@pytest.mark.asyncio
async def test_an_unknown_id_is_named() -> None:
    with pytest.raises(ExecutorNotFoundError, match="no_such_executor"):
        await run_executor("no_such_executor", {})


def test_it_needs_no_django() -> None:
    code = "import apflow.testing, sys; sys.exit('django' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_the_fake_clock_moves_when_told() -> None:
    clock = FakeClock()
    before = clock.now()
    clock.advance(5)
    assert (clock.now() - before).total_seconds() == clock.monotonic() == 5
