"""TaskBuilder."""

from __future__ import annotations

from typing import Any

from apflow._lazy import load


def __getattr__(name: str) -> Any:
    """Load what needs the database."""
    return load(__name__, name)
