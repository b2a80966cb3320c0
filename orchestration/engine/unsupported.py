"""Names that apflow's authors may import and that have no counterpart here: each says what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import OrchestrationError


class NotSupportedError(OrchestrationError):
    """This part of apflow has no counterpart here."""


def _refuse(name: str, instead: str) -> NoReturn:
    raise NotSupportedError(f"{name} has no counterpart here: {instead}")


def set_task_model_class(model: Any) -> NoReturn:
    """Refuse: tasks live in this project's own tables."""
    _refuse("set_task_model_class", "keep data of your own in a task's params, or in a model of your own Django app")


def task_model_register(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: tasks live in this project's own tables."""
    _refuse("task_model_register", "keep data of your own in a task's params, or in a model of your own Django app")


def storage_register(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: PostgreSQL is the only database."""
    _refuse("storage_register", "PostgreSQL is the only database; set DATABASE_URL to choose one")


def hook_register(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: hooks are plain functions."""
    _refuse("hook_register", "use register_pre_hook, register_post_hook or register_task_tree_hook on a function")


def tool_register(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: there are no agent tools."""
    _refuse("tool_register", "write the tool as an executor with executor_register")


def register_webhook_verify_hook(*arguments: Any, **options: Any) -> NoReturn:
    """Refuse: there are no incoming webhooks yet."""
    _refuse("register_webhook_verify_hook", "runs are started from the pages, by manage.py run, or by TaskManager")
