"""The runs that an engine owns right now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from .clock import Clock
from .loop import Loop, Timer
from .promise import Promise
from .queue import ReadyQueue
from .records import Node
from .run_state import RunState
from .status import Status


@dataclass(slots=True)
class Held:
    """One owned run, and who waits for its end. `dirty` means that something may wait to be written; `leaving`, that
    it was handed over and no task of it starts here any more. `timers` are of delayed nodes, and None's of the run."""

    state: RunState
    ended: Future[Status] = field(default_factory=Promise)
    dirty: bool = True
    leaving: bool = False
    timers: dict[Node | None, Timer] = field(default_factory=dict)

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

    @property
    def working(self) -> int:
        """How many owned runs have a task that starts or runs."""
        return sum(held.state.active > 0 for held in self._held.values())

    def ids(self) -> list[str]:
        """Return the ids of all owned runs; from any thread."""
        return list(self._held)

    def add(self, held: Held) -> None:
        """Own a run."""
        self._held[held.state.id] = held

    def remove(self, held: Held) -> None:
        """Own a run no more."""
        if self._held.get(held.state.id) is held:
            del self._held[held.state.id]
        for timer in held.timers.values():
            timer.cancel()
        self._queue.drop(held.state)

    def get(self, run_id: str, epoch: int | None = None) -> Held | None:
        """Return an owned run; with `epoch` only if it is still owned under that one."""
        held = self._held.get(run_id)
        return held if held is not None and epoch in (None, held.state.epoch) else None

    def owns(self, state: RunState) -> bool:
        """Tell whether this very state is the owned one."""
        held = self._held.get(state.id)
        return held is not None and held.state is state

    def may_start(self, state: RunState) -> bool:
        """Tell whether tasks of this very state may start here."""
        held = self._held.get(state.id)
        return held is not None and held.state is state and not held.leaving

    def hand_over(self, held: Held) -> None:
        """Let anyone claim a run that stays whole meanwhile; it is ours until that is committed."""
        held.state.hand_back(self._clock.now())
        held.leaving = held.dirty = True
        self._queue.drop(held.state)

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
            state.wake(node, token, self._clock.now())
            self.touch(state)

        self.later(state, seconds, wake, node)

    def later(self, state: RunState, seconds: float, call: Callable[[], None], node: Node | None = None) -> None:
        """Have `call` run after a while if this very state is owned then; the last one for a node is the one."""
        held = self._held.get(state.id)
        if held is not None and held.state is state:
            if (earlier := held.timers.get(node)) is not None:
                earlier.cancel()
            held.timers[node] = self._loop.later(seconds, call)
