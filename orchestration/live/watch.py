"""A watcher: somebody's place in a stream, whatever the way in which its frames are handed out."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from .errors import StreamError
from .frames import Frame, ping_frame
from .limits import PING_SECONDS
from .reader import DATABASE_AWAY
from .visitor import Visitor
from .window import Pace


class Watch(ABC):
    """One stream. It waits without timers of its own: the hub wakes it when something may be new, and once a second."""

    #: The run that is watched; None for the overview.
    run_id: str | None = None
    #: Whether log lines are asked for.
    wants_logs = False

    def __init__(self, visitor: Visitor, clock: Callable[[], datetime]) -> None:
        self.visitor = visitor
        self._clock = clock
        self._awake = asyncio.Event()
        self._pace = Pace()
        self._refusal: StreamError | None = None
        self._has_left = False
        self._owes_ping = False
        self._sent_at = time.monotonic()

    def wake(self) -> None:
        """Look whether there is something to send."""
        self._awake.set()

    def refuse(self, error: StreamError) -> None:
        """End the stream with an error."""
        self._refusal = error
        self.wake()

    def hang_up(self) -> None:
        """End the stream: nobody listens any more."""
        self._has_left = True
        self.wake()

    def answer_ping(self) -> None:
        """Send a ping, after what was asked for before it."""
        self._owes_ping = True
        self.wake()

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield frames until the end, or until the client has left. Raises StreamError."""
        while True:
            self._awake.clear()
            await self._pace.wait()
            if self._refusal is not None:
                raise self._refusal
            if self._has_left:
                return
            frame = await self._next_or_none()
            if frame is None:
                await self._awake.wait()
                continue
            self._pace.sent()
            self._sent_at = time.monotonic()
            yield frame
            if frame.type == "end":
                return

    def ping_if_due(self) -> Frame | None:
        """Return a sign of life when the client asked for one, or when nothing was sent for long."""
        if not self._owes_ping and time.monotonic() - self._sent_at < PING_SECONDS:
            return None
        self._owes_ping = False
        return ping_frame(self._clock())

    async def _next_or_none(self) -> Frame | None:
        try:
            return await self.next_frame()
        except DATABASE_AWAY:
            return None  # the hub tries to reach it, and wakes everybody meanwhile

    @abstractmethod
    async def next_frame(self) -> Frame | None:
        """Return what is to be sent now; None when there is nothing."""
