"""Following a run over lines that cut, repeat, leave out, refuse and stay mute: every event once, in order."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from apflow.client import ApiError, ClientError, End, Event, Item, Snapshot
from apflow.client.follow import Follower
from apflow.client.transport import Transport

from .scripted import (
    RUN,
    Answer,
    Asked,
    Script,
    ScriptedServer,
    as_json,
    end,
    event,
    events,
    refusal,
    snapshot,
    sse,
    stream,
)


class Line:
    """What came of following a script: the items, the requests, the pauses and what was told."""

    def __init__(self, script: Script | Sequence[Answer], after: int | None = 0, silence_seconds: float = 5.0) -> None:
        self.pauses: list[float] = []
        self.told: list[ClientError] = []
        with ScriptedServer(script) as server:
            transport = Transport(server.url, "secret", sleep=self.pauses.append, patience_seconds=0)
            follower = Follower(transport, RUN, after, on_away=self.told.append, silence_seconds=silence_seconds)
            self.items: list[Item] = list(follower.items())
            self.asked = server.asked
            transport.close()

    @property
    def seqs(self) -> list[int]:
        return [item.seq for item in self.items if isinstance(item, Event)]

    @property
    def cursors(self) -> list[int | None]:
        return [asked.after for asked in self.asked]


def test_a_quiet_line_brings_the_events_and_the_end() -> None:
    line = Line([stream(events(1, 2), {"type": "ping", "now": ""}, events(3, 5), end(5, "failed"))])
    assert line.seqs == [1, 2, 3, 4, 5]
    assert line.items[-1] == End("failed", 5)
    assert line.asked[0].headers["authorization"] == "Bearer secret"
    assert (line.pauses, line.told) == ([], [])


def test_without_a_cursor_the_first_is_a_snapshot() -> None:
    line = Line([stream(snapshot(7), events(8, 9), end(9))], after=None)
    assert line.cursors == [None]
    assert line.items[0] == Snapshot(7, {"id": RUN, "status": "in_progress"}, [])
    assert line.seqs == [8, 9]


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_pieces_may_end_anywhere(size: int) -> None:
    odd = events(1, 2) | {"events": [event(1, data={"message": "a\u2028b\x85c\r\nd: é😀"}), event(2)]}
    whole = b":\r\n\r\n" + sse(odd) + sse(end(2)).replace(b"\n", b"\r\n")
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    line = Line([Answer(kind="text/event-stream", pieces=pieces)])
    assert line.items[0] == Event(
        1, "task.progress", "a", {"message": "a\u2028b\x85c\r\nd: é😀"}, "2026-03-01T12:00:00Z"
    )
    assert line.seqs == [1, 2]


def test_a_cut_in_the_middle_of_a_frame_loses_and_doubles_nothing() -> None:
    whole = sse(events(3, 4))
    half = Answer(kind="text/event-stream", pieces=[sse(events(1, 2)), whole[: len(whole) // 2]], is_cut=True)
    line = Line([half, stream(events(3, 4), end(4))])
    assert line.cursors == [0, 2]
    assert line.seqs == [1, 2, 3, 4]
    assert len(line.told) == len(line.pauses) == 1


def test_a_stream_that_ends_early_in_good_order_is_asked_again_without_a_word() -> None:
    line = Line([stream(events(1, 2)), stream(end(2))])
    assert (line.cursors, line.seqs, line.told) == ([0, 2], [1, 2], [])


def test_what_is_sent_twice_is_shown_once() -> None:
    line = Line([stream(events(1, 3), events(1, 3), events(2, 5), end(5))])
    assert line.seqs == [1, 2, 3, 4, 5]


def test_a_gap_is_asked_for_again() -> None:
    line = Line([stream(events(1, 2), events(5, 6)), stream(events(3, 6), end(6))])
    assert line.cursors == [0, 2]
    assert line.seqs == [1, 2, 3, 4, 5, 6]


def test_a_hole_inside_a_frame_is_a_gap() -> None:
    holed = events(1, 4) | {"events": [event(1), event(2), event(4)]}
    line = Line([stream(holed), stream(events(3, 4), end(4))])
    assert line.cursors == [0, 2]
    assert line.seqs == [1, 2, 3, 4]


def test_a_frame_that_goes_further_than_its_events_is_a_gap_at_once() -> None:
    short = events(1, 4) | {"events": [event(1), event(2)]}
    line = Line([stream(short, is_mute=True), stream(events(3, 4), end(4))])
    assert line.seqs == [1, 2, 3, 4]
    assert line.told == [], "nobody waits until the line counts as dead"


def test_an_end_that_is_ahead_of_the_events_is_a_gap() -> None:
    line = Line([stream(events(1, 2), end(4)), stream(events(3, 4), end(4))])
    assert line.seqs == [1, 2, 3, 4]


def test_a_gap_that_stays_is_closed_by_a_snapshot() -> None:
    line = Line([stream(events(4, 5)), stream(events(4, 5)), stream(snapshot(5), events(6, 6), end(6))])
    assert line.cursors == [0, 0, None]
    assert [type(item) for item in line.items] == [Snapshot, Event, End]
    assert line.seqs == [6]


def test_a_snapshot_stands_for_events_that_are_too_many() -> None:
    line = Line([stream(events(1, 2), is_cut=True), stream(snapshot(5000), events(5001, 5001), end(5001))])
    assert line.seqs == [1, 2, 5001]


def test_a_database_that_was_put_back_is_followed_from_there() -> None:
    line = Line([stream(snapshot(3), events(4, 4), end(4))], after=9)
    assert line.seqs == [4]


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    script = [
        refusal(503, "database_away", retry_after="7"),
        refusal(429, "too_many", retry_after="60"),
        stream(events(1, 1), end(1)),
    ]
    line = Line(script)
    assert line.pauses == [7.0, 60.0]
    assert line.seqs == [1]


@pytest.mark.parametrize(("status", "code"), [(401, "not_signed_in"), (403, "forbidden"), (404, "not_found")])
def test_what_waiting_cant_mend_is_raised(status: int, code: str) -> None:
    with pytest.raises(ApiError, match=r"^No\.$") as caught:
        Line([stream(events(1, 1), is_cut=True), refusal(status, code)])
    assert (caught.value.status, caught.value.code) == (status, code)


def test_an_error_in_the_stream_is_told_for_good_by_the_next_answer() -> None:
    error = {"type": "error", "error": {"code": "not_found", "message": "Gone."}}
    with pytest.raises(ApiError) as caught:
        Line([stream(events(1, 1), error), refusal(404, "not_found")])
    assert caught.value.status == 404


def test_a_mute_line_is_given_up_and_the_run_is_polled() -> None:
    mute = stream(is_mute=True)
    line = Line([mute, mute, mute, as_json(events(1, 3)), as_json(end(3))], silence_seconds=0.5)
    assert [asked.wants_stream for asked in line.asked] == [True, True, True, False, False]
    assert line.asked[3].query["limit"] == ["500"]
    assert line.cursors[3:] == [0, 3]
    assert line.seqs == [1, 2, 3]


def test_a_proxy_that_answers_with_something_else_leads_to_polling() -> None:
    line = Line([as_json({}), as_json(events(1, 2)), as_json(events(3, 2)), as_json(end(2))])
    assert [asked.wants_stream for asked in line.asked] == [True, False, False, False]
    assert line.pauses == [1.0], "a poll that brings nothing is followed by a pause"
    assert line.seqs == [1, 2]


def test_polling_tries_a_stream_again_after_a_while() -> None:
    polls = [as_json(events(1, 0))] * 120
    line = Line([as_json({}), *polls, stream(events(1, 1), end(1))])
    assert line.asked[-1].wants_stream
    assert line.seqs == [1]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_line_does_each_event_comes_once_in_order(seed: int) -> None:
    line = Line(UnreliableLine(seed))
    assert line.seqs == list(range(1, 41))
    assert line.items[-1] == End("completed", 40)
    assert not any(isinstance(item, Snapshot) for item in line.items)


class UnreliableLine:
    """Serves a run of 40 events honestly, over a line that does everything that lines do; the seed decides when."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._is_first_after_gap = False

    def __call__(self, asked: Asked) -> Answer:
        after = asked.after or 0
        if self._chance.random() < 0.2:
            return self._chance.choice(
                [refusal(503, "database_away"), refusal(429, "too_many"), Answer(502, "text/html")]
            )
        if not asked.wants_stream:
            return as_json(events(after + 1, min(after + 3, 40)) if after < 40 else end(40))
        return self._stream(after)

    def _stream(self, after: int) -> Answer:
        body = b"".join(self._frames(after))
        if self._chance.random() < 0.8:
            body = body[: self._chance.randrange(len(body) + 1)]
        size = self._chance.randint(1, 400)
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        return Answer(kind="text/event-stream", pieces=pieces, is_cut=self._chance.random() < 0.7)

    def _frames(self, after: int) -> list[bytes]:
        frames: list[bytes] = []
        while after < 40:
            first = max(after - self._chance.randint(-1, 3), 0) if frames else after
            last = min(after + self._chance.randint(1, 9), 40)
            frames.append(sse(events(first + 1, last)))
            after = last
        return [*frames, sse(end(40))]
