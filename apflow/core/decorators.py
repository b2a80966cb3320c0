"""Decorators."""

from __future__ import annotations

from orchestration.engine.hooks import register_post_hook, register_pre_hook, register_task_tree_hook
from orchestration.engine.registry import add_executor_hook, clear_config, executor_register

__all__ = [
    "add_executor_hook",
    "clear_config",
    "executor_register",
    "register_post_hook",
    "register_pre_hook",
    "register_task_tree_hook",
]
