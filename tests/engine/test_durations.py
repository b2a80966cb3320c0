"""Durations in words."""

from __future__ import annotations

import pytest

from orchestration.engine.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 ms"),
        (0, "0 ms"),
        (0.3404, "340 ms"),
        (0.9996, "1.0 s"),
        (4.21, "4.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 m 00 s"),
        (65, "1 m 05 s"),
        (3599.6, "1 h 00 m"),
        (7380, "2 h 03 m"),
        (86_399, "23 h 59 m"),
        (3 * 86_400 + 4 * 3_600, "3 d 4 h"),
    ],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
