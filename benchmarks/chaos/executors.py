"""What the trees run. Every attempt appends that it began and, when it got there, that it ended."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from apflow import BaseTask, executor_register
from benchmarks.chaos import effects


class Chaos(BaseTask):
    """Says what it does; the result is the number of the attempt that made it."""

    def note(self, what: str) -> None:
        """Append an effect to the file that the inputs name."""
        if self.context is not None:
            effects.append(self.inputs["effects"], what, self.context.run_id, self.context.task_id, self.attempt)

    @property
    def attempt(self) -> int:
        """The number of the running attempt."""
        return self.context.attempt if self.context is not None else 0

    def finished(self) -> dict[str, Any]:
        """Say that the work is done, and return the result."""
        self.note("end")
        return {"status": "completed", "result": self.attempt}


@executor_register()
class ChaosQuick(Chaos):
    """Returns at once, from async code."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the number of the attempt."""
        self.note("start")
        return self.finished()


@executor_register()
class ChaosThread(Chaos):
    """Returns at once, from a thread."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the number of the attempt."""
        self.note("start")
        return self.finished()


@executor_register()
class ChaosSleep(Chaos):
    """Sleeps so that a cancel can wake it."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Sleep for `seconds`, telling how far it is."""
        self.note("start")
        for step in range(5):
            self.report_progress(step / 5, f"step {step}")
            await asyncio.sleep(float(inputs["seconds"]) / 5)
        return self.finished()


@executor_register()
class ChaosNap(Chaos):
    """Sleeps so that nothing can wake it."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Sleep for `seconds` in a thread."""
        self.note("start")
        time.sleep(float(inputs["seconds"]))
        return self.finished()


@executor_register()
class ChaosBlock(Chaos):
    """Blocks its event loop."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Sleep for `seconds` without giving way."""
        self.note("start")
        time.sleep(float(inputs["seconds"]))
        return self.finished()


@executor_register()
class ChaosFlaky(Chaos):
    """Raises in its first attempts."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Raise in the first `failures` attempts."""
        self.note("start")
        await asyncio.sleep(0.01)
        if self.attempt <= int(inputs["failures"]):
            raise RuntimeError(f"attempt {self.attempt} fails on purpose")
        return self.finished()


@executor_register()
class ChaosFail(Chaos):
    """Always reports a failure."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return a failure."""
        self.note("start")
        return {"status": "failed", "error": "fails on purpose", "retryable": bool(inputs.get("retryable"))}
