"""Trees, tasks and statuses."""

from __future__ import annotations

from orchestration.engine.status import Status as TaskStatus
from orchestration.engine.tree_node import TaskTreeNode

__all__ = ["TaskStatus", "TaskTreeNode"]
