"""The one priority queue of a worker: by run priority, then task priority, then first come first served."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterator
from itertools import count

from .records import Node, Phase
from .run_state import RunState

#: A queued node. The last field is the key that it was woken from, None for one that was not set aside before.
Entry = tuple[int, int, int, int, RunState, Node, str | None]

#: Takes what a node needs to start and returns None, or returns the key to park it under.
Admit = Callable[[Node], str | None]


class ReadyQueue:
    """Ready nodes of all runs. Entries that were overtaken (cancelled, new priority) are dropped when they come up."""

    def __init__(self, admit: Admit = lambda node: None) -> None:
        self._admit = admit
        self._heap: list[Entry] = []
        #: Nodes that were set aside, by key and run: those of a run that may start none are not looked at one by one.
        self._parked: dict[str, dict[str, list[Entry]]] = {}
        self._sequence = count()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, run: RunState, node: Node) -> None:
        """Queue a ready node."""
        order = (run.priority, node.priority, next(self._sequence))
        heapq.heappush(self._heap, (*order, node.ready_token, run, node, None))

    def pop(self) -> tuple[RunState, Node] | None:
        """Take the next node that may start now; what may not is set aside under the key of what it waits for."""
        while self._heap:
            entry = heapq.heappop(self._heap)
            run, node, woken_from = entry[4:]
            key = None
            if _is_current(entry):
                key = self._admit(node) if _room(run) > 0 else run.id
                if key is None:
                    return run, node
                heapq.heappush(self._parked.setdefault(key, {}).setdefault(run.id, []), entry)
            if woken_from is not None and woken_from != key:
                # What it was woken for is still there, and it can't use it: that is for the next one.
                self.unpark(woken_from, 1)
        return None

    def is_outranked(self, key: str) -> bool:
        """Tell whether a node that waits under a key, and may start as far as its run goes, comes before all queued.

        Not before one that was just woken for a permit or a child: that would go back unused.
        """
        while self._heap and not _is_current(self._heap[0]):
            woken_from = heapq.heappop(self._heap)[6]
            if woken_from is not None:
                self.unpark(woken_from, 1)
        if not self._heap:
            return False
        head = self._heap[0]
        is_woken = head[6] is not None and head[6] != head[4].id
        return not is_woken and any(group[0][:3] < head[:3] for group, _ in self._startable(key))

    def unpark_run(self, run: RunState) -> None:
        """Queue again what was set aside for a run, as far as the run may start more now."""
        self.unpark(run.id, _room(run))

    def unpark_all(self, key: str) -> None:
        """Queue again all that was set aside under a key: nobody has to wait there any more."""
        for group in self._parked.pop(key, {}).values():
            for entry in group:
                self._wake(entry, key)

    def unpark(self, key: str, room: int) -> None:
        """Queue again the first `room` nodes set aside under a key whose runs may start some now."""
        if room <= 0:
            return
        heads = [(group[0], most, group) for group, most in self._startable(key)]
        heapq.heapify(heads)
        while heads and room > 0:
            _, most, group = heads[0]
            self._wake(heapq.heappop(group), key)
            room -= 1
            if most > 1 and _has_current(group):
                heapq.heapreplace(heads, (group[0], most - 1, group))
            else:
                heapq.heappop(heads)

    def _wake(self, entry: Entry, key: str) -> None:
        heapq.heappush(self._heap, (*entry[:6], key))

    def parked(self, key: str, enough: int = sys.maxsize) -> int:
        """Return how many nodes under a key may start as far as their runs go; counting ends at `enough`.

        Of those that were overtaken meanwhile some may count, but it is 0 as soon as nobody waits there any more.
        """
        found = 0
        for _, most in self._startable(key):
            found += most
            if found >= enough:
                return enough
        return found

    def _startable(self, key: str) -> Iterator[tuple[list[Entry], int]]:
        """Yield the nodes under a key by run, with how many of them the run may start, which is one at least."""
        groups = self._parked.get(key)
        if groups is None:
            return
        for run_id, group in list(groups.items()):
            if not _has_current(group):
                del groups[run_id]
            elif (room := _room(group[0][4])) > 0:
                yield group, min(room, len(group))
        if not groups:
            del self._parked[key]

    def drop(self, run: RunState) -> None:
        """Forget a run: none of its entries, wherever it waits, counts any more."""
        self._parked.pop(run.id, None)
        for node in run.nodes:
            if node.phase is Phase.READY:
                node.ready_token += 1


def _room(run: RunState) -> int:
    """Return how many more nodes of a run may start now."""
    limit = run.record.max_concurrency
    return 0 if run.paused else sys.maxsize if limit is None else limit - run.active


def _has_current(group: list[Entry]) -> bool:
    """Drop first entries that were overtaken; tell whether any is left."""
    while group and not _is_current(group[0]):
        heapq.heappop(group)
    return bool(group)


def _is_current(entry: Entry) -> bool:
    node = entry[5]
    return node.phase is Phase.READY and node.ready_token == entry[3]
