"""`sleep`: waits."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register

from .support.envelope import InvalidInputsError, completed, failed, read_inputs

#: Progress is told at most this often, and about this many times in all.
_STEP_SECONDS: Final = 0.25
_STEPS: Final = 100


class SleepInputs(BaseModel):
    """What `sleep` takes."""

    seconds: Annotated[float, Field(ge=0, le=604_800)] = Field(description="How long to wait, in seconds")


class SleepResult(BaseModel):
    """What `sleep` returns."""

    slept_seconds: float = Field(description="How long it waited, in seconds")


@executor_register()
class Sleep(BaseTask):
    """Waits for a number of seconds and reports its progress. Waiting costs the worker nothing but a slot."""

    id = "sleep"
    name = "Sleep"
    tags = ["testing", "time"]
    examples = [{"seconds": 5}]
    inputs_schema = SleepInputs
    outputs_schema = SleepResult

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Wait."""
        try:
            seconds = read_inputs(SleepInputs, inputs).seconds
        except InvalidInputsError as error:
            return failed(str(error), error.error_type)
        started = time.monotonic()
        await self._wait(seconds, started)
        return completed({"slept_seconds": round(time.monotonic() - started, 3)})

    async def _wait(self, seconds: float, started: float) -> None:
        step = max(_STEP_SECONDS, seconds / _STEPS)
        while (left := started + seconds - time.monotonic()) > 0:
            self.report_progress(1 - left / seconds, f"{left:.0f} s left")
            await asyncio.sleep(min(step, left))

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return what it would return, at once."""
        return {"slept_seconds": (inputs or {}).get("seconds", 5.0)}
