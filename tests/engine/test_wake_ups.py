"""Whatever may start does start: a slot, a permit, a child or the room of a run is never lost on who can't use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.engine.admissions import Admissions
from orchestration.engine.base import BaseTask
from orchestration.engine.clock import FakeClock
from orchestration.engine.definition import TaskSpec
from orchestration.engine.holdings import Held, Holdings
from orchestration.engine.isolation import MAX_CHILDREN
from orchestration.engine.limits import ExecutorLimit, Grant, Release
from orchestration.engine.loop import Loop
from orchestration.engine.outcome import Outcome
from orchestration.engine.records import Node, Phase, RunRecord, TaskRecord
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState
from orchestration.engine.status import Status
from tests.engine.table import NOW

#: Executors by what a start of them needs besides a slot: a permit, a child, both, or nothing.
EXECUTORS = {"plain": (False, False), "limited": (True, False), "isolated": (False, True), "both": (True, True)}
#: Permits of each limited executor over all workers.
PERMITS = 2


class Database:
    """Permits of limited executors, of which there are few. Its answers wait in the loop's inbox."""

    def __init__(self, permits: int) -> None:
        self.free = dict.fromkeys(EXECUTORS, permits)
        self.asked: list[int] = []

    def acquire_permits(self, worker_id: str, executor: str, wanted: int) -> Grant:
        self.asked.append(wanted)
        granted = min(wanted, self.free[executor])
        self.free[executor] -= granted
        return Grant(granted)

    def release_permits(self, worker_id: str, releases: dict[str, Release]) -> None:
        for executor, release in releases.items():
            self.free[executor] += release.count

    def submit(self, call: Callable[[], Any], answer: Callable[[Any, Exception | None], None]) -> None:
        answer(call(), None)


class Worker:
    """One worker without lanes: its tasks run until a test ends them."""

    def __init__(self, *, slots: int = 10, permits: int = 1) -> None:
        self.database = Database(permits)
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        registry = ExecutorRegistry()
        for name, (_, isolated) in EXECUTORS.items():
            registry.register(type(name, (BaseTask,), {}), id=name, isolation="process" if isolated else "lane")
        self.admissions = Admissions(self.loop, cast("Any", self.database), registry, slots)
        limits = {name: ExecutorLimit(name, max_concurrency=1) for name, (limited, _) in EXECUTORS.items() if limited}
        self.admissions.use(cast("Any", self.database), limits)
        self.holdings = Holdings(self.loop, self.clock, self.admissions.queue)
        self.runs: list[RunState] = []
        self.running: list[tuple[RunState, Node]] = []

    def add(self, *executors: str, at_most: int | None = None, priority: int = 2) -> RunState:
        """Take a run with a ready task of each executor; `at_most` of them may run at once."""
        tasks = [TaskRecord.fresh(n, TaskSpec(f"{n}", f"{n}", executor=name)) for n, name in enumerate(executors)]
        unset: dict[str, Any] = dict.fromkeys(("timeout_seconds", "cancel_reason", "started_at", "tree_id"))
        facts: dict[str, Any] = {"id": f"run {len(self.runs)}", "epoch": 1, "tree_name": "r", "status": Status.PENDING}
        facts |= {"priority": priority, "trigger": "manual", "parameters": {}, "last_seq": 0, "paused": False}
        record = RunRecord(**facts, **unset, max_concurrency=at_most, timed_out=False, queued_at=NOW, tasks=tasks)
        state = RunState(record, EXECUTORS)
        state.begin(NOW)
        self.runs.append(state)
        self.holdings.add(Held(state))
        self.holdings.touch(state)
        return state

    def hear(self) -> None:
        """Take the database's answers."""
        self.loop.stopped.clear()
        self.loop.post(lambda: None)
        self.loop.run(self.loop.stopped.set)

    def start(self) -> None:
        """Start what may start, and settle the permits, as the engine's step does."""
        while (popped := self.admissions.next()) is not None:
            state, node = popped
            assert self.holdings.owns(state) and node.phase is Phase.READY
            state.start(node, NOW)
            self.running.append(popped)
            self.holdings.touch(state)
        self.admissions.settle(asking=True)

    def turn(self) -> None:
        """One turn of the engine's loop."""
        self.hear()
        self.start()

    def end(self, state: RunState, node: Node) -> None:
        """A task ends."""
        self.running.remove((state, node))
        self.admissions.free(node)
        if self.holdings.owns(state):
            state.finish(node, Outcome.completed("null"), None, NOW)
            self.holdings.touch(state)

    def lose(self, state: RunState) -> None:
        """A run is somebody else's now."""
        held = self.holdings.get(state.id)
        if held is not None:
            self.holdings.remove(held)

    def is_running(self, state: RunState, index: int) -> bool:
        return (state, state.nodes[index]) in self.running


def pause(worker: Worker, state: RunState) -> None:
    state.pause(None, NOW)
    worker.holdings.touch(state)


def resume(worker: Worker, state: RunState) -> None:
    state.resume(None, NOW)
    worker.holdings.touch(state)


def cancel(worker: Worker, state: RunState) -> None:
    state.cancel_task(state.nodes[0], "", None, NOW)
    worker.holdings.touch(state)


@pytest.mark.parametrize("change", [pause, cancel, Worker.lose])
@pytest.mark.parametrize("slots", [10, 2])
def test_a_permit_goes_on_to_the_next_when_who_was_woken_for_it_may_not_start(
    change: Callable[[Worker, RunState], None], slots: int
) -> None:
    worker = Worker(slots=slots)
    first, second = worker.add("limited"), worker.add("limited")
    worker.turn()
    worker.hear()
    change(worker, first)
    others = worker.add(*["plain"] * slots)
    worker.start()
    assert worker.is_running(second, 0) and len(worker.running) == min(slots, 1 + len(others.nodes))


def test_a_permit_goes_on_when_the_run_it_came_for_is_full_meanwhile() -> None:
    worker = Worker()
    full = worker.add("limited", "plain", at_most=1)
    other = worker.add("limited")
    worker.turn()
    worker.turn()
    assert worker.is_running(full, 1) and worker.is_running(other, 0)
    worker.end(other, other.nodes[0])
    worker.turn()
    assert worker.database.free["limited"] == 1, "a permit that nobody here can use is for other workers"


def test_a_permit_that_came_while_a_run_was_paused_is_used_when_it_is_resumed() -> None:
    worker = Worker(permits=2)
    first, paused = worker.add("limited"), worker.add("limited")
    worker.turn()
    pause(worker, paused)
    worker.hear()
    resume(worker, paused)
    worker.start()
    assert worker.is_running(first, 0) and worker.is_running(paused, 0)


@pytest.mark.parametrize("change", [pause, cancel, Worker.lose])
def test_a_free_child_goes_on_to_the_next_when_who_was_woken_for_it_may_not_start(
    change: Callable[[Worker, RunState], None],
) -> None:
    worker = Worker(slots=MAX_CHILDREN + 1)
    running = worker.add(*["isolated"] * MAX_CHILDREN)
    first, second = worker.add("isolated"), worker.add("isolated")
    worker.turn()
    worker.end(running, running.nodes[0])
    change(worker, first)
    worker.turn()
    assert worker.is_running(second, 0)


def test_room_in_a_run_goes_on_to_its_next_task_when_the_first_needs_a_permit() -> None:
    worker = Worker(permits=0)
    run = worker.add("plain", "plain", "limited", "limited", "limited", "plain", at_most=2)
    worker.turn()
    worker.end(run, run.nodes[0])
    worker.turn()
    assert worker.is_running(run, 5)


def test_no_more_permits_are_asked_for_than_runs_and_children_have_room_for() -> None:
    worker = Worker(slots=100, permits=100)
    worker.add(*["limited"] * 50, at_most=3)
    worker.add(*["both"] * 50)
    worker.turn()
    worker.turn()
    worker.turn()
    assert sorted(worker.database.asked) == sorted([3, MAX_CHILDREN])


def test_tasks_of_a_full_run_are_not_moved_about_for_each_permit() -> None:
    worker = Worker(permits=100)
    run = worker.add(*["limited"] * 100, at_most=1)
    worker.turn()
    for node in run.nodes[:50]:
        worker.turn()
        assert worker.admissions.queue.parked("executor:limited") == 0, "its run has no room"
        worker.end(run, node)
        assert len(worker.admissions.queue) == 0, "they wait for a permit, and nobody has one"
        worker.turn()
    assert worker.database.asked == [1] * 51


def full_worker(permits: int) -> Worker:
    """A worker with more to do than it has slots, one of which becomes free."""
    worker = Worker(slots=2, permits=permits)
    worker.add(*["plain"] * 20)
    worker.turn()
    return worker


def test_a_worker_with_more_than_enough_to_do_asks_for_the_permit_of_what_is_more_urgent() -> None:
    worker = full_worker(permits=1)
    urgent, later = worker.add("limited", priority=0), worker.add("limited", priority=3)
    for _ in range(2):
        worker.end(*worker.running[0])
        worker.turn()
        worker.turn()
        assert len(worker.running) == 2
    assert worker.is_running(urgent, 0) and not worker.is_running(later, 0) and worker.database.asked == [1]


def test_a_slot_that_was_kept_for_a_permit_is_taken_by_the_next_when_there_is_none() -> None:
    worker = full_worker(permits=0)
    worker.add("limited", priority=0)
    for _ in range(5):
        worker.end(*worker.running[0])
        worker.turn()
        worker.turn()
        assert len(worker.running) == 2
    assert worker.database.asked == [1], "it asks again after a while"
    worker.clock.advance(1)
    worker.end(*worker.running[0])
    worker.turn()
    assert len(worker.running) == 1 and worker.database.asked == [1, 1]


# --- any order of what may happen ---------------------------------------------------------------------------------


def waits_needlessly(worker: Worker, state: RunState, node: Node) -> bool:
    """The slow, obvious rule: everything that the task needs is there, and yet it has not started."""
    if node.phase is not Phase.READY or not worker.holdings.owns(state) or state.paused:
        return False
    limit = state.record.max_concurrency
    mine = sum(other is state for other, _ in worker.running)
    children = sum(EXECUTORS[other.executor or ""][1] for _, other in worker.running)
    permits = sum(other.executor == node.executor for _, other in worker.running)
    needs_permit, needs_child = EXECUTORS[node.executor or ""]
    return (
        len(worker.running) < worker.admissions.slots
        and (limit is None or mine < limit)
        and not (needs_child and children >= MAX_CHILDREN)
        and not (needs_permit and permits >= PERMITS)
    )


def happen(worker: Worker, what: str, which: int) -> None:
    state = worker.runs[which % len(worker.runs)]
    node = state.nodes[which % len(state.nodes)]
    match what:
        case "hear":
            worker.hear()
        case "start":
            worker.start()
        case "end" if worker.running:
            worker.end(*worker.running[which % len(worker.running)])
        case "lose":
            worker.lose(state)
        case "pause" | "resume" | "cancel" | "priority" if worker.holdings.owns(state):
            if what == "cancel" and node.phase is Phase.READY:
                state.cancel_task(node, "", None, NOW)
            elif what == "priority":
                for moved in state.set_priority(node, which % 3, None, NOW):
                    worker.admissions.queue.push(state, moved)
            elif what != "cancel":
                getattr(state, what)(None, NOW)
            worker.holdings.touch(state)


runs = st.tuples(st.lists(st.sampled_from(sorted(EXECUTORS)), min_size=1, max_size=5), st.sampled_from([None, 1, 2]))
happenings = st.sampled_from(["hear", "start", "start", "end", "end", "pause", "resume", "cancel", "priority", "lose"])
acts = st.one_of(runs, st.tuples(happenings, st.integers(0, 11)))


@settings(max_examples=500)
@given(st.integers(1, 6), runs, st.lists(acts, max_size=40))
@example(3, (["limited", "limited", "limited", "both"], None), [])  # a slot that is kept again and again
def test_nothing_waits_for_what_is_there(slots: int, first: Any, acts: list[Any]) -> None:
    worker = Worker(slots=slots, permits=PERMITS)
    for act in [first, *acts]:
        if isinstance(act[0], list):
            worker.add(*act[0], at_most=act[1])
        else:
            happen(worker, *act)
        assert worker.admissions.busy == len(worker.running) <= slots
    worker.hear()
    for state in worker.runs:
        if worker.holdings.owns(state):
            resume(worker, state)
    for _ in range(8):  # give back, ask again after a while, be answered, start: twice
        worker.clock.advance(1)
        worker.turn()
    idle = [
        (state.id, node.index) for state in worker.runs for node in state.nodes if waits_needlessly(worker, state, node)
    ]
    assert idle == []
    if len(worker.running) < slots:
        used = sum(node.executor == "limited" for _, node in worker.running)
        assert worker.database.free["limited"] == PERMITS - used, "permits are held that nobody here can use"
