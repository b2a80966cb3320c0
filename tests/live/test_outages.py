"""What breaks behind a stream is repaired without the client's help, or noticed; what ends leaves nothing behind."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from benchmarks.chaos.worker_process import wait_until
from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from tests.faults.support.bench import database_url
from tests.live.conftest import SECRET
from tests.live.support.clients import Caller, receive, say
from tests.live.support.ledger import Ledger

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "apflow-live-web"


def sessions(like: str = "%") -> list[int]:
    """The web process's sessions of the database, by their last statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s AND query LIKE %s", [NAME, like])
        return [row[0] for row in cursor.fetchall()]


def end_sessions(like: str = "%") -> int:
    """End such sessions, and tell how many there were."""
    ended = sessions(like)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [ended])
    return len(ended)


@pytest.fixture
def own_web(transactional_db: None, tmp_path: Path) -> Any:
    """A web process whose database sessions bear a name."""
    url = database_url().replace("apflow-fault-worker", NAME)
    process = WebProcess(
        tmp_path / "web.log", {"DATABASE_URL": url, "APFLOW_SECRET_KEY": SECRET, "APFLOW_DATA_DIR": str(tmp_path)}
    )
    try:
        yield process.wait_ready()
    finally:
        process.discard()


@pytest.fixture
def program(own_web: WebProcess, caller: Caller) -> Caller:
    """A program that talks to it."""
    return Caller(own_web.host, caller.headers)


def follow_to(socket: Any, ledger: Ledger, seq: int) -> None:
    while ledger.cursor != seq:
        ledger.take(receive(socket))
        say(socket, type="ack", seq=ledger.cursor)


def test_a_database_that_drops_all_connections_costs_no_event(program: Caller, scribe: Scribe) -> None:
    ledger = Ledger(cursor=0)
    with program.socket(f"/ws/runs/{scribe.run_id}/?after=0") as socket:
        follow_to(socket, ledger, scribe.seq)
        for _ in range(3):
            assert end_sessions() > 0
            scribe.write(5)
            follow_to(socket, ledger, scribe.seq)
    assert ledger.seqs == list(range(1, scribe.seq + 1))


def test_a_listener_that_is_gone_is_replaced(program: Caller, scribe: Scribe) -> None:
    with program.socket(f"/ws/runs/{scribe.run_id}/?after={scribe.seq}") as socket:
        wait_until(lambda: sessions("LISTEN%"), 30, "the web process to listen")
        assert end_sessions("LISTEN%") == 1
        scribe.write(1)
        assert receive(socket)["to"] == scribe.seq
        wait_until(lambda: sessions("LISTEN%"), 30, "the web process to listen again")


def test_a_notification_that_is_lost_costs_no_event(program: Caller, scribe: Scribe) -> None:
    with program.socket(f"/ws/runs/{scribe.run_id}/?after={scribe.seq}") as socket:
        wait_until(lambda: sessions("LISTEN%"), 30, "the web process to listen")
        for _ in range(4):
            write_silently(scribe)
            assert receive(socket)["to"] == scribe.seq


def write_silently(scribe: Scribe) -> None:
    """Commit an event as if its notification were lost."""
    scribe.seq += 1
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (UPDATE orchestration_run SET last_seq = %(seq)s WHERE id = %(run)s) "
            "INSERT INTO orchestration_runevent (run_id, seq, type, data, at)"
            " VALUES (%(run)s, %(seq)s, 'run.paused', %(data)s, clock_timestamp())",
            {"run": scribe.run_id, "seq": scribe.seq, "data": json.dumps({"by": None})},
        )


def test_many_streams_hold_few_connections_and_leave_none(program: Caller, scribe: Scribe) -> None:
    path = f"/api/v1/runs/{scribe.run_id}/events"
    with ExitStack() as stack:
        for _ in range(20):
            assert next(stack.enter_context(program.events(path)))["type"] == "snapshot"
            assert receive(stack.enter_context(program.socket(f"/ws/runs/{scribe.run_id}/")))["type"] == "snapshot"
        wait_until(lambda: len(sessions()) <= 3, 30, "the connections of requests to be given back")
        assert len(sessions("LISTEN%")) == 1
    wait_until(lambda: not sessions(), 30, "everything to be freed")


def test_an_abandoned_stream_is_freed(program: Caller, scribe: Scribe) -> None:
    with program.events(f"/api/v1/runs/{scribe.run_id}/events") as frames:
        next(frames)
        wait_until(lambda: sessions("LISTEN%"), 30, "the web process to listen")
    wait_until(lambda: not sessions(), 30, "the stream to be freed")


def test_a_stop_with_open_streams_is_quick_and_quiet(own_web: WebProcess, program: Caller, scribe: Scribe) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            next(stack.enter_context(program.events(f"/api/v1/runs/{scribe.run_id}/events")))
            next(stack.enter_context(program.events("/api/v1/overview")))
            receive(stack.enter_context(program.socket(f"/ws/runs/{scribe.run_id}/")))
            receive(stack.enter_context(program.socket("/ws/overview/")))
        assert own_web.terminate() == 0
    assert own_web.output == ""
