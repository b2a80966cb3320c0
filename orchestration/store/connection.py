"""Connections of the engine's own threads: plain psycopg ones, one per thread, beside Django's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection as django_connection
from django.db import connections

_local = threading.local()

#: Parameters that Django adds for its own cursors.
_DJANGOS_OWN = ("cursor_factory", "context", "prepare_threshold")

#: Every statement of the engine reaches its rows through an index. Without this, a plan that was cached while the
#: tables were small goes on reading them whole when they have grown.
PLANNING: Final = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"


#: Seconds for which a transaction may stand still, at least: threads of a full machine do, for a moment.
LEAST_STILL_SECONDS: Final = 5.0


def _bound_stillness() -> str:
    """Let the server end a session that does nothing within a transaction for as long as a worker's lease.

    A process that is frozen there would keep its locks for as long as it is frozen, and others pass locked rows by.
    """
    seconds = max(settings.APFLOW_LEASE_SECONDS, LEAST_STILL_SECONDS)
    return f"SET idle_in_transaction_session_timeout = '{seconds * 1_000:.0f}ms'"


def connection_params() -> dict[str, Any]:
    """Return what a plain psycopg connection to Django's database is made with. May start the embedded server."""
    params = connections["default"].get_connection_params()
    for name in _DJANGOS_OWN:
        params.pop(name, None)
    return params


def thread_connection() -> psycopg.Connection[Any]:
    """Return this thread's connection, made when there is none that works. It is in autocommit mode."""
    connection: psycopg.Connection[Any] | None = getattr(_local, "connection", None)
    if connection is None or connection.closed:
        connection = psycopg.connect(**connection_params(), autocommit=True)
        connection.execute(f"{PLANNING}; {_bound_stillness()}")
        _local.connection = connection
    return connection


def close_thread_connection() -> None:
    """Close this thread's connection, if there is one."""
    connection: psycopg.Connection[Any] | None = getattr(_local, "connection", None)
    if connection is not None:
        _local.connection = None
        connection.close()


@contextmanager
def transaction() -> Iterator[psycopg.Cursor[Any]]:
    """Yield a cursor in one transaction of this thread's connection."""
    connection = thread_connection()
    with connection.transaction(), connection.cursor() as cursor:
        yield cursor


def keep_no_locks_when_frozen() -> None:
    """Bound how long transactions of Django's own connection of this thread may stand still, as for the engine's.

    It holds until the connection is closed. For threads of a worker that do its own work and nobody else's.
    """
    with django_connection.cursor() as cursor:
        cursor.execute(_bound_stillness())


@contextmanager
def django_cursor() -> Iterator[Any]:
    """Yield a raw cursor of Django's own connection of this thread, for reads of requests and commands."""
    with django_connection.cursor() as cursor:
        yield cursor
