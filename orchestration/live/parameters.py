"""Query parameters of the three ways."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import bad_parameter
from .limits import MAX_MISSING
from .messages import MAX_CURSOR
from .run_watch import LogSelection


def cursor_of(query: Mapping[str, str], name: str = "after") -> int | None:
    """Return a cursor; None when it is not given. Raises StreamError."""
    text = query.get(name)
    return None if text is None or text == "" else _number(name, text, MAX_CURSOR)


def limit_of(query: Mapping[str, str]) -> int:
    """Return how many events one answer may have. Raises StreamError."""
    return max(_number("limit", query.get("limit") or "500", MAX_MISSING), 1)


def logs_of(query: Mapping[str, str]) -> LogSelection | None:
    """Return the log lines that are asked for from the start. Raises StreamError."""
    if query.get("logs") not in ("1", "true"):
        return None
    return LogSelection(cursor_of(query, "log_after") or 0)


def _number(name: str, text: str, most: int) -> int:
    # Few digits: int() takes its time over many.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1
    if not 0 <= number <= most:
        raise bad_parameter(name, f"{name} is a whole number from 0 to {most}.")
    return number
