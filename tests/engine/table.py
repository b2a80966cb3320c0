"""A slow, obvious store for one run: rows in a dict, every fence and guard checked, events replayed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from orchestration.engine.changes import RunBatch
from orchestration.engine.definition import TaskSpec
from orchestration.engine.json_values import decode
from orchestration.engine.records import RunRecord, TaskRecord
from orchestration.engine.status import TRANSITIONS, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)

_REPLAY = {
    "task.started": Status.IN_PROGRESS,
    "task.completed": Status.COMPLETED,
    "task.failed": Status.FAILED,
    "task.cancelled": Status.CANCELLED,
    "task.retrying": Status.PENDING,
    "task.worker_lost": Status.PENDING,
    "task.handed_back": Status.PENDING,
    "task.requeued": Status.PENDING,
}


@dataclass
class Table:
    """The rows of one run."""

    rows: dict[int, TaskRecord]
    run: RunRecord
    events: list[tuple[int, str, int | None, dict[str, object]]] = field(default_factory=list)
    moves: list[tuple[int, Status, Status]] = field(default_factory=list)
    owner: int | None = None

    def apply(self, batch: RunBatch) -> None:
        """Write a batch as the store does; an assertion fails where the store would drop it."""
        assert batch.epoch == self.run.epoch
        assert batch.base_seq == self.run.last_seq
        for segment in batch.segments:
            for done in segment.completions:
                self._move(done.task_run, done.attempt, Status.IN_PROGRESS, Status.COMPLETED)
                self.rows[done.task_run].result_json = done.result_json
            for move in segment.moves:
                self._move(move.task_run, move.attempt, move.expected, move.status)
                row = self.rows[move.task_run]
                row.error, row.error_type, row.first_cause_uid = move.error, move.error_type, move.first_cause_uid
                row.uncounted_attempts, row.worker_losses = move.uncounted_attempts, move.worker_losses
                row.next_attempt_at = move.next_attempt_at
                row.result_json = move.result_json if move.result_json is not None else row.result_json
                assert move.status is not Status.FAILED or row.error
            for start in segment.starts:
                self._move(start.task_run, start.attempt - 1, Status.PENDING, Status.IN_PROGRESS)
                self.rows[start.task_run].attempt = start.attempt
        for edit in batch.edits:
            row = self.rows[edit.task_run]
            row.priority = row.priority if edit.priority is None else edit.priority
            row.cancel_reason = edit.cancel_reason or row.cancel_reason
        for event in batch.events:
            assert event.seq == self.run.last_seq + 1
            self.run.last_seq = event.seq
            self.events.append((event.seq, event.type, event.task_run, decode(event.data_json)))
        self._apply_fields(batch)

    def _apply_fields(self, batch: RunBatch) -> None:
        fields = batch.fields
        if fields.status is not None and fields.status is not self.run.status:
            assert fields.status in TRANSITIONS[self.run.status]
            self.run.status = fields.status
        self.run.paused = self.run.paused if fields.paused is None else fields.paused
        self.run.cancel_reason = fields.cancel_reason or self.run.cancel_reason
        if fields.release:
            self.owner = None

    def _move(self, pk: int, attempt: int, expected: Status, target: Status) -> None:
        row = self.rows[pk]
        assert (row.attempt, row.status) == (attempt, expected), (row.name, row.attempt, row.status, attempt, expected)
        assert target in TRANSITIONS[expected]
        self.moves.append((pk, expected, target))
        row.status = target

    def claim(self) -> RunRecord:
        """Hand the run over to a next owner."""
        self.run.epoch += 1
        self.owner = self.run.epoch
        return replace(self.run, tasks=[replace(row) for row in self.rows.values()])

    def look(self) -> RunRecord:
        """Return the run as somebody reads it who does not own it."""
        return replace(self.run, tasks=[replace(row) for row in self.rows.values()])

    def statuses(self) -> dict[str, Status]:
        """Return every task's status by id."""
        return {row.uid: row.status for row in self.rows.values()}

    def replayed(self) -> dict[str, Status]:
        """Return every task's status by the event log alone."""
        statuses = {row.uid: Status.PENDING for row in self.rows.values()}
        for _, type, pk, _ in self.events:
            if pk is not None and type in _REPLAY:
                statuses[self.rows[pk].uid] = _REPLAY[type]
        return statuses


def make_table(tasks: list[TaskSpec], max_concurrency: int | None = None) -> Table:
    """Store a definition as a run that nobody has claimed."""
    rows = {index + 1: TaskRecord.fresh(index + 1, task) for index, task in enumerate(tasks)}
    run = RunRecord(
        id="run",
        epoch=0,
        tree_id=None,
        tree_name="tree",
        status=Status.PENDING,
        priority=2,
        trigger="manual",
        parameters={},
        max_concurrency=max_concurrency,
        timeout_seconds=None,
        last_seq=1,
        paused=False,
        timed_out=False,
        cancel_reason=None,
        queued_at=NOW,
        started_at=None,
    )
    return Table(rows, run)
