"""Times, durations and foreign texts, as people read them in a terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

#: Control characters, which could move the cursor or worse, and marks that turn the direction of a text.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return a text with its control characters written out: names and log lines are written by strangers."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def first_line(text: str | None) -> str:
    """Return the first line of a text."""
    return next(iter((text or "").splitlines()), "")


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(_columns(character) for character in text)


def shortened(text: str, width: int) -> str:
    """Return a text that takes at most `width` columns, with … where something was left out."""
    if width_of(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += _columns(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def read_time(text: str) -> datetime:
    """Read a time of the API."""
    return datetime.fromisoformat(text)


def local_time(text: str | None) -> str:
    """Return date and time of day here, or nothing."""
    return read_time(text).astimezone().strftime("%Y-%m-%d %H:%M:%S") if text else ""


def clock(text: str) -> str:
    """Return the time of day here, with milliseconds."""
    return read_time(text).astimezone().strftime("%H:%M:%S.%f")[:-3]


def took(started: str | None, finished: str | None) -> str:
    """Return how long something took, or has taken so far."""
    if not started:
        return ""
    end = read_time(finished) if finished else datetime.now(UTC)
    seconds = max((end - read_time(started)).total_seconds(), 0.0)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"


def counted(counts: dict[str, Any]) -> str:
    """Return counts by status in words."""
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)
