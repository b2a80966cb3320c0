"""The public failures that this product must be immune to, run against the real engine and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apflow import TaskManager, TaskTreeNode, clear_config, create_session


@pytest.fixture(autouse=True)
def _no_hooks_left_over() -> Iterator[None]:
    clear_config()
    yield
    clear_config()


@pytest.fixture
def manager() -> Any:
    """Make a task manager."""
    return TaskManager(create_session())


async def run_tree(manager: Any, root: Any, *others: Any) -> dict[str, Any]:
    """Put every task under `root`, run the tree, and return the stored tasks by name."""
    node = TaskTreeNode(root)
    for other in others:
        node.add_child(TaskTreeNode(other))
    await manager.distribute_task_tree(node)
    stored = [await manager.task_repository.get_task_by_id(task.id) for task in (root, *others)]
    return {task.name: task for task in stored}
