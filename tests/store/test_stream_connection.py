"""The connections of streams: whoever leaves, and whenever, leaves no session behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from benchmarks.chaos.worker_process import wait_until
from orchestration.live.reader import Reader
from orchestration.live.threads import in_thread
from orchestration.store import stream_connection
from orchestration.store.connection import connection_params
from orchestration.store.stream_connection import ListeningConnection, StreamConnection

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "apflow-stream-connection"


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        [count] = cursor.fetchone()
        return int(count)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions bear a name."""
    params = connection_params() | {"application_name": NAME}
    monkeypatch.setattr(stream_connection, "connection_params", lambda: params)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """An idle process collects no garbage for hours."""
    gc.disable()
    yield
    gc.enable()


async def leave_after(kind: type[StreamConnection], turns: int) -> None:
    """Ask for a connection, be cancelled some turns of the loop later, and close."""
    stream = kind()
    asking = asyncio.create_task(stream.get())
    for _ in range(turns):
        await asyncio.sleep(0.0002)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await stream.close()
    while closings := set(stream_connection._closings):
        await asyncio.gather(*closings)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("kind", [StreamConnection, ListeningConnection])
def test_one_who_is_cancelled_while_it_opens_leaves_none(kind: type[StreamConnection]) -> None:
    async def play() -> None:
        for turns in range(40):
            await leave_after(kind, turns)

    asyncio.run(play())
    wait_until(lambda: sessions() == 0, 30, "every session to end")


def test_all_who_ask_at_once_get_one() -> None:
    async def play() -> tuple[set[Any], int]:
        stream = StreamConnection()
        found = await asyncio.gather(*(stream.get() for _ in range(5)))
        count = await in_thread(sessions)
        await stream.close()
        return set(found), count

    found, count = asyncio.run(play())
    assert (len(found), count) == (1, 1)


def test_a_closed_reader_opens_nothing_any_more() -> None:
    async def play() -> None:
        reader = Reader()
        reading = asyncio.create_task(reader.tail("0" * 8 + "-0000-0000-0000-" + "0" * 12, 0))
        await asyncio.sleep(0)
        await reader.close()
        [outcome] = await asyncio.gather(reading, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError)

    asyncio.run(play())
    wait_until(lambda: sessions() == 0, 30, "every session to end")
