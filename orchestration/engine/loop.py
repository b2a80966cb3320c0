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


#: Timers that were called off and still take a place, up to which nobody minds them.
FEW_DEAD: Final = 64


class Timer:
    """A call that is due later. Touched in the loop's thread only."""

    __slots__ = ("_call", "_on_cancel")

    def __init__(self, call: Callable[[], None], on_cancel: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call
        self._on_cancel = on_cancel

    @property
    def is_dead(self) -> bool:
        """True once it was called off or has fired."""
        return self._call is None

    def cancel(self) -> None:
        """Call it off, and let go of what the call holds; one that has fired is no error."""
        if self._call is not None:
            self._call = None
            self._on_cancel()

    def fire(self) -> None:
        """Make the call, once."""
        call, self._call = self._call, None
        if call is not None:
            call()


class Loop:
    """Takes calls from any thread and runs them one after the other, with a step after each batch of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inbox: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()
        self._timers: list[tuple[float, int, Timer]] = []
        #: How many of the timers were called off.
        self._dead = 0
        self._sequence = count()
        self.stopped = threading.Event()

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have `call` run in the loop's thread; from any thread."""
        self._inbox.put((call, arguments))

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Have `call` run in the loop after a while, unless it is called off; in the loop's thread only."""
        timer = Timer(call, self._bury)
        heapq.heappush(self._timers, (self._clock.monotonic() + max(seconds, 0.0), next(self._sequence), timer))
        return timer

    def _bury(self) -> None:
        """Count a timer that was called off; when most were, make the heap anew without them."""
        self._dead += 1
        if self._dead > FEW_DEAD and self._dead * 2 > len(self._timers):
            # In place, with what is due: this may be called by a timer that fires.
            self._timers[:] = [entry for entry in self._timers if not entry[2].is_dead]
            heapq.heapify(self._timers)
            self._dead = 0

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
            timer = heapq.heappop(self._timers)[2]
            self._dead -= timer.is_dead
            timer.fire()
