"""From frames to what happened: every event once, in order, whatever is sent twice or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `task` is a task's id, or None when it is about the run. Types: docs/events.md."""

    seq: int
    type: str
    task: str | None
    data: dict[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a run after the event `as_of_seq`, in place of the events up to there."""

    as_of_seq: int
    run: dict[str, Any]
    tasks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class End:
    """The run has ended, and every event of it was shown."""

    status: str
    seq: int


Item = Event | Snapshot | End


class GapError(Exception):
    """Events between the cursor and what was sent are missing."""


class Cursor:
    """Where a reader stands: `seq` is that of the last event shown, None before anything was."""

    def __init__(self, seq: int | None = None) -> None:
        self.seq = seq

    def take(self, frame: Mapping[str, Any]) -> Iterator[Item]:
        """Return what a frame brings that was not shown before. Raises GapError when something before it is missing."""
        match frame.get("type"):
            case "snapshot":
                yield from self._snapshot(frame)
            case "events":
                yield from self._events(frame)
            case "end":
                yield self._end(frame)

    def _snapshot(self, frame: Mapping[str, Any]) -> Iterator[Item]:
        # One that is behind the cursor is news too: the database was put back to an earlier state.
        as_of = int(frame["as_of_seq"])
        if as_of != self.seq:
            self.seq = as_of
            yield Snapshot(as_of, frame["run"], frame["tasks"])

    def _events(self, frame: Mapping[str, Any]) -> Iterator[Item]:
        seq = int(frame["after"]) if self.seq is None else self.seq
        for event in frame["events"]:
            if event["seq"] <= seq:
                continue
            if event["seq"] != seq + 1:
                raise GapError
            # Before it is shown: a reader who stops here and goes on later has seen it.
            self.seq = seq = event["seq"]
            yield Event(seq, event["type"], event["task"], event["data"] or {}, event["at"])
        if int(frame["to"]) > seq:
            raise GapError

    def _end(self, frame: Mapping[str, Any]) -> Item:
        if self.seq is None or int(frame["seq"]) > self.seq:
            raise GapError
        return End(frame["status"], self.seq)
