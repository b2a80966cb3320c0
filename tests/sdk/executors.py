"""Executors of the SDK's tests; those that run in child processes must be importable there."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Any

from pydantic import BaseModel

from apflow import BaseTask, executor_register


class Numbers(BaseModel):
    """Inputs with a list and a default."""

    numbers: list[int]
    factor: int = 1


class Total(BaseModel):
    """A result with a sum."""

    total: int


@executor_register(id="sdk_sum")
class Sum(BaseTask):
    """Adds numbers."""

    inputs_schema = Numbers
    outputs_schema = Total

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Add, or lie when the sum is 13."""
        total = sum(inputs["numbers"]) * inputs["factor"]
        return {"status": "completed", "result": {"total": "thirteen" if total == 13 else total}}


@executor_register(id="sdk_talk")
class Talk(BaseTask):
    """Reports progress and logs in every way."""

    def execute(self, inputs: dict[str, Any]) -> str:
        """Talk."""
        self.log.warning("own %d", 1)
        logging.getLogger("somebody.elses").info("library line")
        self.report_progress(0.4, "page 4 of 10")
        # Progress is collected four times a second.
        time.sleep(2)
        return "done"


@executor_register(id="sdk_flaky")
class Flaky(BaseTask):
    """Fails until its last attempt."""

    async def execute(self, inputs: dict[str, Any]) -> Any:
        """Fail, as its inputs say."""
        attempt = self.context.attempt if self.context else 1
        if attempt <= inputs["failures"]:
            if inputs.get("returned"):
                return {"status": "failed", "error": f"no {attempt}", "retryable": inputs["retryable"]}
            raise ConnectionError(f"no {attempt}")
        return {"status": "completed", "result": attempt}


@executor_register(id="sdk_wait")
class Wait(BaseTask):
    """Waits, and stops when it is cancelled."""

    async def execute(self, inputs: dict[str, Any]) -> str:
        """Wait."""
        await asyncio.sleep(inputs.get("seconds", 30))
        return "waited"


@executor_register(id="sdk_stubborn")
class Stubborn(BaseTask):
    """A thread that looks at its flag."""

    def execute(self, inputs: dict[str, Any]) -> str:
        """Wait for the flag."""
        while not self.is_cancelled():
            time.sleep(0.01)
        return "too late"


@executor_register(id="sdk_isolated", isolation="process", memory_mb=200)
class Isolated(BaseTask):
    """Does in a process of its own what its input `act` says."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Act."""
        self.log.info("acting: %s", inputs["act"])
        self.report_progress(0.5, "half")
        if inputs["act"] == "die":
            os._exit(7)
        if inputs["act"] == "crash":
            os.abort()
        if inputs["act"] == "eat":
            return len(bytearray(600 * 1024 * 1024))
        if inputs["act"] == "sleep":
            time.sleep(60)
        while inputs["act"] == "be deaf":
            try:
                time.sleep(60)
            except BaseException:  # noqa: BLE001 - SIGTERM comes as an exception
                self.log.warning("not listening")
        if inputs["act"] == "raise":
            raise ValueError("no good")
        return {"status": "completed", "result": {"pid": os.getpid()}}
