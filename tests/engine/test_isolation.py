"""Children of isolated attempts: one that has answered is the next attempt's, whatever becomes of the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from orchestration.engine import isolation
from orchestration.engine.clock import FakeClock
from orchestration.engine.isolation import Child, ProcessPool
from orchestration.engine.job import Job
from orchestration.engine.outcome import Outcome
from orchestration.engine.registry import ExecutorSpec


class StubChild:
    """A child that answers at once, and notes what it is sent."""

    is_reusable = True
    serving: Any = None

    def __init__(self) -> None:
        self.signals: list[str] = []

    def call(self, request: dict[str, Any], on_message: Callable[..., None]) -> Outcome:
        return Outcome.completed("null")

    def terminate(self) -> None:
        self.signals.append("terminate")

    def kill(self) -> None:
        self.signals.append("kill")

    def close(self) -> None:
        self.is_reusable = False


class Threads:
    """Threads whose work a test does by itself, and whose waiters hear of it when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    def run(self, call: Callable[[], Any], *, interrupts: bool = True) -> asyncio.Future[Any]:
        self.calls.append((call, asyncio.get_running_loop().create_future()))
        return self.calls[-1][1]

    def work(self, index: int) -> None:
        call, future = self.calls[index]
        future.set_result(call())


class Attempt:
    """As much of a job as the pool wants."""

    def __init__(self) -> None:
        spec: Any = type("Spec", (), {"id": "echo", "module": "m", "memory_mb": None})
        self.spec = cast("ExecutorSpec", spec)
        self.params: dict[str, Any] = {}
        self.task_id = self.run_id = "id"
        self.attempt = 1
        self.masker: Any = type("Masker", (), {"secrets": frozenset()})


def begin(pool: ProcessPool, child: StubChild) -> asyncio.Task[Outcome]:
    return asyncio.ensure_future(pool.run(cast("Child", child), cast("Job", Attempt()), {}))


async def turn() -> None:
    """Let everything that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def threads() -> Threads:
    return Threads()


@pytest.fixture
def pool(threads: Threads) -> ProcessPool:
    return ProcessPool(cast("Any", threads), "", FakeClock())


def test_a_late_cancel_does_not_reach_the_attempt_that_has_the_child_now(pool: ProcessPool, threads: Threads) -> None:
    async def scene() -> None:
        child = StubChild()
        first = begin(pool, child)
        await turn()
        answered = threads.calls[0][0]()  # the child has answered, and its lane has not heard of it yet
        preparing = asyncio.ensure_future(pool.prepare())
        await turn()
        threads.work(1)
        assert cast("Any", await preparing) is child
        second = begin(pool, child)
        await turn()
        first.cancel()
        await turn()
        assert child.signals == []
        threads.calls[0][1].set_result(answered)
        with pytest.raises(asyncio.CancelledError):
            await first
        threads.work(2)
        assert (await second).status == "completed"

    asyncio.run(scene())


def test_a_cancel_ends_the_child_that_runs_the_attempt(
    pool: ProcessPool, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "KILL_AFTER_SECONDS", 0)

    async def scene() -> None:
        child = StubChild()
        running = begin(pool, child)
        await turn()
        running.cancel()
        while child.signals != ["terminate", "kill"]:
            await asyncio.sleep(0)
        threads.work(0)
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(scene())
