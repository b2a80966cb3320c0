"""apflow: the public SDK. Executors and hooks are declared with it; trees are stored and run with it.

Declaring needs no set-up. What touches the database (`TaskManager`, `create_session`, …) is loaded when it is first
asked for; when Django is not set up by then, that happens with the settings of this project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestration import __version__
from orchestration.engine.base import BaseTask
from orchestration.engine.config import EngineConfig, current_config
from orchestration.engine.errors import (
    ExecutorConfigurationError,
    ExecutorNotFoundError,
    InvalidDefinitionError,
    OrchestrationError,
    TaskNotFoundError,
)
from orchestration.engine.hook_repository import HookRepository
from orchestration.engine.hooks import (
    get_hook_repository,
    get_hook_session,
    register_post_hook,
    register_pre_hook,
    register_task_tree_hook,
)
from orchestration.engine.registry import add_executor_hook, clear_config, executor_register
from orchestration.engine.status import Status as TaskStatus
from orchestration.engine.tree_node import TaskTreeNode, create_task
from orchestration.engine.unsupported import (
    NotSupportedError,
    hook_register,
    register_webhook_verify_hook,
    set_task_model_class,
    storage_register,
    task_model_register,
    tool_register,
)

from ._lazy import load

if TYPE_CHECKING:
    from orchestration.actions.sdk.builder import TaskBuilder, TaskCreator, TaskExecutor, execute_tasks
    from orchestration.actions.sdk.manager import TaskManager
    from orchestration.actions.sdk.repository import TaskRepository
    from orchestration.actions.sdk.session import create_pooled_session, create_session, get_default_session

__all__ = [
    "BaseTask",
    "EngineConfig",
    "ExecutorConfigurationError",
    "ExecutorNotFoundError",
    "HookRepository",
    "InvalidDefinitionError",
    "NotSupportedError",
    "OrchestrationError",
    "TaskBuilder",
    "TaskCreator",
    "TaskExecutor",
    "TaskManager",
    "TaskNotFoundError",
    "TaskRepository",
    "TaskStatus",
    "TaskTreeNode",
    "__version__",
    "add_executor_hook",
    "clear_config",
    "create_pooled_session",
    "create_session",
    "create_task",
    "current_config",
    "execute_tasks",
    "executor_register",
    "get_default_session",
    "get_hook_repository",
    "get_hook_session",
    "hook_register",
    "register_post_hook",
    "register_pre_hook",
    "register_task_tree_hook",
    "register_webhook_verify_hook",
    "set_task_model_class",
    "storage_register",
    "task_model_register",
    "tool_register",
]


def __getattr__(name: str) -> Any:
    """Load what needs the database."""
    return load(__name__, name)
