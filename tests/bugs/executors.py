"""Executors that misbehave on purpose, and one that counts."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from apflow import BaseTask, executor_register

#: How often each counting task really ran, by its id.
COUNTS: dict[str, int] = {}


@executor_register(id="bug_count")
class Count(BaseTask):
    """Counts its real executions."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Count, wait a moment, return what it was given."""
        COUNTS[self.task_id or ""] = COUNTS.get(self.task_id or "", 0) + 1
        await asyncio.sleep(inputs.get("sleep", 0))
        return {"status": "completed", "result": {"seen": sorted(inputs)}}


@executor_register(id="bug_boom")
class Boom(BaseTask):
    """Fails."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Raise."""
        raise RuntimeError("boom")


@executor_register(id="bug_return")
class Return(BaseTask):
    """Returns what its test has put into `VALUES` under its input `key`."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Return the value."""
        return VALUES[inputs["key"]]


VALUES: dict[str, Any] = {}


class Odd(BaseException):
    """An exception that is no Exception."""


RAISES: dict[str, Any] = {
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "Odd": Odd,
    "CancelledError": asyncio.CancelledError,
    "StopIteration": StopIteration,
    "ValueError": ValueError,
    "TimeoutError": TimeoutError,
    "Blank": lambda: Exception("   "),
    "AssertionError": AssertionError,
    "NUL": lambda: ValueError("x\x00y\ud800z"),
}


@executor_register(id="bug_raise_async")
class RaiseAsync(BaseTask):
    """Raises, in a coroutine."""

    async def execute(self, inputs: dict[str, Any]) -> Any:
        """Raise."""
        if inputs["what"] == "sys.exit":
            sys.exit("bye")
        raise RAISES[inputs["what"]]()


@executor_register(id="bug_raise_sync")
class RaiseSync(BaseTask):
    """Raises, in a thread."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Raise."""
        if inputs["what"] == "sys.exit":
            sys.exit("bye")
        raise RAISES[inputs["what"]]()


@executor_register(id="bug_block")
class Block(BaseTask):
    """Blocks its lane's loop: async by name, not by nature."""

    async def execute(self, inputs: dict[str, Any]) -> str:
        """Block."""
        time.sleep(inputs["seconds"])
        return "too late"


#: Monotonic times at which the ticking task was awake.
TICKS: list[float] = []


@executor_register(id="bug_tick")
class Tick(BaseTask):
    """Ticks until its time is over."""

    async def execute(self, inputs: dict[str, Any]) -> int:
        """Note the time every 50 ms."""
        end = time.monotonic() + inputs["seconds"]
        while time.monotonic() < end:
            TICKS.append(time.monotonic())
            await asyncio.sleep(0.05)
        return len(TICKS)
