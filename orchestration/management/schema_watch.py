"""Notices that the database is migrated under a worker that is running."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError, connection

from orchestration.store.schema import applied_migrations

logger = logging.getLogger("apflow.worker")

#: Seconds between two looks.
LOOK_SECONDS: Final = 10.0


class SchemaWatch:
    """Remembers which migrations were applied when it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()
        self._seen = self._applied()

    def has_changed(self) -> bool:
        """Look now and then; True when the tables are others, so that this program has to be started anew."""
        now = self._clock()
        if now - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = now
        if (applied := self._applied()) is None:
            return False
        if self._seen is None:
            self._seen = applied
        if applied == self._seen:
            return False
        logger.error("the database was migrated: this worker stops, to be started again with the version that did it")
        return True

    def _applied(self) -> frozenset[tuple[str, str]] | None:
        """Return what was applied; None while the database is away."""
        try:
            return frozenset(applied_migrations())
        except DatabaseError:
            return None
        finally:
            # Not needed for another while, and a worker has connections enough.
            connection.close()
