"""Permits over the life of a worker: one that starts nothing, or is somebody else now, holds up nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from orchestration.engine.admissions import Admissions
from orchestration.engine.breaker import Verdict
from orchestration.engine.clock import SystemClock
from orchestration.engine.definition import TaskSpec
from orchestration.engine.limits import ExecutorLimit, Grant, Release
from orchestration.engine.loop import Loop
from orchestration.engine.records import RunRecord, TaskRecord
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState
from orchestration.engine.status import Status
from tests.engine.table import NOW


class Database:
    """Grants what it has, and remembers what came back. Its answers are there at once."""

    def __init__(self, *grants: Grant) -> None:
        self.grants = list(grants)
        self.asked: list[int] = []
        self.is_away = False
        self.released: list[tuple[str, dict[str, Release]]] = []

    def acquire_permits(self, worker_id: str, executor: str, wanted: int) -> Grant:
        self.asked.append(wanted)
        if self.is_away:
            raise ConnectionError
        return self.grants.pop(0) if self.grants else Grant(0)

    def release_permits(self, worker_id: str, releases: dict[str, Release]) -> None:
        self.released.append((worker_id, releases))

    def submit(self, call: Callable[[], Any], answer: Callable[[Any, Exception | None], None]) -> None:
        try:
            answer(call(), None)
        except ConnectionError as error:
            answer(None, error)


class Scene:
    """One worker with ten slots, of which nothing runs but what a test takes off the queue."""

    def __init__(self, database: Database) -> None:
        self.loop = Loop(SystemClock())
        self.admissions = Admissions(self.loop, cast("Any", database), ExecutorRegistry(), slots=10)
        limits = {"echo": ExecutorLimit("echo", breaker_failures=2, max_concurrency=5)}
        self.admissions.use(cast("Any", database), limits)
        self.admissions.worker_id = "first"

    def queue(self, count: int) -> RunState:
        tasks = [TaskRecord.fresh(n, TaskSpec(f"t{n}", f"t{n}", executor="echo")) for n in range(count)]
        unset: dict[str, Any] = dict.fromkeys(("max_concurrency", "timeout_seconds", "cancel_reason", "started_at"))
        facts: dict[str, Any] = {"id": "r", "epoch": 1, "tree_id": None, "tree_name": "r", "status": Status.PENDING}
        facts |= {"priority": 2, "trigger": "manual", "parameters": {}, "last_seq": 0, "paused": False}
        state = RunState(RunRecord(**facts, **unset, timed_out=False, queued_at=NOW, tasks=tasks), {"echo"})
        state.begin(NOW)
        for node in state.ready:
            self.admissions.queue.push(state, node)
        assert self.admissions.next() is None, "nobody has a permit yet"
        return state

    def step(self, *, asking: bool = True) -> None:
        self.admissions.settle(asking=asking)
        self.loop.stopped.clear()
        self.loop.run(self.loop.stopped.set)


PROBE = Grant(1, is_probe=True)


def test_a_worker_that_starts_nothing_gives_its_probe_back_though_tasks_wait() -> None:
    database = Database(PROBE)
    scene = Scene(database)
    scene.queue(3)
    scene.step()
    scene.step(asking=False)
    assert database.released == [("first", {"echo": Release(1, (Verdict(None, is_probe=True),))})]


def test_tasks_of_a_run_that_went_elsewhere_hold_no_permits() -> None:
    database = Database(Grant(1))
    scene = Scene(database)
    state = scene.queue(3)
    scene.step()
    scene.admissions.queue.drop(state)
    assert scene.admissions.next() is None, "it would start what is somebody else's"
    scene.step()
    assert database.released == [("first", {"echo": Release(1)})]
    assert database.asked == [3] and scene.admissions.queue.parked("executor:echo") == 0


@pytest.mark.parametrize(("renewed", "expected"), [(True, []), (False, [("first", {"echo": Release(1)})])])
def test_a_permit_of_an_earlier_identity_is_not_given_back_by_the_next(renewed: bool, expected: list[Any]) -> None:
    database = Database(Grant(1))
    scene = Scene(database)
    scene.queue(1)
    scene.step()
    popped = scene.admissions.next()
    assert popped is not None
    if renewed:
        scene.admissions.renew("second")
    scene.admissions.free(popped[1])
    scene.step()
    assert database.released == expected and scene.admissions.busy == 0


def test_permits_that_may_have_been_granted_without_an_answer_are_given_back() -> None:
    database = Database()
    scene = Scene(database)
    scene.queue(1)
    database.is_away = True
    scene.step()
    scene.step()
    assert database.released == [("first", {"echo": Release(0)})]
    scene.step()
    assert len(database.released) == 1 and database.asked == [1]
