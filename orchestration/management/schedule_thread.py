"""The thread of a worker that fires schedules."""

from __future__ import annotations

import logging
import threading
from typing import Final

from django.db import connection

from orchestration.actions.firing import fire_due
from orchestration.store.connection import keep_no_locks_when_frozen

logger = logging.getLogger("apflow.schedules")

#: Seconds between two looks; a moment that is planned sooner is waited for.
LOOK_SECONDS: Final = 1.0
_LEAST_SECONDS: Final = 0.01


class ScheduleThread:
    """Fires what is due until it is stopped. Without a database it tries again at each look."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="apflow-schedules", daemon=True)

    def start(self) -> None:
        """Start to fire."""
        self.thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Fire nothing more; what is being written is finished."""
        self._stopping.set()
        self.thread.join(seconds)

    def _serve(self) -> None:
        try:
            while not self._stopping.wait(self._look()):
                pass
        finally:
            connection.close()

    def _look(self) -> float:
        """Fire what is due, and return the seconds until the next look."""
        try:
            keep_no_locks_when_frozen()
            upcoming = fire_due()
        except Exception:
            logger.warning("schedules can't be looked at; trying again", exc_info=True)
            connection.close()
            return LOOK_SECONDS
        return LOOK_SECONDS if upcoming is None else min(max(upcoming, _LEAST_SECONDS), LOOK_SECONDS)
