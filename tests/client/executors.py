"""An executor that talks. Loaded by the worker of the acceptance test (APFLOW_EXECUTORS)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from apflow import BaseTask, executor_register
from apflow.logger import get_logger

logger = get_logger(__name__)


@executor_register()
class Talker(BaseTask):
    """Logs a line, waits until the file `gate` is there, and logs another one; without a gate it does not wait."""

    id = "talker"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Talk."""
        logger.info("before the gate")
        while inputs.get("gate") and not Path(inputs["gate"]).exists():
            await asyncio.sleep(0.05)
        logger.warning("behind the gate\nin two lines")
        return {"status": "completed"}
