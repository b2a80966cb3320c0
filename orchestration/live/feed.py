"""One run's newest events, read once for all who watch it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from orchestration.engine.status import TERMINAL
from orchestration.store.stream import Tail

from .frames import Frame, events_frame
from .limits import MAX_MISSING

logger = logging.getLogger(__name__)

#: Events that a feed keeps: those of the last look, and of the one before for watchers who are a step behind.
_KEPT: Final = 2 * MAX_MISSING


class RunFeed:
    """The events from `base + 1` to `head`, and how the run stood when they were read.

    It holds nothing for any single watcher: who has fallen behind `base` reads from the database.
    """

    def __init__(self, run_id: str, seq: int, status: str, now: datetime) -> None:
        self.run_id = run_id
        self.status = status
        self.now = now
        self.is_gone = False
        self._base = seq
        self._last_seq = seq
        self._events: list[str] = []
        self._frames: dict[int, Frame] = {}

    @property
    def head(self) -> int:
        """The last event that was read."""
        return self._base + len(self._events)

    def take(self, tail: Tail | None) -> bool:
        """Append what was read behind `head`; None when the run is gone. Returns whether anything is new."""
        if tail is None:
            self.is_gone = True
            return True
        is_new = bool(tail.events) or tail.status != self.status
        self.status, self.now, self._last_seq = tail.status, tail.now, tail.last_seq
        if len(tail.events) == min(max(tail.last_seq - self.head, 0), MAX_MISSING):
            self._append(tail.events)
        else:
            # Should never be. Watchers find nothing to go on with, and get the whole state.
            logger.error("run %s: the events behind %d have a hole", self.run_id, self.head)
            self._base, self._events, is_new = tail.last_seq, [], True
        self._frames.clear()
        return is_new

    def has_behind(self, seq: int) -> bool:
        """Tell whether everything from `seq` to `head` is here, and little enough to be sent as events."""
        return self._base <= seq and self.head - seq <= MAX_MISSING

    def frame_after(self, seq: int) -> Frame | None:
        """Return the events behind `seq`, which `has_behind`; the same frame for everybody who is there."""
        if seq >= self.head:
            return None
        frame = self._frames.get(seq)
        if frame is None:
            frame = self._frames[seq] = events_frame(seq, self._events[seq - self._base :], self.now)
        return frame

    def is_over_at(self, seq: int) -> bool:
        """Tell whether the run has ended, with `seq` as its last event."""
        return self.status in TERMINAL and seq >= self._last_seq

    def _append(self, events: list[str]) -> None:
        self._events += events
        surplus = len(self._events) - _KEPT
        if surplus > 0:
            del self._events[:surplus]
            self._base += surplus
