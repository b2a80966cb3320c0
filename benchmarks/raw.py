"""The raw limit: a bare loop that writes the rows of a run with the engine's own statements, and runs nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from orchestration.engine.changes import Completion, RunBatch, Start
from orchestration.engine.definition import TreeSpec, new_id
from orchestration.engine.ports import Flush, WorkerInfo
from orchestration.store.engine_store import PostgresStore
from orchestration.store.snapshots import NewRun, insert_run

#: Rows of one wave, as many as the engine's own flush may have.
WAVE = 400


def waves(spec: TreeSpec) -> list[list[int]]:
    """Split a tree into waves of tasks whose dependencies are in earlier ones, at most `WAVE` tasks each."""
    index = {task.id: number for number, task in enumerate(spec.tasks)}
    depth: list[int] = []
    for task in spec.tasks:
        depth.append(max((depth[index[edge.id]] + 1 for edge in task.dependencies), default=0))
    layers: dict[int, list[int]] = {}
    for number, level in enumerate(depth):
        layers.setdefault(level, []).append(number)
    return [layer[at : at + WAVE] for layer in layers.values() for at in range(0, len(layer), WAVE)]


def raw_seconds(spec: TreeSpec) -> float:
    """Write a run's transitions and events without an engine; return the seconds."""
    store = PostgresStore()
    worker = store.register_worker(WorkerInfo("raw", "raw", 0, "0", 1, [], 600, accepts_runs=False))
    new = NewRun(new_id(), spec, None, 1, "sdk", owner=worker)
    insert_run(new)
    [record] = store.claim_runs(worker, 1, new.id)
    pks = [task.pk for task in record.tasks]
    start = time.perf_counter()
    seq = record.last_seq
    ended: list[int] = []
    for wave in [*waves(spec), []]:
        batch = RunBatch(record.id, record.epoch, seq)
        now = datetime.now(UTC)
        for number in ended:
            batch.complete(Completion(pks[number], 1, '{"n":1}', "{}", now))
            batch.event("task.completed", pks[number], {"attempt": 1}, now)
        for number in wave:
            batch.start(Start(pks[number], 1, "bench_noop", now))
            batch.event("task.started", pks[number], {"attempt": 1}, now)
        assert not store.write(worker, Flush([batch]))
        seq, ended = batch.last_seq, wave
    seconds = time.perf_counter() - start
    store.retire_worker(worker)
    store.close()
    return seconds
