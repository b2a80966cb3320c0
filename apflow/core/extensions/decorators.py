"""Registering executors."""

from __future__ import annotations

from orchestration.engine.registry import add_executor_hook, executor_register

__all__ = ["add_executor_hook", "executor_register"]
