"""What reaches the terminal: tables that fit, and nothing that could move the cursor."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest

from apflow.cli.lines import event_line, log_line, snapshot_line
from apflow.cli.screen import Screen
from apflow.cli.table import Table
from apflow.cli.wording import local_time, printable, shortened, took, width_of
from apflow.client import Event, Snapshot
from apflow.client.documents import LogLine

AT = "2026-03-01T12:00:00.123456Z"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _log_line(message: str, level: int) -> LogLine:
    return {"id": 1, "task": "a", "attempt": 1, "level": level, "logger": "", "at": AT, "message": message}


def _lines(table: Table, width: int | None) -> list[str]:
    return list(table.lines(width, str))


def test_columns_are_aligned_by_what_they_take_on_the_screen() -> None:
    table = Table(("NAME", "N"), [("日本", "1"), ("e\u0301te", "22")], flexible=0)
    assert _lines(table, None) == ["NAME  N", "日本  1", "e\u0301te   22"]


def test_the_flexible_column_gives_way_to_a_narrow_terminal() -> None:
    table = Table(("ID", "NAME", "AT"), [("1", "a rather long name", "now")], flexible=1)
    assert _lines(table, 20) == ["ID  NAME         AT", "1   a rather l…  now"]
    assert max(map(width_of, _lines(table, 20))) <= 20
    assert _lines(table, None)[1] == "1   a rather long name  now"


def test_a_text_is_cut_between_characters() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("日本語", 4) == "日…"


@pytest.mark.parametrize("sign", ["\x1b[2J", "\r", "\x07", "\x9b31m", "\u202e", "\x00"])
def test_nothing_that_strangers_write_moves_the_cursor(sign: str) -> None:
    assert sign[0] not in printable(f"name{sign}")
    event = Event(1, "task.failed", "a", {"error": f"x{sign}y"}, AT)
    line = _log_line(f"x{sign}y", 20)
    assert sign[0] not in event_line(event, {"a": f"A{sign}"}, "tree")
    assert sign[0] not in log_line(line, {"a": f"A{sign}"})


def test_lines_say_what_happened() -> None:
    retrying = {"attempt": 2, "of": 3, "delay_seconds": 1.5, "error": "No disk\nTraceback …"}
    assert event_line(Event(4, "task.retrying", "a", retrying, AT), {"a": "Load"}, "Nightly") == (
        "12:00:00.123  retrying   Load  (attempt 2; again in 1.5 s; No disk)"
    )
    done = {"tasks": {"completed": 3, "failed": 0}, "error": None}
    assert event_line(Event(9, "run.completed", None, done, AT), {}, "Nightly") == (
        "12:00:00.123  completed  run Nightly  (3 completed)"
    )
    progress = {"attempt": 1, "progress": 0.5, "message": "half"}
    assert event_line(Event(5, "task.progress", "b", progress, AT), {}, "") == (
        "12:00:00.123  progress   b  (50% half)"
    )
    assert snapshot_line(Snapshot(7, {}, [{"status": "failed"}])).endswith("… up to event 7: 1 failed")


def test_further_lines_of_a_message_are_indented() -> None:
    line = _log_line("one\ntwo", 30)
    assert log_line(line, {"a": "Load"}) == f"12:00:00.123  WARNING    Load: one\n{'':14}two"


def test_times_and_durations() -> None:
    assert local_time(AT) == "2026-03-01 12:00:00"
    assert local_time(None) == took(None, None) == ""
    assert took(AT, "2026-03-01T12:00:03.623456Z") == "3.5 s"
    assert took(AT, "2026-03-01T12:02:05.123456Z") == "2 min 05 s"
    assert took(AT, "2026-03-01T15:02:05.123456Z") == "3 h 02 min"


def test_json_and_lines_for_people_exclude_each_other() -> None:
    for as_json, expected in ((True, '{\n  "a": "\\u00e9"\n}\n'), (False, "hello\n")):
        out = io.StringIO()
        screen = Screen(out, io.StringIO(), as_json=as_json)
        screen.document({"a": "é"})
        screen.say("hello")
        assert out.getvalue() == expected


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, colourful = Screen(io.StringIO(), io.StringIO()), Screen(io.StringIO(), io.StringIO(), has_colour=True)
    assert plain.painted("failed") == "failed"
    assert colourful.painted("failed   ") == "\x1b[31mfailed   \x1b[0m"
    assert colourful.painted("a name") == "a name"
