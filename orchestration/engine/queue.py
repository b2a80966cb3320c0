"""The one priority queue of a worker: by run priority, then task priority, then first come first served."""

from __future__ import annotations

import heapq
from itertools import count

from .records import Node, Phase
from .run_state import RunState

Entry = tuple[int, int, int, int, RunState, Node]


class ReadyQueue:
    """Ready nodes of all runs. Entries that were overtaken (cancelled, new priority) are dropped when they come up."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._parked: dict[str, list[Entry]] = {}
        self._sequence = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, run: RunState, node: Node) -> None:
        """Queue a ready node."""
        heapq.heappush(self._heap, (run.priority, node.priority, next(self._sequence), node.ready_token, run, node))

    def pop(self) -> tuple[RunState, Node] | None:
        """Take the next node that may start now; nodes of runs that are paused or at their limit are set aside."""
        while self._heap:
            entry = heapq.heappop(self._heap)
            run, node = entry[4], entry[5]
            if node.phase is not Phase.READY or node.ready_token != entry[3]:
                continue
            if self._may_start(run):
                return run, node
            heapq.heappush(self._parked.setdefault(run.id, []), entry)
        return None

    @staticmethod
    def _may_start(run: RunState) -> bool:
        limit = run.record.max_concurrency
        return not run.paused and (limit is None or run.active < limit)

    def unpark(self, run: RunState) -> None:
        """Queue again what was set aside for a run, as far as the run may start more now."""
        parked = self._parked.get(run.id)
        if not parked or run.paused:
            return
        limit = run.record.max_concurrency
        room = len(parked) if limit is None else limit - run.active
        while parked and room > 0:
            heapq.heappush(self._heap, heapq.heappop(parked))
            room -= 1
        if not parked:
            del self._parked[run.id]

    def drop(self, run: RunState) -> None:
        """Forget what was set aside for a run; its other entries go when they come up."""
        self._parked.pop(run.id, None)
