"""Server-Sent Events by the standard's rules, in pieces that end anywhere."""

from __future__ import annotations

import pytest

from apflow.client.sse import EventStream


def _read(pieces: list[bytes]) -> list[str]:
    stream = EventStream()
    return [data for piece in pieces for data in stream.feed(piece)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_every_end_of_a_line_and_every_cut(end: bytes, size: int) -> None:
    lines = [
        b": hello",
        b"",
        b"event: x",
        b"data: one",
        b"data:two",
        b"id: 7",
        b"",
        b"data: \xc3\xa9\xe2\x80\xa8",
        b"",
        b":",
    ]
    whole = end.join(lines)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert _read(pieces) == ["one\ntwo", "é\u2028"]


def test_what_is_cut_short_is_never_shown() -> None:
    assert _read([b"data: 1\n\ndata: 2\n"]) == ["1"]


def test_an_event_without_data_is_none() -> None:
    assert _read([b"event: ping\n\nretry: 5\n\n"]) == []
