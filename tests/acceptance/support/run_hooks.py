"""Functions that tests of the run view choose as hooks."""

from __future__ import annotations

import asyncio
import time
from typing import Any


def greet(root: Any) -> None:
    """Be quick."""


def book(root: Any) -> None:
    """Take long."""
    time.sleep(1.5)


async def free(root: Any, message: str) -> None:
    """Fail, when the stream of the run has ended."""
    await asyncio.sleep(2)
    raise ValueError("There is no such slot <b>any more</b>")


def check(task: Any) -> None:
    """Take long, and change something."""
    time.sleep(1.5)
    task.inputs["checked"] = True


def tell(task: Any, inputs: Any, result: Any) -> None:
    """Fail."""
    raise RuntimeError("Nobody listens")
