"""What hooks reach the database with."""

from __future__ import annotations

from orchestration.engine.hooks import get_hook_repository

__all__ = ["get_hook_repository"]
