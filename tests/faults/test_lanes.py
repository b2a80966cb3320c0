"""Lanes whose loop is held by code that does not give way (engine anchors 3.2: 10, 21)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.chaos.worker_process import wait_until
from orchestration.engine.lanes import Lanes, ThreadPool
from orchestration.engine.outcome import Outcome
from orchestration.engine.status import Status

SECONDS = 30.0


@dataclass(eq=False)
class StandIn:
    """As much of a job as a lane looks at."""

    name: str
    cancel_requested: threading.Event = field(default_factory=threading.Event)
    instance: Any = None
    node: Any = field(default_factory=lambda: SimpleNamespace(cancel_reason="enough"))
    task_id: str = "t"
    run_id: str = "r"


class Scene:
    """Lanes with a runner that notes what begins; the job `blocker` holds its loop until it is released."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.outcomes: dict[str, list[Status]] = {}
        self.blocked: list[str] = []
        self.release = threading.Event()
        self.lanes = Lanes(self, self._done, lambda lane, job: self.blocked.append(job.name))  # type: ignore[arg-type, attr-defined]

    async def run(self, job: StandIn) -> Outcome:
        """Run one job, as the engine's runner would."""
        self.begun.append(job.name)
        deadline = time.monotonic() + SECONDS
        while job.name == "blocker" and not self.release.is_set() and time.monotonic() < deadline:
            time.sleep(0.01)
        return Outcome.completed("null")

    def _done(self, job: Any, outcome: Outcome) -> None:
        self.outcomes.setdefault(job.name, []).append(outcome.status)

    def submit_behind_a_blocker(self) -> StandIn:
        """Give one lane a job that blocks it and one that waits behind it; returns the second."""
        victim = StandIn("victim")
        self.lanes.submit([StandIn("blocker"), victim])  # type: ignore[list-item]
        wait_until(lambda: "blocker" in self.begun, SECONDS, "the blocker to begin")
        return victim

    def watch_until_blocked(self) -> None:
        """Look at the lanes as the engine does until the blocker is found."""

        def look() -> bool:
            self.lanes.watch()
            return bool(self.blocked)

        wait_until(look, SECONDS, "the block to be noticed")


@contextmanager
def scene() -> Iterator[Scene]:
    """A scene whose lanes end with the test."""
    made = Scene()
    try:
        yield made
    finally:
        made.release.set()
        made.lanes.close()


def test_10_what_waits_behind_a_blocker_goes_to_another_lane() -> None:
    with scene() as made:
        made.submit_behind_a_blocker()
        made.watch_until_blocked()
        wait_until(lambda: made.outcomes.get("victim"), SECONDS, "the job behind the blocker to end elsewhere")
        assert made.blocked == ["blocker"]
        assert "blocker" not in made.outcomes


def test_hooks_of_trees_that_hold_all_lanes_do_not_hold_up_tasks() -> None:
    with scene() as made:
        for _ in range(2):
            made.lanes.call(lambda: made.run(StandIn("blocker")))  # type: ignore[arg-type, return-value]
        wait_until(lambda: made.begun == ["blocker"] * 2, SECONDS, "both hooks to begin")
        wait_until(lambda: all(lane.is_blocked for lane in made.lanes._lanes), SECONDS, "both lanes to stand still")
        made.lanes.submit([StandIn("victim")])  # type: ignore[list-item]

        def has_ended() -> bool:
            made.lanes.watch()
            return "victim" in made.outcomes

        wait_until(has_ended, SECONDS, "the job behind the hooks to end elsewhere")
        assert all(lane.is_blocked for lane in made.lanes._lanes[:2]), "it waited for the hooks"
        assert made.blocked == [], "no task is to blame"


def test_what_no_thread_could_take_is_not_run_later(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, ran = ThreadPool(), threading.Semaphore(0)
    calls: list[str] = []

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            pool.submit(lambda: calls.append("refused"))
    pool.submit(ran.release)
    assert ran.acquire(timeout=SECONDS)
    pool.submit(ran.release)
    assert ran.acquire(timeout=SECONDS) and calls == []


def test_what_fails_around_a_call_does_not_lose_it() -> None:
    def fail() -> None:
        raise RuntimeError("a connection that can't be closed")

    pool, ran = ThreadPool(fail), threading.Semaphore(0)
    for _ in range(3):
        pool.submit(ran.release)
        assert ran.acquire(timeout=SECONDS)


@pytest.mark.parametrize("moment", ["before the block is noticed", "after it was noticed"])
def test_21_a_job_cancelled_behind_a_blocker_never_begins(moment: str) -> None:
    with scene() as made:
        victim = made.submit_behind_a_blocker()
        if moment == "before the block is noticed":
            made.lanes.cancel(victim)  # type: ignore[arg-type]
            made.watch_until_blocked()
            made.release.set()
            wait_until(lambda: made.outcomes.get("victim"), SECONDS, "the cancelled job to end")
            assert "victim" not in made.begun
        else:
            made.watch_until_blocked()
            made.lanes.cancel(victim)  # type: ignore[arg-type]
            wait_until(lambda: made.outcomes.get("victim"), SECONDS, "the cancelled job to end")
        assert len(made.outcomes["victim"]) == 1
        if "victim" not in made.begun:
            assert made.outcomes["victim"] == [Status.CANCELLED]
