"""The executors that the benchmarks run."""

from __future__ import annotations

import time
from typing import Any

from apflow import BaseTask, executor_register


@executor_register()
class BenchNoop(BaseTask):
    """Does nothing, as fast as it can."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return at once."""
        return {"status": "completed", "result": {"n": 1}}


@executor_register(isolation="process")
class BenchIsolated(BaseTask):
    """Does nothing, in a process of its own."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return at once."""
        return {"status": "completed", "result": {"n": 1}}


@executor_register()
class BenchNow(BaseTask):
    """Tells when its code ran."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the seconds of this machine's clock."""
        return {"status": "completed", "result": {"at": time.time()}}
