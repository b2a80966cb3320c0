"""One watcher of one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orchestration.store.stream import Tail

from .errors import no_such_run
from .feed import RunFeed
from .frames import Frame, end_frame, events_frame, logs_frame, snapshot_frame
from .limits import LOG_LINES, LOG_SECONDS, MAX_MISSING
from .reader import Reader
from .visitor import Visitor
from .watch import Watch
from .window import Window


@dataclass(eq=False, slots=True)
class LogSelection:
    """Log lines that a watcher wants: those behind `after`, of one task or of all; and when to look for more."""

    after: int
    task: str | None = None
    due_at: float = 0.0


class RunWatch(Watch):
    """A cursor in a run's log. Without one the watcher gets the whole state first.

    `window` None is a way on which clients acknowledge nothing.
    """

    def __init__(
        self,
        visitor: Visitor,
        feed: RunFeed,
        reader: Reader,
        clock: Callable[[], datetime],
        after: int | None,
        window: Window | None = None,
    ) -> None:
        super().__init__(visitor, clock)
        self.run_id: str = feed.run_id
        self._feed = feed
        self._reader = reader
        self._cursor = after
        self._window = window
        self._logs: LogSelection | None = None
        self._is_logs_turn = False
        self._is_cursor_sure = False

    # --- what the client says -----------------------------------------------------------------------------------

    def acknowledge(self, seq: int) -> None:
        """The client has dealt with everything up to `seq`."""
        if self._window is not None:
            self._window.acknowledge(seq)
            self.wake()

    def select_logs(self, selection: LogSelection | None) -> None:
        """Send these log lines too; None sends no more."""
        self._logs = selection
        self.wants_logs = selection is not None
        self.wake()

    # --- what it gets -------------------------------------------------------------------------------------------

    async def next_frame(self) -> Frame | None:
        """Return the state, events or log lines; when there are none, the end or a sign of life."""
        if self._feed.is_gone:
            raise no_such_run()
        frame = None
        if self._window is None or self._window.is_open:
            frame = await self._news() or self._end()
        return frame or self.ping_if_due()

    async def _news(self) -> Frame | None:
        # In turns, so that a busy run does not keep its log lines back.
        if self._is_logs_turn:
            frame = await self._log_lines() or await self._events()
        else:
            frame = await self._events() or await self._log_lines()
        if frame is not None:
            self._note(frame)
        return frame

    def _note(self, frame: Frame) -> None:
        self._is_logs_turn = frame.type != "logs"
        if frame.seq is not None:
            self._cursor = frame.seq
        if self._window is not None and self._cursor is not None:
            self._window.sent(self._cursor)

    async def _events(self) -> Frame | None:
        cursor = self._cursor
        if cursor is None:
            return await self._snapshot(0)
        # Events that the feed has not read are no reason to doubt a cursor that came from the database.
        if self._feed.has_behind(cursor) and (self._is_cursor_sure or cursor <= self._feed.head):
            return self._feed.frame_after(cursor)
        tail = await self._reader.tail(self.run_id, cursor)
        if tail is None:
            raise no_such_run()
        if not _is_within_reach(tail):
            return await self._snapshot(tail.last_seq)
        self._is_cursor_sure = True
        return events_frame(cursor, tail.events, tail.now) if tail.events else None

    async def _snapshot(self, at_least: int) -> Frame:
        """Return the whole state after event `at_least` or a later one: another's read may have begun before."""
        while (snapshot := await self._reader.snapshot(self.run_id)) is not None:
            if snapshot.as_of_seq >= at_least:
                self._is_cursor_sure = True
                return snapshot_frame(snapshot)
        raise no_such_run()

    async def _log_lines(self) -> Frame | None:
        wanted = self._logs
        if wanted is None or (time.monotonic() < wanted.due_at and not self._is_over):
            return None
        page = await self._reader.logs(self.run_id, wanted.after, wanted.task)
        if wanted is not self._logs:
            return None  # the client has asked for others meanwhile
        is_full = len(page.lines) == LOG_LINES
        wanted.due_at = 0.0 if is_full else time.monotonic() + LOG_SECONDS
        wanted.after = page.after
        return logs_frame(page) if page.lines else None

    @property
    def _is_over(self) -> bool:
        return self._cursor is not None and self._feed.is_over_at(self._cursor)

    def _end(self) -> Frame | None:
        return end_frame(self._feed.status, self._cursor) if self._cursor is not None and self._is_over else None


def _is_within_reach(tail: Tail) -> bool:
    """Tell whether a cursor can go on from what was read: not too far behind, and not from another life of the run."""
    missing = tail.last_seq - tail.after
    return 0 <= missing <= MAX_MISSING and len(tail.events) == missing
