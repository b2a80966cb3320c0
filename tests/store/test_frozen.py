"""A process that is frozen within a transaction keeps nobody from the rows that it has locked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import Error, connection
from django.db import transaction as django_transaction

from orchestration.models import Tree
from orchestration.store import connection as store_connection
from orchestration.store.connection import (
    close_thread_connection,
    django_cursor,
    keep_no_locks_when_frozen,
    thread_connection,
    transaction,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

LOCK = "SELECT id FROM orchestration_tree WHERE id = %s FOR UPDATE"


@contextmanager
def of_djangos_connection() -> Any:
    keep_no_locks_when_frozen()
    with django_transaction.atomic(), django_cursor() as cursor:
        yield cursor


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(store_connection, "LEAST_STILL_SECONDS", 0.2)
    settings.APFLOW_LEASE_SECONDS = 0


@pytest.mark.parametrize("opened", [transaction, of_djangos_connection])
def test_what_it_has_locked_is_free_again(opened: Callable[[], AbstractContextManager[Any]]) -> None:
    tree = Tree.objects.create(name="Held")
    is_locked, thawed = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def freeze() -> None:
        try:
            with opened() as cursor:
                cursor.execute(LOCK, [tree.pk])
                is_locked.set()
                thawed.wait(60)
                cursor.execute(LOCK, [tree.pk])
        except (psycopg.Error, Error) as error:
            errors.append(error)
        finally:
            close_thread_connection()
            connection.close()

    frozen = threading.Thread(target=freeze)
    frozen.start()
    try:
        assert is_locked.wait(20)
        with django_transaction.atomic(), django_cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '20s'")
            cursor.execute(LOCK, [tree.pk])
            assert cursor.fetchone() == (tree.pk,)
    finally:
        thawed.set()
        frozen.join(20)
    assert len(errors) == 1, "what it wanted to write is not written"


def test_whoever_works_on_is_left_alone() -> None:
    try:
        with transaction() as cursor:
            for _ in range(5):
                cursor.execute("SELECT pg_sleep(0.1)")
        thread_connection().execute("SELECT pg_sleep(0.4)")
    finally:
        with suppress(psycopg.Error):
            close_thread_connection()
