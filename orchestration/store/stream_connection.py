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
        self._connection: AsyncConnection[Any] | None = None
        self._opening = asyncio.Lock()

    async def get(self) -> AsyncConnection[Any]:
        """Return the connection. Raises `psycopg.OperationalError` or Django's when the database is away."""
        async with self._opening:
            if self._connection is None or self._connection.closed:
                self._connection = await self._open()
            return self._connection

    async def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

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
