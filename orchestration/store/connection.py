"""Connections of the engine's own threads: plain psycopg ones, one per thread, beside Django's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import connection as django_connection
from django.db import connections

_local = threading.local()

#: Parameters that Django adds for its own cursors.
_DJANGOS_OWN = ("cursor_factory", "context", "prepare_threshold")

#: Every statement of the engine reaches its rows through an index. Without this, a plan that was cached while the
#: tables were small goes on reading them whole when they have grown.
PLANNING: Final = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"


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
        connection.execute(PLANNING)
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


@contextmanager
def django_cursor() -> Iterator[Any]:
    """Yield a raw cursor of Django's own connection of this thread, for reads of requests and commands."""
    with django_connection.cursor() as cursor:
        yield cursor
