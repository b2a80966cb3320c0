"""Which ready task starts next: the queue, the slots of this worker, and the permits of limited executors."""

from __future__ import annotations

from .limits import ExecutorLimit, Gate, Grant, executor_key
from .loop import Loop
from .ports import Store
from .queue import ReadyQueue
from .records import Node
from .registry import ExecutorRegistry
from .run_state import RunState
from .threads import ControlThread

#: Seconds between two requests for permits that were not to be had.
PERMIT_SECONDS = 0.25


class Admissions:
    """Hands out slots and permits, and takes them back exactly once."""

    def __init__(self, loop: Loop, store: Store, registry: ExecutorRegistry, slots: int) -> None:
        self.slots = slots
        self.busy = 0
        self.worker_id = ""
        self._loop = loop
        self._store = store
        self._gate = Gate(registry)
        self.queue = ReadyQueue(self._gate.admit)
        self._asking: set[str] = set()

    def use(self, control: ControlThread, limits: dict[str, ExecutorLimit]) -> None:
        """Start: reads go through `control`, and these limits are in force."""
        self._control = control
        self._gate.limits = limits

    def next(self) -> tuple[RunState, Node] | None:
        """Return the next node that may start, with its slot and permit taken; None when there is none."""
        if self.busy >= self.slots:
            return None
        popped = self.queue.pop()
        if popped is not None:
            self.busy += 1
        return popped

    def free(self, node: Node) -> None:
        """The node needs its slot and permit no more."""
        self.busy -= 1
        for key in self._gate.leave(node):
            self.queue.unpark(key, 1)

    def is_enabled(self, node: Node) -> bool:
        """Tell whether the node's executor is switched on."""
        return self._gate.is_enabled(node.executor or "")

    @property
    def is_full_ahead(self) -> bool:
        """True when enough is queued here already, so that more runs are better left to other workers."""
        return self.busy + len(self.queue) >= self.slots * 2

    def settle(self, *, asking: bool) -> None:
        """Give back permits that nobody here needs, and (with `asking`) ask for those that waiting nodes need."""
        for executor, limit in self._gate.limits.items():
            key = executor_key(executor)
            if not limit.enabled or not limit.is_limited:
                self.queue.unpark(key)
                continue
            waiting = self.queue.parked(key)
            if not waiting:
                self._gate.drop_unused(executor)
            elif asking and executor not in self._asking and self.busy < self.slots:
                self._ask(executor, min(waiting, self.slots - self.busy))
        releases = self._gate.take_releases()
        if releases:
            worker_id = self.worker_id
            self._control.submit(lambda: self._store.release_permits(worker_id, releases), lambda _, error: None)

    def _ask(self, executor: str, wanted: int) -> None:
        self._asking.add(executor)
        worker_id = self.worker_id
        self._control.submit(
            lambda: self._store.acquire_permits(worker_id, executor, wanted),
            lambda grant, error: self._loop.post(self._on_grant, executor, worker_id, grant),
        )

    def _on_grant(self, executor: str, worker_id: str, grant: Grant | None) -> None:
        if grant is not None and grant.granted and worker_id == self.worker_id:
            self._gate.add_permits(executor, grant.granted)
            self.queue.unpark(executor_key(executor), grant.granted)
            self._asking.discard(executor)
            return
        # Ask again when the rate allows it, or in a while.
        wait = grant.wait_seconds if grant is not None and grant.wait_seconds is not None else PERMIT_SECONDS
        self._loop.later(wait, lambda: self._asking.discard(executor))

    def fetch_limits(self) -> None:
        """Read anew what the installation has decided about executors."""
        self._control.submit(
            self._store.executor_limits, lambda limits, error: self._loop.post(self._on_limits, limits)
        )

    def _on_limits(self, limits: dict[str, ExecutorLimit] | None) -> None:
        if limits is not None:
            for executor in self._gate.limits.keys() - limits.keys():
                self.queue.unpark(executor_key(executor))
            self._gate.limits = limits

    def renew(self, worker_id: str) -> None:
        """Go on under another worker id; permits of the old one are nobody's."""
        self.worker_id = worker_id
        self._gate.forget()
