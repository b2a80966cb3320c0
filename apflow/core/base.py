"""BaseTask."""

from __future__ import annotations

from orchestration.engine.base import BaseTask

__all__ = ["BaseTask"]
