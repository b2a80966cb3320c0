"""How far a long command is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from orchestration.store.backups.archive import TableSum

#: Seconds between two lines.
_EVERY_SECONDS: Final = 2.0


class Progress:
    """Says now and then which table is being worked on; short work says nothing."""

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._said_at = clock()

    def of(self, table: str, done: TableSum) -> None:
        """Hear that so much of a table is done."""
        now = self._clock()
        if now - self._said_at >= _EVERY_SECONDS:
            self._said_at = now
            self._say(f"{table}: {done.rows:,} rows, {megabytes(done.size)}")


def megabytes(size: int) -> str:
    """Return a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"
