"""The runs that an engine owns right now."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from .clock import Clock
from .loop import Loop
from .queue import ReadyQueue
from .records import Node
from .run_state import RunState
from .status import Status


@dataclass(slots=True)
class Held:
    """One owned run, and who waits for its end. `dirty` means that something may wait to be written."""

    state: RunState
    ended: Future[Status] = field(default_factory=Future)
    dirty: bool = True

    def fail(self, reason: str) -> None:
        """Tell who waits that this engine will not see the end."""
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(reason))


class Holdings:
    """Owned runs by id. One that is taken over a second time has a new state; the old one is not owned any more."""

    def __init__(self, loop: Loop, clock: Clock, queue: ReadyQueue) -> None:
        self._loop = loop
        self._clock = clock
        self._queue = queue
        self._held: dict[str, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def ids(self) -> list[str]:
        """Return the ids of all owned runs."""
        return list(self._held)

    def add(self, held: Held) -> None:
        """Own a run."""
        self._held[held.state.id] = held

    def remove(self, held: Held) -> None:
        """Own a run no more."""
        if self._held.get(held.state.id) is held:
            del self._held[held.state.id]
        self._queue.drop(held.state)

    def get(self, run_id: str, epoch: int | None = None) -> Held | None:
        """Return an owned run; with `epoch` only if it is still owned under that one."""
        held = self._held.get(run_id)
        return held if held is not None and epoch in (None, held.state.epoch) else None

    def owns(self, state: RunState) -> bool:
        """Tell whether this very state is the owned one."""
        held = self._held.get(state.id)
        return held is not None and held.state is state

    def touch(self, state: RunState) -> None:
        """Take over what a change of a state brought: ready and delayed nodes, room for others, things to write."""
        for node in state.ready:
            node.ready_at = self._clock.monotonic()
            self._queue.push(state, node)
        state.ready.clear()
        for node, due in state.delayed:
            self._wake_later(state, node, (due - self._clock.now()).total_seconds())
        state.delayed.clear()
        self._queue.unpark_run(state)
        held = self._held.get(state.id)
        if held is not None and held.state is state:
            held.dirty = True

    def _wake_later(self, state: RunState, node: Node, seconds: float) -> None:
        token = node.ready_token

        def wake() -> None:
            if self.owns(state):
                state.wake(node, token, self._clock.now())
                self.touch(state)

        self._loop.later(seconds, wake)
