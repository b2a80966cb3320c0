"""The door: counts the streams of each user, and keeps a hub as long as there is a stream."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from .errors import too_many_streams
from .hub import Hub
from .limits import MAX_STREAMS
from .visitor import Visitor


class Door:
    """Lets streams in. While there are none, nothing listens and no connection is held."""

    def __init__(self) -> None:
        self._streams: Counter[int] = Counter()
        self._hub: Hub | None = None

    def require_room(self, visitor: Visitor) -> None:
        """Raise StreamError when the visitor has as many streams as one user may have."""
        if self._streams[visitor.actor.user.pk] >= MAX_STREAMS:
            raise too_many_streams(MAX_STREAMS)

    @asynccontextmanager
    async def enter(self, visitor: Visitor) -> AsyncIterator[Hub]:
        """Yield the hub for one stream. Raises StreamError when there is no room."""
        self.require_room(visitor)
        user = visitor.actor.user.pk
        self._streams[user] += 1
        self._hub = hub = self._hub or Hub()
        try:
            yield hub
        finally:
            self._streams[user] -= 1
            if not +self._streams:
                self._streams.clear()
                self._hub = None
                await hub.close()


_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, Door] = WeakKeyDictionary()


def door() -> Door:
    """Return the door of this process: of its event loop, of which a web server has one."""
    return _doors.setdefault(asyncio.get_running_loop(), Door())
