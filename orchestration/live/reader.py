"""What single watchers read from the database: whole states, missed events, log lines; on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar, cast

import django.db
import psycopg
from psycopg import AsyncConnection

from orchestration.store.stream import LogPage, Snapshot, Tail, read_logs, read_snapshot, read_tails
from orchestration.store.stream_connection import StreamConnection

from .limits import LOG_LINES, MAX_MISSING

T = TypeVar("T")

#: What is raised while the database is away. Streams wait for it to come back.
DATABASE_AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    django.db.OperationalError,
    django.db.InterfaceError,
    OSError,
)

#: A read that takes longer has lost its connection without being told.
_PATIENCE_SECONDS: Final = 30.0


class Reader:
    """Reads for watchers. Those who ask for the same thing at the same time get it from one statement."""

    def __init__(self) -> None:
        self._connection = StreamConnection()
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def snapshot(self, run_id: str) -> Snapshot | None:
        """Return the whole state of a run; None when there is none."""
        return await self._shared(("snapshot", run_id), lambda connection: read_snapshot(connection, run_id))

    async def tail(self, run_id: str, after: int) -> Tail | None:
        """Return the events of a run behind `after`, and how it stands; None when there is none."""

        async def read(connection: AsyncConnection[Any]) -> Tail | None:
            return (await read_tails(connection, {run_id: after}, MAX_MISSING)).get(run_id)

        return await self._shared(("tail", run_id, after), read)

    async def logs(self, run_id: str, after: int, task: str | None) -> LogPage:
        """Return log lines of a run, or of one of its tasks, behind `after`."""
        return await self._shared(
            ("logs", run_id, after, task), lambda connection: read_logs(connection, run_id, after, task, LOG_LINES)
        )

    async def close(self) -> None:
        """Close the connection for good; what is being read is cancelled, so that nothing opens it again."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._connection.close()

    async def _shared(self, key: Hashable, read: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._read(read), name=f"live-read {key}")
            task.add_done_callback(lambda done: self._forget(key, done))
        # Shielded: one watcher who leaves must not end what others wait for.
        return cast(T, await asyncio.shield(task))

    def _forget(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # nobody may be left to ask for it

    async def _read(self, read: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await read(await self._connection.get())
        except DATABASE_AWAY:
            await self._connection.close()
            raise
