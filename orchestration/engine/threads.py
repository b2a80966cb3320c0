"""The engine's side threads: control (reads), heartbeat (the lease) and listen (wake-ups)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol

from .clock import SystemClock
from .loop import Loop
from .metrics import Metrics
from .ports import Store, WorkerInfo

logger = logging.getLogger("apflow.engine")

Answer = Callable[[Any, Exception | None], None]


class ControlThread:
    """Runs reads and claims for the engine, one after the other, on its own connection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._inbox: SimpleQueue[tuple[Callable[[], Any], Answer] | None] = SimpleQueue()
        self._lock = threading.Lock()
        #: Looks that wait for their turn, by name.
        self._looks: set[str] = set()
        self.thread = threading.Thread(target=self._serve, name="apflow-control", daemon=True)
        self.thread.start()

    def submit(self, call: Callable[[], Any], answer: Answer) -> None:
        """Run `call`; `answer` gets its result, or None and the exception, in this thread."""
        self._inbox.put((call, answer))

    def look(self, name: str, call: Callable[[], Any], answer: Answer) -> None:
        """Do as `submit`, unless a look of that name waits for its turn: it will see what there is by then.

        So looks that come again and again do not pile up while the database is slow or away.
        """
        with self._lock:
            if name in self._looks:
                return
            self._looks.add(name)

        def begin() -> Any:
            with self._lock:
                self._looks.discard(name)
            return call()

        self.submit(begin, answer)

    def stop(self) -> None:
        """End the thread after what is waiting."""
        self._inbox.put(None)
        self.thread.join(5)

    def _serve(self) -> None:
        while (item := self._inbox.get()) is not None:
            call, answer = item
            try:
                result, failure = call(), None
            except Exception as error:  # noqa: BLE001 - a database that is away must not end the thread
                logger.warning("the database did not answer: %s", error)
                result, failure = None, error
                self._store.close()
            answer(result, failure)
        self._store.close()


class Beating(Protocol):
    """What the heartbeat needs of its engine."""

    worker_id: str
    info: WorkerInfo
    clock: SystemClock
    loop: Loop
    metrics: Metrics

    @property
    def running(self) -> int:
        """How many slots are taken."""

    def lease_lost(self) -> None:
        """Give up every run; in the loop."""

    def renew(self, worker_id: str) -> None:
        """Go on under a new identity; in the loop."""


class HeartbeatThread:
    """Keeps the worker's lease, on its own connection, whatever the engine's thread and the lanes are doing.

    The deadline counts from the moment a heartbeat was sent. When it has passed without an answer, others may own the
    runs: the engine (which watches `is_over`) gives them up, and this thread registers a new identity as soon as the
    database answers. It never beats under the old one again.
    """

    def __init__(self, store: Store, engine: Beating, lease_seconds: float) -> None:
        self._store = store
        self._engine = engine
        self._lease = lease_seconds
        self._worker_id = engine.worker_id
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._good_until = time.monotonic() + lease_seconds
        self.thread = threading.Thread(target=self._serve, name="apflow-heartbeat", daemon=True)
        self.thread.start()

    @property
    def is_over(self) -> bool:
        """True when the lease may have run out. For any thread."""
        with self._lock:
            return time.monotonic() > self._good_until

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.thread.join(5)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.is_over or not self._beat():
                    self._register_anew()
            except Exception as error:  # noqa: BLE001 - the next beat tries again
                logger.warning("the heartbeat failed: %s", error)
                self._store.close()
            self._stopping.wait(self._lease / 4)
        self._store.close()

    def _beat(self) -> bool:
        """Extend the lease; False when it is over, for the database or for us."""
        sent = time.monotonic()
        answer = self._store.beat(self._worker_id, self._lease, self._engine.running, self._engine.metrics.snapshot())
        self._engine.clock.follow(answer.now)
        return answer.known and self._extend(sent + self._lease)

    def _extend(self, until: float) -> bool:
        """Move the deadline, unless it has passed.

        One step for whoever looks at it: an engine that has seen it pass waits for a new identity.
        """
        with self._lock:
            if time.monotonic() > self._good_until:
                return False
            self._good_until = until
            return True

    def _register_anew(self) -> None:
        self._good_until = min(self._good_until, time.monotonic())
        self._engine.loop.post(self._engine.lease_lost)
        # The new identity claims before it beats; what it decides by the time must not wait for that.
        self._engine.clock.follow(self._store.now())
        sent = time.monotonic()
        self._worker_id = self._store.register_worker(self._engine.info, self._worker_id)
        self._good_until = sent + self._lease
        self._engine.loop.post(self._engine.renew, self._worker_id)


class ListenThread:
    """Waits for hints from the database, on its own connection, and wakes the engine."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="apflow-listen", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.thread.join(2)

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
