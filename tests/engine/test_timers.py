"""Timers keep nothing alive that is over: neither attempts nor runs, however far off their time is."""

from __future__ import annotations

import gc
import weakref
from datetime import timedelta
from typing import Any, cast

import pytest

from orchestration.engine.base import BaseTask
from orchestration.engine.clock import FakeClock
from orchestration.engine.definition import TaskSpec
from orchestration.engine.engine import Engine, EngineOptions, Surroundings
from orchestration.engine.hooks import HookRegistry
from orchestration.engine.job import Job
from orchestration.engine.loop import FEW_DEAD, Loop
from orchestration.engine.outcome import Outcome
from orchestration.engine.promise import Promise
from orchestration.engine.records import Phase, RunRecord, TaskRecord
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.run_state import RunState
from orchestration.engine.status import Status
from tests.engine.table import NOW

HOUR = 3600.0


class Lanes:
    """Takes jobs, and runs none."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, jobs: list[Job]) -> None:
        self.jobs.extend(jobs)

    def cancel(self, job: Job) -> None:
        job.cancel_requested.set()

    def forget(self, job: Job) -> None:
        self.jobs.remove(job)


class Scene:
    """An engine that was not started, and one run that it took."""

    def __init__(self, task: TaskSpec, timeout_seconds: float | None = None) -> None:
        registry = ExecutorRegistry()
        registry.register(type("Echo", (BaseTask,), {}), id="echo")
        surroundings = Surroundings(cast("Any", None), registry, HookRegistry())
        self.engine = Engine(cast("Any", None), EngineOptions(), surroundings)
        self.attempts, self.holdings = self.engine._attempts, self.engine._holdings
        self.attempts.use(cast("Any", None), registry)
        self.lanes = Lanes()
        self.attempts.lanes = cast("Any", self.lanes)
        unset: dict[str, Any] = dict.fromkeys(("max_concurrency", "cancel_reason", "started_at", "tree_id"))
        facts: dict[str, Any] = {"id": "r", "epoch": 1, "tree_name": "r", "status": Status.PENDING, "last_seq": 0}
        facts |= {"priority": 2, "trigger": "manual", "parameters": {}, "paused": False, "timed_out": False}
        tasks = [TaskRecord.fresh(1, task)]
        record = RunRecord(**facts, **unset, timeout_seconds=timeout_seconds, queued_at=NOW, tasks=tasks)
        self.engine._take(record, Promise())

    @property
    def state(self) -> RunState:
        (held,) = self.holdings
        return held.state

    def launch(self) -> Job:
        popped = self.engine._admissions.next()
        assert popped is not None
        popped[0].start(popped[1], NOW)
        self.attempts.launch([popped])
        return self.lanes.jobs[0]

    def release(self) -> weakref.ref[RunState]:
        """Own the run no more, and return whether anybody remembers it."""
        (held,) = self.holdings
        self.holdings.remove(held)
        assert self.engine._admissions.next() is None
        remembered = weakref.ref(held.state)
        del held
        gc.collect()
        return remembered


def test_an_attempt_that_has_ended_is_not_kept_until_its_timeout() -> None:
    scene = Scene(TaskSpec("a", "a", executor="echo", timeout_seconds=HOUR))
    scene.attempts.on_outcome(scene.launch(), Outcome.completed("null"))
    assert scene.release()() is None


def test_an_attempt_that_was_stopped_is_not_kept_until_it_would_be_given_up() -> None:
    scene = Scene(TaskSpec("a", "a", executor="echo"))
    job = scene.launch()
    scene.attempts.stop([job.node])
    scene.attempts.on_outcome(job, Outcome.cancelled("stopped"))
    del job
    assert scene.release()() is None


def test_a_run_is_not_kept_until_its_own_limit() -> None:
    assert Scene(TaskSpec("a", "a", executor="echo"), timeout_seconds=HOUR).release()() is None


def test_a_run_is_not_kept_until_the_next_attempt_of_its_task() -> None:
    scene = Scene(
        TaskSpec("a", "a", executor="echo", retry=RetryPolicy(max_attempts=2, base_seconds=HOUR, cap_seconds=HOUR))
    )
    scene.attempts.on_outcome(scene.launch(), Outcome.raised(ValueError("again")))
    assert scene.state.nodes[0].phase is Phase.DELAYED
    assert scene.release()() is None


@pytest.mark.parametrize("living", [1, 1000])
def test_timers_that_were_called_off_do_not_fill_the_heap(living: int) -> None:
    loop = Loop(FakeClock())
    for _ in range(living):
        loop.later(HOUR, lambda: None)
    for _ in range(10_000):
        loop.later(HOUR, lambda: None).cancel()
        assert len(loop._timers) <= 2 * living + FEW_DEAD + 1


def test_timers_fire_in_their_order_though_others_were_called_off() -> None:
    clock, seen = FakeClock(), list[int]()
    loop = Loop(clock)
    timers = [loop.later(n % 7, lambda n=n: seen.append(n)) for n in range(500)]  # type: ignore[misc]
    for timer in timers[: 4 * FEW_DEAD]:
        timer.cancel()
        timer.cancel()
    clock.advance(timedelta(hours=1).total_seconds())
    loop.post(loop.stopped.set)
    loop.run(lambda: None)
    assert seen == sorted(range(4 * FEW_DEAD, 500), key=lambda n: (n % 7, n))
    timers[-1].cancel()
    assert not loop._timers


def test_a_timer_may_call_off_those_that_are_due_with_it() -> None:
    clock, seen = FakeClock(), list[int]()
    loop = Loop(clock)

    def call_off() -> None:
        for timer in timers[::2]:
            timer.cancel()

    loop.later(1, call_off)
    timers = [loop.later(2, lambda n=n: seen.append(n)) for n in range(3 * FEW_DEAD)]  # type: ignore[misc]
    clock.advance(3)
    loop.post(loop.stopped.set)
    loop.run(lambda: None)
    assert seen == list(range(1, 3 * FEW_DEAD, 2))
