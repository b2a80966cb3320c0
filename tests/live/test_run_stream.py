"""One run, watched in three ways: order, no hole, no event twice, resumption, the end."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scribe import Scribe
from orchestration.models import Run, TaskRun, Tree
from tests.live.support.clients import Caller, closing_of, receive, receive_any, receive_until, say
from tests.live.support.ledger import Ledger

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "live-stream.md"

pytestmark = pytest.mark.django_db(transaction=True)


def socket_path(scribe: Scribe, query: str = "") -> str:
    return f"/ws/runs/{scribe.run_id}/{query}"


def events_path(scribe: Scribe, query: str = "") -> str:
    return f"/api/v1/runs/{scribe.run_id}/events{query}"


def fields_in_page(beginning: str) -> list[str]:
    """The names that the reference page gives in one paragraph."""
    paragraph = PAGE.read_text(encoding="utf-8").partition(beginning)[2].partition("\n\n")[0]
    return sorted(re.findall(r"`(\w+)`", paragraph))


def follow(socket: Any, ledger: Ledger, until: Any) -> None:
    """Take frames and acknowledge them, until the books say so."""
    while not until(ledger):
        ledger.take(receive(socket))
        say(socket, type="ack", seq=ledger.cursor)


def test_a_socket_gets_the_state_then_every_event_then_the_end(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger()
    with caller.socket(socket_path(scribe)) as socket:
        follow(socket, ledger, lambda books: books.cursor == scribe.seq)
        assert ledger.snapshots == [scribe.seq]
        began = scribe.seq
        for _ in range(20):
            scribe.write(7)
        follow(socket, ledger, lambda books: books.cursor == scribe.seq)
        scribe.end()
        follow(socket, ledger, lambda books: books.end)
        assert closing_of(socket) == (1000, None)
    assert ledger.seqs == list(range(began + 1, scribe.seq + 1))
    assert ledger.end == {"type": "end", "status": "completed", "seq": scribe.seq}
    assert set(ledger.statuses.values()) == {"completed"}


def test_a_snapshot_has_the_fields_of_the_page(caller: Caller, scribe: Scribe) -> None:
    with caller.socket(socket_path(scribe)) as socket:
        frame = receive(socket)
    run, [task, *_] = frame["run"], frame["tasks"]
    row, task_row = Run.objects.get(), TaskRun.objects.order_by("ordinal")[0]
    assert (run["id"], run["status"], run["tree_name"]) == (str(row.pk), "in_progress", "written")
    assert sorted(run) == fields_in_page("`run` in a snapshot: ")
    assert (task["pk"], task["id"], task["worker"], task["max_attempts"]) == (task_row.pk, "t0", "scribe", 1)
    assert sorted(task) == fields_in_page("`tasks` in a snapshot, in the tree's order: ")
    assert task_row.started_at is not None
    # JSON of the database leaves out the zeros at the end of a fraction.
    assert datetime.fromisoformat(task["started_at"]) == task_row.started_at


def test_every_way_resumes_behind_a_cursor(caller: Caller, scribe: Scribe) -> None:
    scribe.write(30)
    ledgers = [Ledger(cursor=10), Ledger(cursor=10), Ledger(cursor=10)]
    with caller.socket(socket_path(scribe, "?after=10")) as socket:
        ledgers[0].take(receive(socket))
    with caller.events(events_path(scribe, "?after=3"), **{"Last-Event-ID": "10"}) as frames:
        frame = next(frames)
        assert frame["id"] == scribe.seq
        ledgers[1].take(frame)
    ledgers[2].take(caller.get(events_path(scribe, "?after=10&limit=500")).json())
    assert [ledger.seqs for ledger in ledgers] == [list(range(11, scribe.seq + 1))] * 3


def test_an_event_stream_goes_on_and_ends(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger()
    with caller.events(events_path(scribe)) as frames:
        ledger.take(next(frames))
        scribe.write(5)
        scribe.end()
        for frame in frames:  # ends by itself
            ledger.take(frame)
    assert ledger.end is not None
    assert ledger.cursor == scribe.seq


def test_polling_gets_everything_in_pages(caller: Caller, scribe: Scribe) -> None:
    scribe.write(50)
    scribe.end()
    ledger = Ledger(cursor=0)
    while ledger.end is None:
        ledger.take(caller.get(events_path(scribe, f"?after={ledger.cursor}&limit=20")).json())
    assert ledger.seqs == list(range(1, scribe.seq + 1))


def test_polling_when_nothing_is_new_is_no_event(caller: Caller, scribe: Scribe) -> None:
    frame = caller.get(events_path(scribe, f"?after={scribe.seq}")).json()
    assert (frame["type"], frame["events"], frame["to"]) == ("events", [], scribe.seq)
    assert caller.get(events_path(scribe)).json()["type"] == "snapshot"


def test_who_is_far_behind_gets_the_state(caller: Caller, scribe: Scribe) -> None:
    for _ in range(3):
        scribe.write(1000)
    with caller.socket(socket_path(scribe, "?after=1")) as socket:
        assert receive(socket)["as_of_seq"] == scribe.seq
    with caller.events(events_path(scribe, "?after=1")) as frames:
        assert next(frames)["as_of_seq"] == scribe.seq
    assert caller.get(events_path(scribe, "?after=1")).json()["as_of_seq"] == scribe.seq


def test_a_cursor_from_another_life_of_the_run_gets_the_state(caller: Caller, scribe: Scribe) -> None:
    with caller.socket(socket_path(scribe, f"?after={scribe.seq + 50}")) as socket:
        assert receive(socket)["as_of_seq"] == scribe.seq
    assert caller.get(events_path(scribe, f"?after={scribe.seq + 50}")).json()["type"] == "snapshot"


def test_a_client_that_acknowledges_nothing_is_left_alone_and_loses_nothing(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger(cursor=0)
    with caller.socket(socket_path(scribe, "?after=0")) as silent, caller.socket(socket_path(scribe)) as other:
        watched = Ledger()
        for _ in range(25):
            scribe.write(2)
            follow(other, watched, lambda books: books.cursor == scribe.seq)
        # The answer to a ping comes behind everything that was sent.
        say(silent, type="ping")
        while (frame := receive_any(silent))["type"] != "ping":
            ledger.take(frame)
        assert ledger.frames == 16
        assert ledger.cursor is not None and ledger.cursor < scribe.seq
        say(silent, type="ack", seq=ledger.cursor)
        ledger.take(receive(silent))
    # What it missed came in one larger frame.
    assert ledger.seqs == list(range(1, scribe.seq + 1))


def test_a_client_that_falls_far_behind_gets_a_fresh_state(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger(cursor=0)
    with caller.socket(socket_path(scribe, "?after=0")) as silent, caller.socket(socket_path(scribe)) as other:
        watched = Ledger()
        for _ in range(30):
            scribe.write(300)
            follow(other, watched, lambda books: books.cursor == scribe.seq)
        say(silent, type="ping")
        while (frame := receive_any(silent))["type"] != "ping":
            ledger.take(frame)
        say(silent, type="ack", seq=ledger.cursor)
        frame = receive(silent)
    assert (frame["type"], frame["as_of_seq"]) == ("snapshot", scribe.seq)


def test_an_ended_run_is_told_at_once(caller: Caller, scribe: Scribe) -> None:
    scribe.end()
    ledger = Ledger(cursor=scribe.seq)
    with caller.socket(socket_path(scribe, f"?after={scribe.seq}")) as socket:
        ledger.take(receive(socket))
        assert closing_of(socket) == (1000, None)
    assert ledger.end is not None
    assert caller.get(events_path(scribe, f"?after={scribe.seq}")).json()["type"] == "end"


def test_log_lines_come_when_they_are_asked_for(caller: Caller, scribe: Scribe) -> None:
    scribe.log(["before"])
    ledger = Ledger()
    with caller.socket(socket_path(scribe)) as socket:
        ledger.take(receive(socket))
        say(socket, type="logs", on=True, log_after=0)
        follow(socket, ledger, lambda books: len(books.lines) == 1)
        scribe.log([f"line {n}" for n in range(1200)])
        scribe.log(["of another task"], task=1)
        follow(socket, ledger, lambda books: len(books.lines) == 1202)
        say(socket, type="logs", on=False)
        say(socket, type="ping")
        receive_until(socket, lambda frame: frame["type"] == "ping")
        scribe.log(["not wanted"])
        say(socket, type="logs", on=True, log_after=ledger.log_after, task="t1")
        scribe.log(["of the first", "of the first too"])
        scribe.log(["of the second"], task=1)
        scribe.write(1)
        scribe.end()
        follow(socket, ledger, lambda books: books.end)
    assert [line["message"] for line in ledger.lines[:2]] == ["before", "line 0"]
    assert [line["message"] for line in ledger.lines[1201:]] == ["of another task", "of the second"]
    assert sorted(ledger.lines[0]) == ["at", "attempt", "id", "level", "logger", "message", "task"]


def test_log_lines_may_be_asked_for_in_the_address(caller: Caller, scribe: Scribe) -> None:
    scribe.log(["one", "two"])
    with caller.socket(socket_path(scribe, f"?after={scribe.seq}&logs=1&log_after=0")) as socket:
        assert [line["message"] for line in receive(socket)["lines"]] == ["one", "two"]


def test_a_run_that_is_deleted_ends_its_streams(caller: Caller, scribe: Scribe) -> None:
    with caller.socket(socket_path(scribe)) as socket:
        receive(socket)
        Run.objects.filter(pk=scribe.run_id).delete()
        code, error = closing_of(socket)
    assert (code, error and error["code"]) == (4404, "not_found")


def test_the_snapshot_of_a_large_run_comes_in_one_frame(caller: Caller, tree: Tree) -> None:
    """5,000 tasks are more than the server would send by itself."""
    scribe = Scribe(tasks=5_000, tree_id=str(tree.pk))
    try:
        with caller.socket(socket_path(scribe)) as socket:
            frame = receive(socket)
    finally:
        scribe.close()
    assert frame["type"] == "snapshot", str(frame)[:300]
    assert len(frame["tasks"]) == 5_000
