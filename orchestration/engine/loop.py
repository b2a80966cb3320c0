"""The engine's loop: one thread, one inbox, and timers. What runs in it needs no locks and must never block."""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final

from .clock import Clock

logger = logging.getLogger("apflow.engine")

#: The longest sleep when nothing is due.
MAX_WAIT_SECONDS: Final = 1.0


class Loop:
    """Takes calls from any thread and runs them one after the other, with a step after each batch of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inbox: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = count()
        self.stopped = threading.Event()

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have `call` run in the loop's thread; from any thread."""
        self._inbox.put((call, arguments))

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` run in the loop after a while; in the loop's thread only."""
        heapq.heappush(self._timers, (self._clock.monotonic() + max(seconds, 0.0), next(self._sequence), call))

    def every(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` run again and again, that far apart."""

        def again() -> None:
            self.later(seconds, again)
            call()

        self.later(seconds, again)

    def run(self, step: Callable[[], None]) -> None:
        """Run until `stopped` is set: take what came in, fire what is due, do one step."""
        while not self.stopped.is_set():
            try:
                self._take_messages()
                self._fire_timers()
                step()
            except Exception:
                # A fault of ours must not stop heartbeats and other runs in silence: say it, and go on.
                logger.exception("the engine's loop raised; going on")

    def _take_messages(self) -> None:
        try:
            call, arguments = self._inbox.get(timeout=self._wait_seconds())
            while True:
                call(*arguments)
                call, arguments = self._inbox.get_nowait()
        except Empty:
            return

    def _wait_seconds(self) -> float:
        if not self._timers:
            return MAX_WAIT_SECONDS
        return min(max(self._timers[0][0] - self._clock.monotonic(), 0.0), MAX_WAIT_SECONDS)

    def _fire_timers(self) -> None:
        now = self._clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()
