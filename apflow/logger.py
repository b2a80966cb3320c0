"""Loggers."""

from __future__ import annotations

import logging


def get_logger(name: str | None = None) -> logging.Logger:
    """Return a logger. What it says while a task runs is kept in that task's log.

    Example::

        logger = get_logger(__name__)
        logger.info("Fetched %d rows", len(rows))
    """
    return logging.getLogger(name or "apflow")


__all__ = ["get_logger"]
