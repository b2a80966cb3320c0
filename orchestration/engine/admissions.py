"""Which ready task starts next: the queue, the slots of this worker, and the permits of limited executors."""

from __future__ import annotations

import sys

from .breaker import judge
from .limits import ExecutorLimit, Gate, Grant, Release, executor_key
from .loop import Loop
from .outcome import Outcome
from .ports import Store
from .queue import ReadyQueue
from .records import Node
from .registry import ExecutorRegistry
from .run_state import RunState
from .threads import ControlThread

#: Seconds between two requests for permits that were not to be had.
PERMIT_SECONDS = 0.25
#: The longest that a worker waits before it asks again: what an administrator changes must arrive soon.
LONGEST_WAIT_SECONDS = 1.0


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
        #: Executors about whose permits this worker has asked; some it may not ask about again for a while.
        self._asking: set[str] = set()
        self._on_its_way: set[str] = set()

    def use(self, control: ControlThread, limits: dict[str, ExecutorLimit]) -> None:
        """Start: reads go through `control`, and these limits are in force."""
        self._control = control
        self._gate.limits = limits

    def next(self) -> tuple[RunState, Node] | None:
        """Return the next node that may start, with its slot and permit taken; None when there is none."""
        if self.busy >= self.slots or (self.busy == self.slots - 1 and self._keeps_last_slot()):
            return None
        popped = self.queue.pop()
        if popped is None:
            # Whoever was woken for what is unused here may have been unable to start, when others can.
            self._wake()
            popped = self.queue.pop()
        if popped is not None:
            self.busy += 1
        return popped

    def _keeps_last_slot(self) -> bool:
        """Tell whether the last slot stays free for the answer about a permit, a matter of milliseconds.

        A worker that has more than enough to do would else never ask for the permit of what comes before all of it.
        """
        return any(
            limit.enabled
            and limit.is_limited
            and (executor not in self._asking or executor in self._on_its_way)
            and self._gate.permits(executor) <= 0 < self._gate.room(executor)
            and self.queue.is_outranked(executor_key(executor))
            for executor, limit in self._gate.limits.items()
        )

    def _wake(self, most: int = sys.maxsize) -> None:
        for key, unused in self._gate.unused():
            self.queue.unpark(key, min(unused, most))

    def free(self, node: Node, outcome: Outcome | None = None) -> None:
        """The node needs its slot and permit no more; `outcome` is how its attempt ended, if it did by itself."""
        self.busy -= 1
        if self._gate.leave(node, None if outcome is None else judge(outcome)):
            self._wake(1)

    def is_enabled(self, node: Node) -> bool:
        """Tell whether the node's executor is switched on."""
        return self._gate.is_enabled(node.executor or "")

    def limit_of(self, executor: str) -> ExecutorLimit | None:
        """Return what the installation has decided about an executor, if anything."""
        return self._gate.limits.get(executor)

    @property
    def is_full_ahead(self) -> bool:
        """True when enough is queued here already, so that more runs are better left to other workers."""
        return self.busy + len(self.queue) >= self.slots * 2

    def settle(self, *, asking: bool) -> None:
        """Give back permits that nobody here needs, and (with `asking`) ask for those that waiting nodes need."""
        wanted = {}
        for executor, limit in self._gate.limits.items():
            key = executor_key(executor)
            if not limit.enabled or not limit.is_limited:
                self.queue.unpark_all(key)
                continue
            free = min(self.slots - self.busy, self._gate.room(executor))
            waiting = self.queue.parked(key, max(free, 1))
            missing = min(waiting, free) - self._gate.permits(executor)
            if not waiting or not asking:
                # Who starts nothing for now holds up everybody else with permits, and with a probe above all.
                self._gate.drop_unused(executor)
            elif executor not in self._asking and missing > 0:
                wanted[executor] = missing
        self._release()
        # After what goes back: a breaker has to know of a failure before the next attempt is admitted.
        for executor, count in wanted.items():
            self._ask(executor, count)

    def _release(self) -> None:
        releases = self._gate.take_releases()
        if releases:
            worker_id = self.worker_id
            self._control.submit(
                lambda: self._store.release_permits(worker_id, releases),
                lambda _, error: self._loop.post(self._on_released, worker_id, releases, error),
            )

    def _on_released(self, worker_id: str, releases: dict[str, Release], error: Exception | None) -> None:
        """Try again in a while if it failed: permits, and a breaker's probe, must not be held by nobody."""

        def again() -> None:
            if worker_id == self.worker_id:
                self._gate.put_back(releases)

        if error is not None:
            self._loop.later(PERMIT_SECONDS, again)

    def _ask(self, executor: str, wanted: int) -> None:
        self._asking.add(executor)
        self._on_its_way.add(executor)
        worker_id = self.worker_id
        self._control.submit(
            lambda: self._store.acquire_permits(worker_id, executor, wanted),
            lambda grant, error: self._loop.post(self._on_grant, executor, worker_id, grant, error),
        )

    def _on_grant(self, executor: str, worker_id: str, grant: Grant | None, error: Exception | None) -> None:
        self._on_its_way.discard(executor)
        if error is not None and worker_id == self.worker_id:
            # They may have been granted for all that: a release of none writes how many this worker really has.
            self._gate.put_back({executor: Release(0)})
        if grant is not None and grant.granted and worker_id == self.worker_id:
            self._gate.add_permits(executor, grant.granted, is_probe=grant.is_probe)
            self.queue.unpark(executor_key(executor), grant.granted)
            self._asking.discard(executor)
            return
        # Ask again when the rate or the breaker allows it, or in a while.
        wait = grant.wait_seconds if grant is not None and grant.wait_seconds is not None else PERMIT_SECONDS
        self._loop.later(min(wait, LONGEST_WAIT_SECONDS), lambda: self._asking.discard(executor))

    def fetch_limits(self) -> None:
        """Read anew what the installation has decided about executors."""
        self._control.look(
            "limits", self._store.executor_limits, lambda limits, error: self._loop.post(self._on_limits, limits)
        )

    def _on_limits(self, limits: dict[str, ExecutorLimit] | None) -> None:
        if limits is not None:
            for executor in self._gate.limits.keys() - limits.keys():
                self.queue.unpark_all(executor_key(executor))
            self._gate.limits = limits

    def renew(self, worker_id: str) -> None:
        """Go on under another worker id; permits of the old one are nobody's."""
        self.worker_id = worker_id
        self._gate.forget()
