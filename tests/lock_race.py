"""Two transactions and one row: what somebody does who waited for the row while another one changed it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model

from benchmarks.chaos.worker_process import wait_until
from orchestration.store.connection import close_thread_connection

Result = TypeVar("Result")


def act_after_waiting(row: Model, change: Callable[[], Any], act: Callable[[], Result]) -> Result:
    """Lock a row, let `act` wait for it in a thread of its own, `change` it, and return what `act` returns then.

    Needs a test with transactions (`django_db(transaction=True)`).
    """
    return race(lambda: type(row)._base_manager.select_for_update().get(pk=row.pk), act, change)


def race(begin: Callable[[], Any], act: Callable[[], Result], end: Callable[[], Any] = lambda: None) -> Result:
    """`begin` a transaction, let `act` wait for it in a thread of its own, `end` it, and return what `act` returns."""
    with ThreadPoolExecutor(1) as threads:
        try:
            with transaction.atomic():
                begin()
                acting = threads.submit(act)
                wait_until(lambda: acting.done() or somebody_waits(), 20, "the other one to wait for the lock")
                assert not acting.done(), f"it did not wait: {acting.result()}"
                end()
            return acting.result(20)
        finally:
            threads.submit(_close_connections).result(20)


def _close_connections() -> None:
    connection.close()
    close_thread_connection()


def somebody_waits() -> bool:
    """Tell whether a session of this database waits for a lock."""
    with connection.cursor() as cursor:
        # Inside a transaction the view stays as it was first seen.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchall()[0][0])
