"""Functions that tests choose as hooks."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from apflow import get_hook_repository

#: What was called with what.
CALLS: list[tuple[str, Any]] = []
NOT_A_FUNCTION = "text"


def stamp(task: Any) -> None:
    """Leave a mark in the inputs."""
    CALLS.append(("stamp", task.name))
    task.inputs["stamped"] = True
    task.inputs.pop("n", None)


async def veto(task: Any) -> None:
    """Refuse every task."""
    raise ValueError(f"not {task.name}")


async def count(task: Any, inputs: dict[str, Any], result: Any) -> dict[str, Any]:
    """Say what it saw."""
    CALLS.append(("count", task.status))
    return {"status": task.status, "inputs": inputs, "result": result}


async def raise_priority(task: Any) -> None:
    """Ask something of the repository."""
    repository = get_hook_repository()
    await repository.update_task(task.id, priority=0)


async def look_itself_up(task: Any) -> str:
    """Say as what the repository knows the task."""
    repository = get_hook_repository()
    found = await repository.get_task_by_id(task.id)
    listed = await repository.get_tasks_by_status(found.status)
    return f"{found.name} {found.status} {[each.name for each in listed if each.id == task.id]}"


async def dawdle(task: Any) -> None:
    """Take long."""
    await asyncio.sleep(30)


def block(task: Any) -> None:
    """Take long, and not be interrupted."""
    time.sleep(2)


def ended(root: Any, status: str) -> str:
    """Say how a run ended."""
    return f"{root.tree_name} {status}"
