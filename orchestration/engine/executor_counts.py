"""How often task runs of executors ended and failed, and how long they took: counted here, added up in the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .changes import RunBatch
from .duration_scale import added, bucket_of
from .records import Node
from .status import Status

#: Steps of the scale of durations: to a day.
BUCKETS: Final = 80


@dataclass(slots=True)
class ExecutorCount:
    """The ends of one executor's task runs; `buckets` counts them by how long the last attempt took."""

    runs: int = 0
    failures: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)


class ExecutorCounts:
    """Counts by executor. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, ExecutorCount] = {}

    def add(self, batch: RunBatch, nodes: Mapping[int, Node]) -> None:
        """Count the task runs that ended with a batch that is written; those that never started are not counted."""
        with self._lock:
            for task_run, attempt, status, at in _ends(batch):
                node = nodes[task_run]
                if attempt and node.executor is not None and node.started_at is not None:
                    count = self._counts.setdefault(node.executor, ExecutorCount())
                    count.runs += 1
                    count.failures += status is Status.FAILED
                    count.buckets[bucket_of((at - node.started_at).total_seconds() * 1000, BUCKETS)] += 1

    def take(self) -> dict[str, ExecutorCount]:
        """Hand over what was counted, and begin anew."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return taken

    def give_back(self, counts: Mapping[str, ExecutorCount]) -> None:
        """Take back what could not be written down."""
        with self._lock:
            for executor, lost in counts.items():
                count = self._counts.setdefault(executor, ExecutorCount())
                count.runs += lost.runs
                count.failures += lost.failures
                count.buckets = added(count.buckets, lost.buckets)


def _ends(batch: RunBatch) -> Iterator[tuple[int, int, Status, datetime]]:
    for segment in batch.segments:
        for done in segment.completions:
            yield done.task_run, done.attempt, Status.COMPLETED, done.at
        for move in segment.moves:
            # What ends while it waits (for a retry, or after one was taken back) has ended its attempt before.
            if move.status.is_terminal and move.expected is Status.IN_PROGRESS:
                yield move.task_run, move.attempt, move.status, move.at
