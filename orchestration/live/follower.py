"""Follows the log of every watched run: one look for all of them, whenever somebody tells of events."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from orchestration.store.stream import read_tails
from orchestration.store.stream_connection import ListeningConnection, StreamConnection

from .feed import RunFeed
from .limits import FRAME_SECONDS, MAX_MISSING, POLL_SECONDS
from .reader import DATABASE_AWAY
from .side_tasks import repeat

logger = logging.getLogger(__name__)

#: A look that takes longer has lost its connection without being told.
_PATIENCE_SECONDS = 15.0
#: Looks in a row that found events which nobody had told of: the listening connection is dead without knowing it.
_DEAF_AFTER = 3


class Follower:
    """Reads new events into the feeds. A lost notification costs a second, and never an event."""

    def __init__(self, feeds: Mapping[str, RunFeed], on_look: Callable[[set[str], bool], None]) -> None:
        self._feeds = feeds
        self._on_look = on_look
        self._listener = ListeningConnection()
        self._connection = StreamConnection()
        self._clock: tuple[datetime, float] | None = None
        self._was_told = False
        self._surprises = 0
        self._is_away = False

    def now(self) -> datetime:
        """The time by the database's clock, as far as it is known."""
        if self._clock is None:
            return datetime.now(UTC)
        then, at = self._clock
        return then + timedelta(seconds=time.monotonic() - at)

    async def follow(self) -> None:
        """Look whenever somebody tells of events, and once a second in any case, until cancelled."""
        try:
            await repeat("following events", self._step)
        finally:
            await self._listener.close()
            await self._connection.close()

    async def _step(self) -> None:
        was_told, self._was_told = self._was_told, False
        self._on_look(await self._look(was_told), was_told)
        await asyncio.sleep(FRAME_SECONDS)
        self._was_told = await self._listen(POLL_SECONDS)

    async def _listen(self, seconds: float) -> bool:
        try:
            return await self._listener.wait(seconds)
        except DATABASE_AWAY:
            await self._listener.close()
            await asyncio.sleep(seconds / 4)
            return False

    async def _look(self, was_told: bool) -> set[str]:
        """Read what is new; returns the ids of the runs that have moved."""
        moved: set[str] = set()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                moved = await self._read()
        except DATABASE_AWAY as error:
            await self._went_away(error)
        else:
            self._came_back()
        await self._check_hearing(was_told or not moved)
        return moved

    async def _read(self) -> set[str]:
        feeds = dict(self._feeds)
        if not feeds:
            return set()
        connection = await self._connection.get()
        tails = await read_tails(connection, {run_id: feed.head for run_id, feed in feeds.items()}, MAX_MISSING)
        for tail in tails.values():
            self._clock = (tail.now, time.monotonic())
        return {run_id for run_id, feed in feeds.items() if feed.take(tails.get(run_id))}

    async def _check_hearing(self, is_good: bool) -> None:
        self._surprises = 0 if is_good else self._surprises + 1
        if self._surprises >= _DEAF_AFTER:
            logger.warning("events come unannounced: listening anew")
            self._surprises = 0
            await self._listener.close()

    async def _went_away(self, error: Exception) -> None:
        if not self._is_away:
            logger.warning("the database is away, streams wait for it: %s", " ".join(str(error).split()))
        self._is_away = True
        await self._connection.close()

    def _came_back(self) -> None:
        if self._is_away:
            logger.info("the database is back, streams go on")
        self._is_away = False
