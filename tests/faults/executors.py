"""Executors that misbehave in every way that the scenarios need. Loaded by the workers alone (APFLOW_EXECUTORS).

Inputs: `effects` names the file to which each attempt appends what it does; `gate` names a file whose appearance lets
a waiting attempt go on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from apflow import BaseTask, executor_register
from benchmarks.chaos import effects

#: A gate that never opens is no reason to wait for ever.
LONGEST_SECONDS = 120.0


class FaultTask(BaseTask):
    """What they share: effects, the attempt's number, and gates."""

    @property
    def attempt(self) -> int:
        """The number of the running attempt."""
        return self.context.attempt if self.context is not None else 0

    def note(self, what: str) -> None:
        """Append an effect."""
        if self.context is not None:
            effects.append(self.inputs["effects"], what, self.context.run_id, self.context.task_id, self.attempt)

    def done(self) -> dict[str, Any]:
        """Note the end and return the result: the attempt's number."""
        self.note("end")
        return {"status": "completed", "result": self.attempt}

    def must_wait(self, since: float) -> bool:
        """Tell whether the attempt has to wait for its gate, or for its `seconds`."""
        waited = time.monotonic() - since
        if "gate" in self.inputs:
            return not Path(self.inputs["gate"]).exists() and waited < LONGEST_SECONDS
        return waited < float(self.inputs.get("seconds", 0))


@executor_register(id="fault_wait")
class Wait(FaultTask):
    """Waits in async code; a cancel wakes it."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Wait."""
        self.note("start")
        since = time.monotonic()
        try:
            while self.must_wait(since):
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.note("cancelled")
            raise
        return self.done()


@executor_register(id="fault_once", idempotent=False)
class Once(Wait):
    """Must not be run twice."""

    idempotent = False


@executor_register(id="fault_block")
class Block(FaultTask):
    """Waits in a thread and ignores cancels."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Wait."""
        self.note("start")
        since = time.monotonic()
        while self.must_wait(since):
            time.sleep(0.01)
        return self.done()


@executor_register(id="fault_starve")
class Starve(FaultTask):
    """Holds its event loop and the interpreter with arithmetic."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Compute without giving way."""
        self.note("start")
        since, number = time.monotonic(), 1
        while self.must_wait(since):
            for _ in range(1000):
                number = number * 48_271 % 2_147_483_647
        return self.done()


@executor_register(id="fault_kill")
class Kill(FaultTask):
    """Kills its worker in its first `times` attempts."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Kill this process."""
        self.note("start")
        if self.attempt <= int(inputs.get("times", 1_000_000)):
            os.kill(os.getpid(), signal.SIGKILL)
            await asyncio.sleep(LONGEST_SECONDS)
        return self.done()


@executor_register(id="fault_eat")
class Eat(FaultTask):
    """Eats memory until there is none."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Allocate more and more."""
        self.note("start")
        eaten = []
        while True:
            eaten.append(bytearray(16 * 1024 * 1024))


@executor_register(id="fault_huge")
class Huge(FaultTask):
    """Returns very much."""

    async def execute(self, inputs: dict[str, Any]) -> Any:
        """Return a text of `bytes` characters."""
        self.note("start")
        return "x" * int(inputs["bytes"])


@executor_register(id="fault_raise")
class Raise(FaultTask):
    """Waits, then raises in its first `failures` attempts."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Raise."""
        self.note("start")
        await asyncio.sleep(float(inputs.get("seconds", 0)))
        if self.attempt <= int(inputs.get("failures", 1_000_000)):
            raise RuntimeError(f"attempt {self.attempt} raises on purpose")
        return self.done()


@executor_register(id="fault_broken")
class Broken(FaultTask):
    """Fails at once until its gate is open."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Fail, or not any more."""
        self.note("start")
        if not Path(inputs["gate"]).exists():
            raise ConnectionError("the service is down")
        return self.done()


@executor_register(id="fault_orm_async")
class OrmAsync(FaultTask):
    """Uses Django's ORM from async code."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Count runs."""
        from orchestration.models import Run

        self.note("start")
        assert await Run.objects.acount() > 0
        return self.done()


@executor_register(id="fault_orm_thread")
class OrmThread(FaultTask):
    """Uses Django's ORM from a thread."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Count runs."""
        from orchestration.models import Run

        self.note("start")
        assert Run.objects.count() > 0
        return self.done()
