"""The hub: it knows every stream of a web process, and does for all of them what needs doing only once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from . import guard
from .errors import no_such_run
from .feed import RunFeed
from .follower import Follower
from .limits import POLL_SECONDS
from .overview_board import OverviewBoard, OverviewWatch
from .reader import Reader
from .run_watch import RunWatch
from .visitor import Visitor
from .watch import Watch
from .window import Window

#: Behind every event: asks how a run stands, without its events.
_AT_THE_END = 2**62


class Hub:
    """Reads events, looks at the overview and at permissions, from its making to `close`. `Door` makes it."""

    def __init__(self) -> None:
        self._feeds: dict[str, RunFeed] = {}
        self._watches: set[Watch] = set()
        self._ticked_at = 0.0
        self._reader = Reader()
        self._board = OverviewBoard()
        self._follower = Follower(self._feeds, self._after_look)
        self._side_tasks = [
            asyncio.create_task(self._follower.follow(), name="live-follower"),
            asyncio.create_task(self._board.keep_fresh(), name="live-overview"),
            asyncio.create_task(guard.keep_watch(self._watches), name="live-guard"),
        ]

    @asynccontextmanager
    async def watch_run(
        self, visitor: Visitor, run_id: str, after: int | None, window: Window | None = None
    ) -> AsyncIterator[RunWatch]:
        """Watch a run that the visitor may see, from an event on, or from its whole state.

        Raises StreamError, or one of DATABASE_AWAY before it begins.
        """
        feed = self._feeds.setdefault(run_id, await self._new_feed(run_id))
        watch = RunWatch(visitor, feed, self._reader, self._follower.now, after, window)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)
            if all(other.run_id != run_id for other in self._watches):
                del self._feeds[run_id]

    @asynccontextmanager
    async def watch_overview(self, visitor: Visitor) -> AsyncIterator[OverviewWatch]:
        """Watch the overview."""
        watch = OverviewWatch(visitor, self._follower.now)
        self._watches.add(watch)
        self._board.add(watch)
        try:
            yield watch
        finally:
            self._board.remove(watch)
            self._watches.discard(watch)

    async def close(self) -> None:
        """Stop everything and close the connections."""
        for task in self._side_tasks:
            task.cancel()
        await asyncio.gather(*self._side_tasks, return_exceptions=True)
        await self._reader.close()

    async def _new_feed(self, run_id: str) -> RunFeed:
        """Build a feed that begins where the run stands; of a run that is followed already, its own is used."""
        if run_id in self._feeds:
            return self._feeds[run_id]
        tail = await self._reader.tail(run_id, _AT_THE_END)
        if tail is None:
            raise no_such_run()
        return RunFeed(run_id, tail.last_seq, tail.status, tail.now)

    def _after_look(self, moved: set[str], was_told: bool) -> None:
        """Wake whom it concerns; once a second everybody, for signs of life."""
        if moved or was_told:
            self._board.moved()
        is_tick = time.monotonic() - self._ticked_at >= POLL_SECONDS
        if is_tick:
            self._ticked_at = time.monotonic()
        for watch in self._watches:
            if is_tick or watch.run_id in moved or (was_told and watch.wants_logs):
                watch.wake()
