"""Fixtures of the SDK's tests: those of the public failures, and the executors that they run."""

from __future__ import annotations

import tests.sdk.executors  # noqa: F401 - registers them
from tests.bugs.conftest import _no_hooks_left_over, manager

__all__ = ["_no_hooks_left_over", "manager"]
