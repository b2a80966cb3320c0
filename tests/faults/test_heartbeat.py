"""The heartbeat thread against a store that fails at the wrong moments (engine anchors 3.2: 9)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.chaos.worker_process import wait_until
from orchestration.engine.clock import SystemClock
from orchestration.engine.metrics import Metrics
from orchestration.engine.ports import Heartbeat, WorkerInfo
from orchestration.engine.threads import HeartbeatThread

LEASE = 0.4


@dataclass
class FlakyStore:
    """Answers, fails or hangs as the test says; writes down what it was asked."""

    asked: list[str] = field(default_factory=list)
    beats_fail: bool = False
    registrations_to_fail: int = 0
    hang: threading.Event | None = None

    def beat(self, worker_id: str, lease_seconds: float, running: int, metrics: dict[str, Any]) -> Heartbeat:
        """Answer that the worker is known, also when the engine believes that its lease is over."""
        self.asked.append(worker_id)
        if self.hang is not None:
            self.hang.wait(30)
        if self.beats_fail:
            raise ConnectionError("no database")
        return Heartbeat(datetime.now(UTC), known=True, draining=False)

    def register_worker(self, info: WorkerInfo) -> str:
        """Give out the next identity, or fail."""
        if self.registrations_to_fail > 0:
            self.registrations_to_fail -= 1
            self.beats_fail = False  # the database is back right afterwards
            self.asked.append("failed registration")
            raise ConnectionError("no database")
        name = f"w{sum(asked == 'registered' for asked in self.asked) + 2}"
        self.asked.append("registered")
        return name

    def close(self) -> None:
        """Nothing to close."""


class DirectLoop:
    """Runs posted calls at once."""

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run it."""
        call(*arguments)


class StandIn:
    """What the heartbeat needs of an engine."""

    def __init__(self) -> None:
        self.worker_id = "w1"
        self.info = WorkerInfo("w", "h", 1, "0", 1, [], LEASE)
        self.clock = SystemClock()
        self.loop: Any = DirectLoop()
        self.metrics = Metrics()
        self.running = 0
        self.happened: list[str] = []

    def lease_lost(self) -> None:
        """Note it."""
        self.happened.append("lost")

    def renew(self, worker_id: str) -> None:
        """Note it."""
        self.happened.append(worker_id)

    def drain(self) -> None:
        """Not asked for here."""


def _run(store: FlakyStore, engine: StandIn, done: Callable[[], bool]) -> None:
    thread = HeartbeatThread(store, engine, LEASE)  # type: ignore[arg-type]
    try:
        wait_until(done, 20, "the heartbeat")
    finally:
        if store.hang is not None:
            store.hang.set()
        thread.stop()


def test_09_after_a_loss_the_old_identity_is_never_used_again() -> None:
    """Registering fails once, and the database would still know the old identity: its lease must not be renewed."""
    store, engine = FlakyStore(beats_fail=True, registrations_to_fail=1), StandIn()
    _run(store, engine, lambda: "w2" in store.asked)
    given_up = store.asked.index("failed registration")
    assert "w1" not in store.asked[given_up:]
    assert store.asked.count("registered") == 1
    assert engine.happened[0] == "lost"
    assert engine.happened[-1] == "w2"


def test_09_a_late_answer_does_not_count() -> None:
    """The beat hangs for longer than the lease and then succeeds: others may own the runs by now."""
    hang = threading.Event()
    store, engine = FlakyStore(hang=hang), StandIn()
    thread = HeartbeatThread(store, engine, LEASE)  # type: ignore[arg-type]
    try:
        wait_until(lambda: thread.is_over, 20, "the deadline, while the beat hangs")
        store.hang = None
        hang.set()
        wait_until(lambda: "w2" in engine.happened, 20, "a new identity")
    finally:
        thread.stop()
    assert "lost" in engine.happened
