"""How much may be on its way to one watcher, and how often."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from .limits import FRAME_SECONDS, WINDOW_FRAMES


class Window:
    """Frames that a client has not acknowledged yet, by the event up to which each brings it."""

    def __init__(self, size: int = WINDOW_FRAMES) -> None:
        self._size = size
        self._unacknowledged: deque[int] = deque()

    @property
    def is_open(self) -> bool:
        """Whether another frame may be sent."""
        return len(self._unacknowledged) < self._size

    def sent(self, seq: int) -> None:
        """Count a frame after which the client is at `seq`."""
        self._unacknowledged.append(seq)

    def acknowledge(self, seq: int) -> None:
        """Everything up to `seq` has been dealt with."""
        while self._unacknowledged and self._unacknowledged[0] <= seq:
            self._unacknowledged.popleft()


class Pace:
    """Keeps frames to one watcher apart."""

    def __init__(self, seconds: float = FRAME_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._next_at = 0.0

    def pause_seconds(self) -> float:
        """Return how long the next frame has to wait."""
        return max(self._next_at - self._now(), 0.0)

    def sent(self) -> None:
        """A frame was sent."""
        self._next_at = self._now() + self._seconds

    async def wait(self) -> None:
        """Wait until a frame may be sent."""
        if (pause := self.pause_seconds()) > 0:
            await asyncio.sleep(pause)
