"""A random run that the engine's own rules play into the database, so that its log has every kind of event."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from orchestration.engine.base import BaseTask
from orchestration.engine.changes import Progress
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.engine.outcome import Outcome
from orchestration.engine.ports import Flush, WorkerInfo
from orchestration.engine.queue import ReadyQueue
from orchestration.engine.records import Node
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.run_state import RunState
from orchestration.store.engine_store import PostgresStore
from orchestration.store.snapshots import NewRun, insert_run

_SLOTS = 3


class Work(BaseTask):
    """Stands for any executor; it is never called."""


def random_tree(chance: random.Random, count: int) -> TreeSpec:
    """Make tasks that wait for tasks before them."""
    tasks = []
    for index in range(count):
        upstream = [other for other in range(index) if chance.random() < 2 / (index + 1)]
        edges = tuple(DependencySpec(f"t{other}", chance.random() < 0.3) for other in upstream)
        retry = RetryPolicy(max_attempts=chance.randint(1, 3), base_seconds=0.5, jitter=0)
        enabled = chance.random() < 0.9
        tasks.append(TaskSpec(f"t{index}", f"Task {index}", "work", dependencies=edges, retry=retry, enabled=enabled))
    return TreeSpec("played", tuple(tasks))


class PlayedRun:
    """The owner of one random run. Each `step` is one happening and one commit."""

    def __init__(self, seed: int, tree_id: str) -> None:
        self.run_id = new_id()
        self._chance = random.Random(seed)
        self._store = PostgresStore()
        self._worker = self._store.register_worker(WorkerInfo("player", "player", 0, "0", 1, [], 600, False))
        spec = random_tree(self._chance, 25)
        insert_run(NewRun(self.run_id, spec, tree_id, 1, "api", owner=self._worker))
        self._running: list[Node] = []
        self._claim()

    def _claim(self) -> None:
        registry = ExecutorRegistry()
        registry.register(Work, id="work")
        [record] = self._store.claim_runs(self._worker, 1, self.run_id)
        self._queue = ReadyQueue()
        self._running.clear()
        self.state = RunState(record, registry)
        self.state.begin(datetime.now(UTC))
        self._settle()

    @property
    def is_over(self) -> bool:
        """The run has ended."""
        return self.state.status.is_terminal

    def step(self) -> None:
        """Let something happen to a running task, or to the run."""
        which = self._chance.random()
        if which < 0.04:
            self._hand_back()
        elif which < 0.1:
            node = self._chance.choice(self.state.nodes)
            self.state.set_priority(node, self._chance.randrange(4), "ada", datetime.now(UTC))
            self._settle()
        elif which < 0.6:
            self.report()
        else:
            self._finish_one()

    def report(self) -> None:
        """Let a running task report progress; without one nothing happens."""
        if not self._running:
            return
        node, share = self._chance.choice(self._running), self._chance.random()
        data = {"attempt": node.attempt, "progress": round(share, 4), "message": f"at {share:.2f}"}
        self.state.note("task.progress", node, data, datetime.now(UTC))
        self._settle([Progress(node.record.pk, node.attempt, share, f"at {share:.2f}", None)])

    def _finish_one(self) -> None:
        if not self._running:
            return
        node = self._running.pop(self._chance.randrange(len(self._running)))
        which = self._chance.random()
        failed = Outcome.failed(f"It broke: {'x' * 400}", "ValueError", retryable=which < 0.3)
        outcome = Outcome.completed('{"n": 1}') if which > 0.4 else failed
        self.state.finish(node, outcome, "{}", datetime.now(UTC))
        self._settle()

    def _hand_back(self) -> None:
        self.state.hand_back(datetime.now(UTC))
        self._write()
        if not self.is_over:
            self._claim()

    def _settle(self, progress: list[Progress] | None = None) -> None:
        """Write, and start what may start. Retries are due at once: their times are written all the same."""
        self._write(progress)
        later = datetime.now(UTC) + timedelta(hours=1)
        for node, _due in list(self.state.delayed):
            self.state.wake(node, node.ready_token, later)
        self.state.delayed.clear()
        for node in self.state.ready:
            self._queue.push(self.state, node)
        self.state.ready.clear()
        while len(self._running) < _SLOTS and (popped := self._queue.pop()) is not None:
            self.state.start(popped[1], datetime.now(UTC))
            self._running.append(popped[1])
        self._write()

    def _write(self, progress: list[Progress] | None = None) -> None:
        batches = [self.state.take_batch()] if self.state.has_changes() else []
        if batches or progress:
            lost = self._store.write(self._worker, Flush(batches, progress=progress or []))
            assert not lost, "the run is no longer the player's"

    def close(self) -> None:
        """Close the connection."""
        self._store.retire_worker(self._worker)
        self._store.close()
