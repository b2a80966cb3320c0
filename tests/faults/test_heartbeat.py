"""The heartbeat thread against a store that fails at the wrong moments (engine anchors 3.2: 9)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.chaos.worker_process import wait_until
from orchestration.engine import threads
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
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the database's time, which may be ahead of this machine's."""
        return datetime.now(UTC) + self.ahead

    def beat(self, worker_id: str, lease_seconds: float, running: int, metrics: dict[str, Any]) -> Heartbeat:
        """Answer that the worker is known, also when the engine believes that its lease is over."""
        self.asked.append(worker_id)
        if self.hang is not None:
            self.hang.wait(30)
        if self.beats_fail:
            raise ConnectionError("no database")
        return Heartbeat(datetime.now(UTC), known=True)

    def register_worker(self, info: WorkerInfo, predecessor: str | None = None) -> str:
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


def test_a_new_identity_goes_by_the_database_s_clock_before_its_first_beat() -> None:
    store, engine = FlakyStore(beats_fail=True, ahead=timedelta(hours=1)), StandIn()
    _run(store, engine, lambda: "w2" in engine.happened)
    assert engine.clock.now() - datetime.now(UTC) > timedelta(minutes=30)


class Stopped:
    """A clock that the test moves; `at_check` is called, once, in the midst of the next look at it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at_check: Callable[[], None] | None = None

    def monotonic(self) -> float:
        """Return the time as it was when it was asked for."""
        now, at_check, self.at_check = self.now, self.at_check, None
        if at_check is not None:
            at_check()
        return now


def test_a_lease_that_somebody_saw_run_out_is_not_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline passes while the answer to a beat is looked at, and the engine looks at the lease just then."""
    time, engine, seen = Stopped(), StandIn(), []

    class Store(FlakyStore):
        def beat(self, *arguments: Any) -> Heartbeat:
            answer = super().beat(*arguments)
            if len(self.asked) == 2:
                time.at_check = pass_deadline
            time.now = max(time.now, LEASE * 0.5)
            return answer

    def pass_deadline() -> None:
        time.now = LEASE * 1.01
        watcher.start()
        watcher.join(0.5)  # it may have to wait for who looks at the deadline already

    store = Store()
    watcher = threading.Thread(target=lambda: seen.append(thread.is_over))
    monkeypatch.setattr(threads, "time", time)
    thread = HeartbeatThread(store, engine, LEASE)  # type: ignore[arg-type]
    try:
        wait_until(lambda: bool(seen) and len(store.asked) > 2, 20, "the engine's look, and what comes next")
    finally:
        thread.stop()
    assert seen == ["w2" in engine.happened]
