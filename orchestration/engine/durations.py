"""Durations in words."""

from __future__ import annotations

from datetime import datetime


def between(start: datetime | None, end: datetime | None, now: datetime) -> str:
    """Say how long something took, or has taken so far; nothing for what has not started."""
    if start is None:
        return ""
    return in_words(((end or now) - start).total_seconds())


def in_words(seconds: float) -> str:
    """Say a duration in at most two units: `340 ms`, `4.2 s`, `1 m 05 s`, `2 h 03 m`, `3 d 4 h`."""
    seconds = max(seconds, 0.0)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} m"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def ago(seconds: float) -> str:
    """Say how long ago something was, in whole seconds: `4 s ago`. A script of the pages says it in the same words."""
    whole = max(int(seconds), 0)
    return f"{whole} s ago" if whole < 60 else f"{in_words(whole)} ago"
