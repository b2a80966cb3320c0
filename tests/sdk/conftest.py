"""Fixtures of the SDK's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tests.sdk.executors  # noqa: F401 - registers them
from apflow import TaskManager, clear_config, create_session


@pytest.fixture(autouse=True)
def _no_hooks_left_over() -> Iterator[None]:
    clear_config()
    yield
    clear_config()


@pytest.fixture
def manager() -> Any:
    """Make a task manager."""
    return TaskManager(create_session())
