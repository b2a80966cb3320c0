"""The engine's side threads: control (reads), heartbeat (the lease) and listen (wake-ups)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from .ports import Store

if TYPE_CHECKING:
    from .engine import Engine

logger = logging.getLogger("apflow.engine")

Answer = Callable[[Any, Exception | None], None]


class ControlThread:
    """Runs reads and claims for the engine, one after the other, on its own connection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._inbox: SimpleQueue[tuple[Callable[[], Any], Answer] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="apflow-control", daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], Any], answer: Answer) -> None:
        """Run `call`; `answer` gets its result, or None and the exception, in this thread."""
        self._inbox.put((call, answer))

    def stop(self) -> None:
        """End the thread after what is waiting."""
        self._inbox.put(None)
        self._thread.join(5)

    def _serve(self) -> None:
        while (item := self._inbox.get()) is not None:
            call, answer = item
            try:
                result, failure = call(), None
            except Exception as error:  # noqa: BLE001 - a database that is away must not end the thread
                result, failure = None, error
                self._store.close()
            answer(result, failure)
        self._store.close()


class HeartbeatThread:
    """Keeps the worker's lease, on its own connection, whatever the engine's thread and the lanes are doing.

    The deadline counts from the moment a heartbeat was sent: when no answer came for a whole lease, others may own
    the runs, so they are given up, and the engine goes on under a new identity.
    """

    def __init__(self, store: Store, engine: Engine, lease_seconds: float) -> None:
        self._store = store
        self._engine = engine
        self._lease = lease_seconds
        self._stopping = threading.Event()
        self._good_until = time.monotonic() + lease_seconds
        self._thread = threading.Thread(target=self._serve, name="apflow-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            sent = time.monotonic()
            if sent > self._good_until:
                self._lose()
            try:
                self._beat(sent)
            except Exception as error:  # noqa: BLE001 - the next beat tries again
                logger.warning("the heartbeat failed: %s", error)
                self._store.close()
            self._stopping.wait(self._lease / 4)
        self._store.close()

    def _beat(self, sent: float) -> None:
        answer = self._store.beat(self._engine.worker_id, self._lease, self._engine.running)
        self._engine.clock.follow(answer.now)
        if not answer.known:
            self._engine.post(self._engine.lease_lost)
            self._register()
        self._good_until = sent + self._lease
        if answer.draining:
            self._engine.post(self._engine.drain)

    def _lose(self) -> None:
        self._engine.post(self._engine.lease_lost)
        self._register()
        self._good_until = time.monotonic() + self._lease

    def _register(self) -> None:
        try:
            worker_id = self._store.register_worker(self._engine.info)
        except Exception as error:  # noqa: BLE001 - the database is away: the next beat tries again
            logger.warning("registering anew failed: %s", error)
            self._store.close()
            return
        self._engine.post(self._engine.renew, worker_id)


class ListenThread:
    """Waits for hints from the database, on its own connection, and wakes the engine."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="apflow-listen", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(2)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._store.wait_for_notice(0.5):
                    self._wake()
            except Exception as error:  # noqa: BLE001 - the engine polls; listening is only faster
                logger.warning("listening failed: %s", error)
                self._store.close()
                self._stopping.wait(1)
        self._store.close()
