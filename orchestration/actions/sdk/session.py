"""Sessions: the handle that `TaskManager` and `TaskRepository` are made with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from orchestration.store.queries import StoredQueries


class Session:
    """A handle on this installation's database.

    It holds no connection and no transaction: every call is its own, so one session may be shared freely. `commit`,
    `rollback` and `close` are here for code that calls them, and have nothing to do.
    """

    def __init__(self) -> None:
        self.queries = StoredQueries()

    async def commit(self) -> None:
        """Do nothing: every call has committed already."""

    async def rollback(self) -> None:
        """Do nothing: a call that failed has stored nothing."""

    async def close(self) -> None:
        """Do nothing: there is no connection to close."""


def create_session(**options: Any) -> Session:
    """Return a session on the database of the settings.

    Options that choose a database elsewhere (`connection_string`, `async_mode`, …) are refused by name: the database
    is chosen with DATABASE_URL.
    """
    if options:
        raise TypeError(f"create_session takes no {', '.join(sorted(options))}: set DATABASE_URL to choose a database")
    return Session()


_default: list[Session] = []


def get_default_session() -> Session:
    """Return the one session of this process."""
    if not _default:
        _default.append(create_session())
    return _default[0]


@asynccontextmanager
async def create_pooled_session() -> AsyncIterator[Session]:
    """Yield a session: `async with create_pooled_session() as session`."""
    yield create_session()
