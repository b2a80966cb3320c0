"""Frames: JSON that is encoded once and handed to every watcher as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orchestration.engine.masking import redact
from orchestration.store.stream import LogPage, Snapshot


class Frame:
    """One frame. `seq` is the last event that it brings a watcher to; None when it brings none."""

    __slots__ = ("_sse", "seq", "text", "type")

    def __init__(self, type: str, text: str, seq: int | None = None) -> None:
        self.type = type
        self.text = text
        self.seq = seq
        self._sse: bytes | None = None

    @property
    def sse(self) -> bytes:
        """The frame as a server-sent event."""
        if self._sse is None:
            place = "" if self.seq is None else f"id: {self.seq}\n"
            self._sse = f"event: {self.type}\n{place}data: {self.text}\n\n".encode()
        return self._sse


def snapshot_frame(snapshot: Snapshot) -> Frame:
    """Build the frame of a whole state, without secrets: all who watch get the same."""
    seq = snapshot.as_of_seq
    stored = json.loads(snapshot.run)
    shown = redact(stored)
    run = snapshot.run if shown is stored else json.dumps(shown, ensure_ascii=False)
    head = f'{{"type":"snapshot","as_of_seq":{seq},"now":"{snapshot.now.isoformat()}"'
    return Frame("snapshot", f'{head},"run":{run},"tasks":[{snapshot.tasks}]}}', seq)


def events_frame(after: int, events: Sequence[str], now: datetime) -> Frame:
    """Build the frame of the events behind `after`, which are JSON texts already."""
    to = after + len(events)
    head = f'{{"type":"events","after":{after},"to":{to},"now":"{now.isoformat()}"'
    return Frame("events", f'{head},"events":[{",".join(events)}]}}', to)


def logs_frame(page: LogPage) -> Frame:
    """Build the frame of log lines, which are JSON texts already."""
    return Frame("logs", f'{{"type":"logs","lines":[{",".join(page.lines)}],"log_after":{page.after}}}')


def ping_frame(now: datetime) -> Frame:
    """Build a sign of life."""
    return _frame("ping", now=now.isoformat())


def end_frame(status: str, seq: int) -> Frame:
    """Build the frame that says that the run has ended and everything was sent."""
    return _frame("end", status=status, seq=seq)


def overview_frame(now: datetime, overview: dict[str, Any]) -> Frame:
    """Build the frame of the overview."""
    return _frame("overview", now=now.isoformat(), **overview)


def error_frame(error: dict[str, Any]) -> Frame:
    """Build the frame that goes before an early end."""
    return _frame("error", error=error)


def _frame(type: str, **fields: Any) -> Frame:
    return Frame(type, json.dumps({"type": type, **fields}, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
