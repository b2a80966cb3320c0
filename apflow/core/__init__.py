"""The SDK under the path that apflow's readers know; see `apflow`."""

from __future__ import annotations

from typing import Any

from apflow._lazy import load
from orchestration.engine.base import BaseTask
from orchestration.engine.hooks import get_hook_repository, get_hook_session
from orchestration.engine.registry import executor_register
from orchestration.engine.tree_node import TaskTreeNode, create_task

__all__ = ["BaseTask", "TaskTreeNode", "create_task", "executor_register", "get_hook_repository", "get_hook_session"]


def __getattr__(name: str) -> Any:
    """Load what needs the database."""
    return load(__name__, name)
