"""The group-committing writer: one thread, one connection; it writes whatever is waiting as soon as it is free."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from .ports import Flush, Store

logger = logging.getLogger("apflow.engine")

MAX_RETRY_SECONDS: Final = 2.0


class Writer:
    """Writes flushes one after the other and reports each with the runs it turned out to have lost.

    While the database is away it tries again until `stop`; the engine hands over no further flush meanwhile, so what
    waits stays in the runs' batches and is bounded by what runs.
    """

    def __init__(self, store: Store, worker_id: str, on_written: Callable[[Flush, set[str] | None], None]) -> None:
        self._store = store
        self.worker_id = worker_id
        self._on_written = on_written
        self._inbox: SimpleQueue[Flush | None] = SimpleQueue()
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="apflow-writer", daemon=True)
        self.thread.start()

    def submit(self, flush: Flush) -> None:
        """Hand over a flush; one at a time."""
        self._inbox.put(flush)

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after what was handed over is written, or after the time."""
        self._inbox.put(None)
        self.thread.join(timeout_seconds)
        self._stopping.set()

    def _serve(self) -> None:
        while (flush := self._inbox.get()) is not None:
            self._on_written(flush, self._write(flush))
        self._store.close()

    def _write(self, flush: Flush) -> set[str] | None:
        """Write one flush, trying again as long as it takes; None when stopped before it could be written."""
        delay = 0.05
        while True:
            try:
                return self._store.write(self.worker_id, flush)
            except Exception:
                logger.exception("writing failed; trying again in %.2f s", delay)
                self._store.close()
            if self._stopping.wait(delay):
                return None
            delay = min(delay * 2, MAX_RETRY_SECONDS)
