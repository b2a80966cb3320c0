"""The parts that need no server: the feed, the window, the pace."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.live import side_tasks
from orchestration.live.feed import RunFeed
from orchestration.live.frames import Frame, events_frame
from orchestration.live.limits import MAX_MISSING
from orchestration.live.window import Pace, Window
from orchestration.store.stream import Tail

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tail(after: int, to: int, last_seq: int | None = None, status: str = "in_progress") -> Tail:
    """What a look finds that reads the events up to `to`."""
    texts = [json.dumps({"seq": seq}) for seq in range(after + 1, to + 1)]
    return Tail(to if last_seq is None else last_seq, status, NOW, after, texts)


def read(frame: Frame | None) -> dict[str, Any]:
    assert frame is not None
    found: dict[str, Any] = json.loads(frame.text)
    return found


@given(st.integers(0, 5000), st.lists(st.integers(1, MAX_MISSING), min_size=1, max_size=6), st.data())
def test_a_feed_gives_every_cursor_exactly_what_is_behind_it(start: int, looks: list[int], data: st.DataObject) -> None:
    feed = RunFeed("r", start, "in_progress", NOW)
    for count in looks:
        assert feed.take(tail(feed.head, feed.head + count))
    cursor = data.draw(st.integers(start, feed.head + 10))
    if feed.has_behind(cursor):
        assert feed.head - cursor <= MAX_MISSING
        frame = feed.frame_after(cursor)
        if cursor >= feed.head:
            assert frame is None
        else:
            assert [event["seq"] for event in read(frame)["events"]] == list(range(cursor + 1, feed.head + 1))
            assert (read(frame)["after"], read(frame)["to"]) == (cursor, feed.head)
            # Encoded once.
            assert feed.frame_after(cursor) is frame
    else:
        assert feed.head - cursor > MAX_MISSING or cursor < start


def test_who_was_there_at_the_last_look_is_always_served() -> None:
    feed = RunFeed("r", 0, "in_progress", NOW)
    for _ in range(5):
        before = feed.head
        feed.take(tail(before, before + MAX_MISSING))
        assert feed.has_behind(before)


def test_a_hole_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    feed = RunFeed("r", 10, "in_progress", NOW)
    assert feed.take(tail(10, 12, last_seq=14))
    assert "hole" in caplog.text
    assert not feed.has_behind(10)
    assert feed.head == 14


def test_the_end_is_the_last_event_of_a_run_that_has_ended() -> None:
    feed = RunFeed("r", 10, "in_progress", NOW)
    assert not feed.is_over_at(10)
    feed.take(tail(10, 11, status="completed"))
    assert not feed.is_over_at(10)
    assert feed.is_over_at(11)


def test_nothing_new_is_nothing_new() -> None:
    feed = RunFeed("r", 10, "in_progress", NOW)
    assert not feed.take(tail(10, 10))
    assert feed.take(None)
    assert feed.is_gone


def test_a_window_closes_and_opens() -> None:
    window = Window(size=3)
    seen = []
    for seq in (5, 8, 8):
        window.sent(seq)
        seen.append(window.is_open)
    for seq in (4, 5):
        window.acknowledge(seq)
        seen.append(window.is_open)
    window.sent(9)
    seen.append(window.is_open)
    window.acknowledge(8)
    for seq in (10, 11):
        window.sent(seq)
        seen.append(window.is_open)
    assert seen == [True, True, False, False, True, False, True, False]


@given(st.lists(st.floats(0, 0.2), max_size=100))
def test_no_second_has_more_than_twenty_frames(pauses: list[float]) -> None:
    clock = [0.0]
    pace = Pace(seconds=0.05, now=lambda: clock[0])
    sent = []
    for pause in pauses:
        clock[0] += pause
        clock[0] += pace.pause_seconds()
        sent.append(clock[0])
        pace.sent()
    for at in sent:
        assert sum(at <= other < at + 1 - 1e-6 for other in sent) <= 20


def test_a_frame_as_a_server_sent_event() -> None:
    frame = events_frame(4, ['{"seq":5}'], NOW)
    head, place, body, *rest = frame.sse.decode().split("\n")
    assert (head, place, rest) == ("event: events", "id: 5", ["", ""])
    assert json.loads(body.removeprefix("data: "))["to"] == 5


@pytest.mark.asyncio
async def test_a_side_task_goes_on_when_what_it_waits_for_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_tasks, "_PAUSE_SECONDS", 0.0)
    faults: list[BaseException] = [asyncio.CancelledError(), ValueError("a fault"), OSError("away")]
    came_through = asyncio.Event()

    async def step() -> None:
        if faults:
            raise faults.pop(0)
        came_through.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(side_tasks.repeat("looking", step))
    async with asyncio.timeout(20):
        await came_through.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
