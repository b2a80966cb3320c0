"""Asynchronous connections of the live stream, which come back by themselves when the database does."""

from __future__ import annotations

import asyncio
from typing import Any

from psycopg import AsyncConnection

from .connection import PLANNING, connection_params
from .statements import EVENTS_CHANNEL


class StreamConnection:
    """One connection, made when it is needed and made anew when it broke. One statement at a time."""

    def __init__(self) -> None:
        self._opening: asyncio.Task[AsyncConnection[Any]] | None = None

    async def get(self) -> AsyncConnection[Any]:
        """Return the connection. Raises `psycopg.OperationalError` or Django's when the database is away."""
        if self._opening is None or _is_of_no_use(self._opening):
            self._opening = asyncio.create_task(self._open(), name="open a stream's connection")
        # Shielded: a cancelled `connect` of psycopg leaves a session that is open until the garbage is collected.
        return await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Close the connection, if there is one. One that is still being opened is closed as soon as it is open."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        closing = asyncio.create_task(_close(opening), name="close a stream's connection")
        _closings.add(closing)
        closing.add_done_callback(_closings.discard)
        if opening.done():
            await closing

    async def _open(self) -> AsyncConnection[Any]:
        # In a thread: asking for the parameters may start the embedded server.
        params = await asyncio.to_thread(connection_params)
        connection = await AsyncConnection.connect(**params, autocommit=True)
        try:
            await connection.execute(PLANNING)
            await connection.execute("SET timezone = 'UTC'")
            await self._prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        """Do what a kind of connection needs once."""


class ListeningConnection(StreamConnection):
    """The connection that hears when events are committed."""

    def __init__(self) -> None:
        super().__init__()
        self._is_new = False

    async def wait(self, timeout_seconds: float) -> bool:
        """Return True when somebody may have committed events, False after the time. A hint may be lost."""
        connection = await self.get()
        if self._is_new:
            # What was told before it listened was not heard.
            self._is_new = False
            return True
        async for _ in connection.notifies(timeout=timeout_seconds, stop_after=1):
            return True
        return False

    async def _prepare(self, connection: AsyncConnection[Any]) -> None:
        await connection.execute(f"LISTEN {EVENTS_CHANNEL}")
        self._is_new = True


#: The loop itself holds tasks weakly.
_closings: set[asyncio.Task[None]] = set()


def _is_of_no_use(opening: asyncio.Task[AsyncConnection[Any]]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None or opening.result().closed)


async def _close(opening: asyncio.Task[AsyncConnection[Any]]) -> None:
    await asyncio.wait([opening])
    # An error was told to whoever asked for the connection.
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().close()
