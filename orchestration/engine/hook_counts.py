"""How often hooks ran, failed and were slow, and how long they took: counted here, added up in the database."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .duration_scale import added, bucket_of

#: Steps of the scale of durations: to a minute.
BUCKETS: Final = 49
#: Days (UTC), today among them, whose counts are shown.
SHOWN_DAYS: Final = 7


@dataclass(slots=True)
class HookCount:
    """The calls of one hook; `buckets` counts them by duration, on the scale of `duration_scale`."""

    runs: int = 0
    errors: int = 0
    slow: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)


class HookCounts:
    """Counts calls by the id of the hook's row. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[int, HookCount] = {}

    def add(self, rule: int | None, milliseconds: float, *, failed: bool, slow: bool) -> None:
        """Count a call; one of a hook without a row is not counted."""
        if rule is None:
            return
        with self._lock:
            count = self._counts.setdefault(rule, HookCount())
            count.runs += 1
            count.errors += failed
            count.slow += slow
            count.buckets[bucket_of(milliseconds, BUCKETS)] += 1

    def take(self) -> dict[int, HookCount]:
        """Hand over what was counted, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[int, HookCount]) -> None:
        """Take back what could not be written down."""
        with self._lock:
            for rule, lost in counts.items():
                count = self._counts.setdefault(rule, HookCount())
                count.runs += lost.runs
                count.errors += lost.errors
                count.slow += lost.slow
                count.buckets = added(count.buckets, lost.buckets)
