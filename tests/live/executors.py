"""Executors that say more than anybody can follow. Loaded by workers alone (APFLOW_EXECUTORS)."""

from __future__ import annotations

from typing import Any

from apflow import BaseTask, executor_register

#: How often `live_burst` tells how far it is.
UPDATES = 1_000


@executor_register(id="live_burst")
class Burst(BaseTask):
    """Tells its progress in a tight loop, and logs it."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Tell and return."""
        for update in range(UPDATES):
            self.report_progress(update / UPDATES, f"update {update}")
        return {"status": "completed", "result": UPDATES}


@executor_register(id="live_instant")
class Instant(BaseTask):
    """Returns at once."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return."""
        return {"status": "completed", "result": 1}
