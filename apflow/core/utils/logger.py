"""Loggers."""

from __future__ import annotations

from apflow.logger import get_logger

__all__ = ["get_logger"]
