"""The owner's rules against a slow model: random graphs, outcomes, cancels, lost workers and hand-backs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.engine.base import BaseTask
from orchestration.engine.definition import DependencySpec, TaskSpec
from orchestration.engine.outcome import Outcome
from orchestration.engine.queue import ReadyQueue
from orchestration.engine.records import Node, Phase
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.retry import MAX_WORKER_LOSSES, RetryPolicy
from orchestration.engine.run_state import RunState
from orchestration.engine.status import TERMINAL, Status

from .model import Model
from .table import NOW, Table, make_table

REGISTRY = ExecutorRegistry()


class Work(BaseTask):
    """Stands for any executor; it is never called."""


REGISTRY.register(Work, id="work")

quick = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def trees(draw: st.DrawFn) -> list[TaskSpec]:
    """Draw a tree without cycles: a task depends on earlier ones, a group holds later ones."""
    count = draw(st.integers(1, 14))
    tasks: list[TaskSpec] = []
    groups: list[str] = []
    for index in range(count):
        uid = f"t{index}"
        is_group = draw(st.booleans()) and index < count - 1 and draw(st.integers(0, 3)) == 0
        parent = draw(st.sampled_from([None, *groups])) if groups else None
        # A group waits for its children, so nothing in it may wait for a group.
        usable = [task.id for task in tasks if task.executor is not None and task.parent_id is None]
        upstream = draw(st.lists(st.sampled_from(usable), unique=True, max_size=3)) if usable else []
        edges = tuple(DependencySpec(other, draw(st.booleans())) for other in upstream)
        tasks.append(
            TaskSpec(
                id=uid,
                name=uid,
                executor=None if is_group else "work",
                parent_id=parent,
                dependencies=edges,
                priority=draw(st.integers(0, 3)),
                enabled=draw(st.integers(0, 9)) > 0,
                pinned={"result": index} if not is_group and draw(st.integers(0, 9)) == 0 else None,
                retry=RetryPolicy(max_attempts=draw(st.integers(1, 3)), base_seconds=0, jitter=0),
            )
        )
        if is_group:
            groups.append(uid)
    held = {task.parent_id for task in tasks}
    return [task if task.executor or task.id in held else replace(task, executor="work") for task in tasks]


class Owner:
    """Drives a RunState as the engine does, one slot or many, writing every batch to the table."""

    def __init__(self, table: Table, slots: int) -> None:
        self.table = table
        self.slots = slots
        self.started: list[str] = []
        self.now = NOW
        self._claim()

    def _claim(self) -> None:
        self.queue = ReadyQueue()
        self.running: list[Node] = []
        self.state = RunState(self.table.claim(), REGISTRY)
        self.state.begin(self.now)
        self.settle()

    def settle(self) -> None:
        """Write, start what may start, and write that."""
        self.now += timedelta(seconds=1)
        for _ in range(2):
            for node in self.state.ready:
                self.queue.push(self.state, node)
            self.state.ready.clear()
            for node, _due in self.state.delayed:
                self.state.wake(node, node.ready_token, self.now)
            self.state.delayed.clear()
            for node in self.state.ready:
                self.queue.push(self.state, node)
            self.state.ready.clear()
            self._start()
            if self.state.has_changes():
                self.table.apply(self.state.take_batch())
        for node in self.running:
            if node.phase is Phase.STARTING:
                node.phase = Phase.RUNNING

    def _start(self) -> None:
        while len(self.running) < self.slots and (popped := self.queue.pop()) is not None:
            node = popped[1]
            for index, required in node.dependencies:
                upstream = self.state.nodes[index]
                assert upstream.status in TERMINAL
                assert upstream.status is Status.COMPLETED or not required
            ahead = [n for n in self.state.nodes if n.phase is Phase.READY and n is not node]
            assert all(other.priority >= node.priority for other in ahead), "the most urgent ready task starts first"
            self.state.start(node, self.now)
            self.running.append(node)
            self.started.append(node.record.uid)

    def end(self, node: Node, outcome: Outcome) -> None:
        """A lane reports an outcome."""
        self.running.remove(node)
        self.state.finish(node, outcome, "{}", self.now)
        self.settle()

    def lose(self) -> None:
        """The worker dies; what was not written is gone; another one takes over."""
        self._claim()

    def hand_back(self) -> None:
        """The worker stops in good order; another one takes over."""
        self.state.hand_back(self.now)
        self.table.apply(self.state.take_batch())
        self._claim()

    def cancel(self) -> None:
        """Somebody cancels the run."""
        self.state.cancel("enough", "ada", self.now)
        self.settle()

    def cancel_task(self, chance: random.Random) -> None:
        """Somebody cancels one task."""
        self.state.cancel_task(chance.choice(self.state.nodes), "not this", "ada", self.now)
        self.settle()

    def change_priority(self, chance: random.Random) -> None:
        """Somebody changes the priority of one task."""
        node = chance.choice(self.state.nodes)
        for moved in self.state.set_priority(node, chance.randint(0, 3), None, self.now):
            self.queue.push(self.state, moved)
        self.settle()

    def end_one(self, chance: random.Random) -> None:
        """Some running attempt ends somehow."""
        if self.running:
            status = chance.choice([Status.COMPLETED, Status.FAILED])
            self.end(chance.choice(self.running), outcome_for(status, chance.random() < 0.5))


def outcome_for(status: Status, retryable: bool) -> Outcome:
    """Make what a lane would report."""
    if status is Status.COMPLETED:
        return Outcome.completed('{"n":1}')
    return Outcome.failed("no good", "execution_error", retryable=retryable)


@quick
@given(trees(), st.randoms(use_true_random=False), st.integers(1, 4), st.booleans())
def test_every_run_ends_as_the_model_says(
    tasks: list[TaskSpec], chance: random.Random, slots: int, retryable: bool
) -> None:
    plans = {task.id: chance.choice([Status.COMPLETED, Status.COMPLETED, Status.FAILED]) for task in tasks}
    model = Model(tasks, plans)
    table = make_table(tasks)
    owner = Owner(table, slots)
    while owner.running:
        node = chance.choice(owner.running)
        owner.end(node, outcome_for(plans[node.record.uid], retryable))
    assert table.run.status in TERMINAL
    differing = [task.id for task in tasks if model.may_differ(task.id)]
    for uid, status in table.statuses().items():
        if uid not in differing:
            assert status is model.end(uid), uid
    if not differing:
        assert table.run.status is model.run_status()
    check_history(table, tasks)
    for uid in plans:
        attempts = owner.started.count(uid)
        assert attempts <= (owner.state.by_uid[uid].record.retry.max_attempts if retryable else 1)


@quick
@given(trees(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_cancels_losses_and_hand_backs_at_any_moment(tasks: list[TaskSpec], chance: random.Random, slots: int) -> None:
    table = make_table(tasks)
    owner = Owner(table, slots)
    acts: list[Callable[[], None]] = [
        *[owner.lose, owner.hand_back, owner.cancel],
        *[lambda: owner.cancel_task(chance), lambda: owner.change_priority(chance)] * 2,
        *[lambda: owner.end_one(chance)] * 14,
    ]
    for _ in range(400):
        if table.run.status not in TERMINAL:
            chance.choice(acts)()
    assert table.run.status in TERMINAL, "every run ends"
    check_history(table, tasks)
    requested = [seq for seq, type, _, _ in table.events if type == "run.cancel_requested"]
    if requested:
        assert table.run.status is Status.CANCELLED
        assert not [seq for seq, type, _, _ in table.events if type == "task.started" and seq > requested[0]]
    for row in table.rows.values():
        assert row.worker_losses <= MAX_WORKER_LOSSES + 1
        assert row.attempt - row.uncounted_attempts <= row.retry.max_attempts


def check_history(table: Table, tasks: list[TaskSpec]) -> None:
    """What must hold of any run that has ended."""
    assert [seq for seq, *_ in table.events] == list(range(2, table.run.last_seq + 1))
    assert table.replayed() == table.statuses()
    ends = [pk for pk, _, target in table.moves if target in TERMINAL]
    assert len(ends) == len(set(ends)) == len(tasks), "each task ends exactly once"
    assert table.events[-1][1] == f"run.{table.run.status}"
    assert table.owner is None


@quick
@given(trees(), st.randoms(use_true_random=False))
def test_results_are_held_only_while_somebody_may_read_them(tasks: list[TaskSpec], chance: random.Random) -> None:
    owner = Owner(make_table(tasks), 3)
    while owner.running:
        owner.end(chance.choice(owner.running), Outcome.completed('{"n":1}'))
        for node in owner.state.nodes:
            readers = [owner.state.nodes[index] for index, _ in node.dependents]
            if node.status is Status.COMPLETED and any(reader.phase is not Phase.DONE for reader in readers):
                assert node.result_json is not None
            elif all(reader.status is Status.COMPLETED for reader in readers):
                assert node.result_json is None


@quick
@given(trees(), st.randoms(use_true_random=False))
def test_a_retried_task_takes_back_what_it_stopped(tasks: list[TaskSpec], chance: random.Random) -> None:
    """Every failed task is retried as soon as it failed, and completes then: nothing is left that it stopped."""
    owner = Owner(make_table(tasks), 2)
    failed: set[str] = set()
    for _ in range(500):
        if not owner.running:
            break
        node = chance.choice(owner.running)
        uid = node.record.uid
        if uid not in failed and len(owner.running) > 1:
            failed.add(uid)
            owner.end(node, Outcome.failed("first time", "execution_error"))
            if owner.table.run.status in TERMINAL:
                return
            assert owner.state.retry(node, "ada", owner.now)
            owner.settle()
        else:
            owner.end(node, Outcome.completed("1"))
    assert owner.table.run.status in TERMINAL
    assert not [row for row in owner.table.rows.values() if row.status is Status.FAILED]
    assert owner.table.replayed() == owner.table.statuses()
