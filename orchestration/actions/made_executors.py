"""Keeping this process's registry current with the executors that are made in the admin, where no engine does it."""

from __future__ import annotations

import logging
import time
from typing import Final

from django.db import Error, connection

from orchestration.engine.made import refresh_made
from orchestration.engine.registry import default_registry
from orchestration.store.made_executors import read_made_in_request

logger = logging.getLogger(__name__)

#: Seconds for which what was read last is believed.
EVERY_SECONDS: Final = 1.0
_read_at = [-EVERY_SECONDS]


def is_refresh_due() -> bool:
    """Tell whether `refresh_executors` would look."""
    return time.monotonic() - _read_at[0] >= EVERY_SECONDS


def refresh_executors(*, at_once: bool = False) -> None:
    """Take over what was made, changed or deleted, at most once a second unless it is to be at once.

    While the database is away, what is known stays.
    """
    if not at_once and not is_refresh_due():
        return
    _read_at[0] = time.monotonic()
    try:
        refresh_made(default_registry, read_made_in_request)
    except Error as error:
        logger.warning("the executors that were made in the admin can't be read: %s", error)
        connection.close_if_unusable_or_obsolete()
