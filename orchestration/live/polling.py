"""One answer to one poll. Everything here blocks."""

from __future__ import annotations

from orchestration.engine.status import TERMINAL
from orchestration.store.stream import Tail, snapshot_of, tail_of

from .errors import no_such_run
from .frames import Frame, end_frame, events_frame, snapshot_frame
from .limits import MAX_MISSING


def poll(run_id: str, after: int | None, limit: int) -> Frame:
    """Return the whole state, the events behind a cursor (which may be none), or the end. Raises StreamError."""
    if after is not None:
        tail = tail_of(run_id, after, limit)
        if tail is None:
            raise no_such_run()
        if (frame := _events_or_end(tail, limit)) is not None:
            return frame
    snapshot = snapshot_of(run_id)
    if snapshot is None:
        raise no_such_run()
    return snapshot_frame(snapshot)


def _events_or_end(tail: Tail, limit: int) -> Frame | None:
    missing = tail.last_seq - tail.after
    if not 0 <= missing <= MAX_MISSING or len(tail.events) != min(missing, limit):
        return None
    if missing == 0 and tail.status in TERMINAL:
        return end_frame(tail.status, tail.after)
    return events_frame(tail.after, tail.events, tail.now)
