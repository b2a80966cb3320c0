"""What hooks reach the database with."""

from __future__ import annotations

from orchestration.engine.hooks import get_hook_repository, get_hook_session

__all__ = ["get_hook_repository", "get_hook_session"]
