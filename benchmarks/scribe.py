"""Writes a run's log as its owner does, with the engine's own statements, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from orchestration.engine.changes import Completion, LogLine, RunBatch, RunFields, Start
from orchestration.engine.definition import TaskSpec, TreeSpec, new_id
from orchestration.engine.ports import Flush, WorkerInfo
from orchestration.engine.status import Status
from orchestration.store.engine_store import PostgresStore
from orchestration.store.snapshots import NewRun, insert_run


class Scribe:
    """The owner of one run, whose tasks all run until `end`. Used from one thread."""

    def __init__(self, tasks: int = 3, *, tree_id: str | None = None, requested_by: int | None = None) -> None:
        self._store = PostgresStore()
        self._worker = self._store.register_worker(
            WorkerInfo("scribe", "scribe", 0, "0", 1, [], 600, accepts_runs=False)
        )
        self.run_id = new_id()
        spec = TreeSpec("written", tuple(TaskSpec(f"t{n}", f"Task {n}", "echo") for n in range(tasks)))
        insert_run(NewRun(self.run_id, spec, tree_id, 1, "api", owner=self._worker, requested_by=requested_by))
        [record] = self._store.claim_runs(self._worker, 1, self.run_id)
        self._epoch = record.epoch
        self._pks = [task.pk for task in record.tasks]
        self.seq = record.last_seq
        self._start()

    def _start(self) -> None:
        batch, now = self._batch(), datetime.now(UTC)
        batch.fields = RunFields(status=Status.IN_PROGRESS, started_at=now)
        batch.event("run.started", None, {"epoch": self._epoch}, now)
        for pk in self._pks:
            batch.start(Start(pk, 1, "echo", now))
            batch.event("task.started", pk, 1, now)
        self._write(Flush([batch]))

    def write(self, count: int) -> None:
        """Commit `count` events in one flush."""
        batch, now = self._batch(), datetime.now(UTC)
        for number in range(count):
            pk = self._pks[(self.seq + number) % len(self._pks)]
            batch.event("task.progress", pk, {"attempt": 1, "progress": 0.5, "message": f"step {number}"}, now)
        self._write(Flush([batch]))

    def log(self, lines: Sequence[str], task: int = 0) -> None:
        """Commit log lines of one task."""
        now = datetime.now(UTC)
        self._write(Flush([], [LogLine(self._pks[task], 1, 20, "scribe", line, now) for line in lines]))

    def end(self) -> None:
        """Complete every task and the run."""
        batch, now = self._batch(), datetime.now(UTC)
        for pk in self._pks:
            batch.complete(Completion(pk, 1, '{"n":1}', "{}", now))
            batch.event("task.completed", pk, 1, now)
        batch.fields = RunFields(status=Status.COMPLETED, finished_at=now, release=True)
        batch.event("run.completed", None, {"tasks": {"completed": len(self._pks)}, "error": None}, now)
        self._write(Flush([batch]))

    def close(self) -> None:
        """Close the connection."""
        self._store.retire_worker(self._worker)
        self._store.close()

    def _batch(self) -> RunBatch:
        return RunBatch(self.run_id, self._epoch, self.seq)

    def _write(self, flush: Flush) -> None:
        lost = self._store.write(self._worker, flush)
        if lost:
            raise RuntimeError("the run is no longer the scribe's")
        for batch in flush.batches:
            self.seq = batch.last_seq
