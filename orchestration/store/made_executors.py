"""The executors that were made in the admin, as classes; read again only when one of them has changed."""

from __future__ import annotations

import json
from typing import Any, Final

from django.db import connection as django_connection

from orchestration.engine.made import MadeExecutors
from orchestration.executors.support.http_definition import HttpDefinition
from orchestration.executors.support.http_made import make_class
from orchestration.models.http_executor import DEFINED

from .connection import close_thread_connection, thread_connection

# Ids are never given twice and versions only rise, so that every change gives another text. The table is small.
_STAMP: Final = """
SELECT COALESCE(md5(string_agg(id || ':' || version, ',' ORDER BY id)), 'none')
FROM orchestration_httpexecutor WHERE enabled
"""
_ROWS: Final = f"""
SELECT json_build_object('id', executor, 'version', version, {", ".join(f"'{name}', {name}" for name in DEFINED)})::text
FROM orchestration_httpexecutor WHERE enabled ORDER BY executor
"""


def read_made(stamp: str) -> MadeExecutors | None:
    """Return what is stored when it is not what `stamp` stands for. On this thread's own connection, for engines."""
    return _read(thread_connection(), stamp)


def read_made_once(stamp: str) -> MadeExecutors | None:
    """Return what `read_made` does, and keep no connection: for programs that have an event loop and no engine yet."""
    try:
        return read_made(stamp)
    finally:
        close_thread_connection()


def read_made_in_request(stamp: str) -> MadeExecutors | None:
    """Return what `read_made` does, on Django's connection. It is no query of the page's: it comes once a second."""
    django_connection.ensure_connection()
    with django_connection.wrap_database_errors:
        return _read(django_connection.connection, stamp)


def _read(connection: Any, stamp: str) -> MadeExecutors | None:
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        (now,) = cursor.fetchone()
        if now == stamp:
            return None
        cursor.execute(_ROWS)
        rows = [json.loads(row[0]) for row in cursor.fetchall()]
    # A change between the two is seen with the next stamp.
    return MadeExecutors(now, [make_class(HttpDefinition(**row)) for row in rows])
