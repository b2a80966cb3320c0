"""An executor for the tests of the run view: it logs, returns and fails as it is told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from apflow import BaseTask, executor_register
from apflow.logger import get_logger

_LOGGER = get_logger(__name__)
#: A gate that never opens is no reason to wait for ever.
_LONGEST_SECONDS = 120.0


@executor_register(id="play")
class Play(BaseTask):
    """Plays what its inputs say.

    Logs each text of `say` as INFO and of `warn` as WARNING, waits until the file `gate` is there, raises ValueError
    with `error` in every attempt below `good_attempt`, and returns `result`; of `size`, that many letters instead.
    """

    name = "Play"
    description = "Plays what its inputs say."

    async def execute(self, inputs: dict[str, Any]) -> Any:
        """Play."""
        attempt = self.context.attempt if self.context is not None else 1
        for text in inputs.get("say", []):
            _LOGGER.info("%s", text)
        for text in inputs.get("warn", []):
            _LOGGER.warning("%s", text)
        if "gate" in inputs:
            await _wait_for(Path(inputs["gate"]))
        if attempt < inputs.get("good_attempt", 1):
            _LOGGER.error("attempt %s breaks", attempt)
            raise ValueError(inputs.get("error", "It broke"))
        return "x" * inputs["size"] if "size" in inputs else inputs.get("result")


async def _wait_for(gate: Path) -> None:
    for _ in range(int(_LONGEST_SECONDS / 0.02)):
        if gate.exists():
            return
        await asyncio.sleep(0.02)
