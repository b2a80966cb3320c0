"""The one priority queue of a worker: by run priority, then task priority, then first come first served."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from .records import Node, Phase
from .run_state import RunState

Entry = tuple[int, int, int, int, RunState, Node]

#: Takes what a node needs to start and returns None, or returns the key to park it under.
Admit = Callable[[Node], str | None]


class ReadyQueue:
    """Ready nodes of all runs. Entries that were overtaken (cancelled, new priority) are dropped when they come up."""

    def __init__(self, admit: Admit = lambda node: None) -> None:
        self._admit = admit
        self._heap: list[Entry] = []
        self._parked: dict[str, list[Entry]] = {}
        self._sequence = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, run: RunState, node: Node) -> None:
        """Queue a ready node."""
        heapq.heappush(self._heap, (run.priority, node.priority, next(self._sequence), node.ready_token, run, node))

    def pop(self) -> tuple[RunState, Node] | None:
        """Take the next node that may start now; what may not is set aside under the key of what it waits for."""
        while self._heap:
            entry = heapq.heappop(self._heap)
            run, node = entry[4], entry[5]
            if not _is_current(entry):
                continue
            key = self._admit(node) if self._may_start(run) else run.id
            if key is None:
                return run, node
            heapq.heappush(self._parked.setdefault(key, []), entry)
        return None

    @staticmethod
    def _may_start(run: RunState) -> bool:
        limit = run.record.max_concurrency
        return not run.paused and (limit is None or run.active < limit)

    def unpark_run(self, run: RunState) -> None:
        """Queue again what was set aside for a run, as far as the run may start more now."""
        if not run.paused:
            limit = run.record.max_concurrency
            self.unpark(run.id, None if limit is None else limit - run.active)

    def unpark(self, key: str, room: int | None = None) -> None:
        """Queue again the first `room` nodes that were set aside under a key; None is all of them."""
        parked = self._parked.get(key)
        if not parked:
            return
        left = len(parked) if room is None else room
        while parked and left > 0:
            entry = heapq.heappop(parked)
            if _is_current(entry):
                heapq.heappush(self._heap, entry)
                left -= 1
        if not parked:
            del self._parked[key]

    def parked(self, key: str) -> int:
        """Return how many nodes are set aside under a key, those included that were cancelled meanwhile."""
        return len(self._parked.get(key, ()))

    def drop(self, run: RunState) -> None:
        """Forget what was set aside for a run; its other entries go when they come up."""
        self._parked.pop(run.id, None)


def _is_current(entry: Entry) -> bool:
    node = entry[5]
    return node.phase is Phase.READY and node.ready_token == entry[3]
