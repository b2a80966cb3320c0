"""The engine's `Store` on PostgreSQL. Rows travel as one JSON parameter per statement (`json_to_recordset`): that is
the cheapest to encode here, and one statement moves any number of rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg

from orchestration.engine.changes import LateEvent, LogLine, Progress, RunBatch, Segment
from orchestration.engine.definition import DependencySpec
from orchestration.engine.executor_counts import ExecutorCount
from orchestration.engine.hook_counts import HookCount
from orchestration.engine.hook_plan import HookRules
from orchestration.engine.limits import ExecutorLimit, Grant, Release
from orchestration.engine.ports import Command, Flush, Heartbeat, WorkerInfo
from orchestration.engine.records import RunRecord, TaskRecord
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.status import Status

from . import statements as sql
from .connection import close_thread_connection, thread_connection, transaction
from .executor_usage import add_executor_counts
from .hooks import add_hook_counts, list_hooks, read_hook_rules, written_hooks
from .limits import acquire_permits, read_limits, release_permits

#: PostgreSQL errors after which the same transaction may be tried again.
_TRY_AGAIN: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


class _RowsDidNotMoveError(Exception):
    """A fenced write met a row that is not in the state that the owner expects."""


class PostgresStore:
    """See `orchestration.engine.ports.Store`."""

    def __init__(self) -> None:
        #: Permits by worker and executor, as they are when no answer was lost. They are written as a whole, so that the
        #: next call makes good what one did without an answer. Only one thread at a time asks for permits.
        self._held: Counter[tuple[str, str]] = Counter()

    def now(self) -> datetime:
        """Return the database's time, which every worker follows."""
        with transaction() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now: datetime = _one(cursor)[0]
            return now

    def register_worker(self, info: WorkerInfo, predecessor: str | None = None) -> str:
        """Add a worker and return its id. One that was drained as `predecessor` stays so under the new id."""
        values = (info.name, info.host, info.pid, info.version, info.slots, info.executors, info.accepts_runs)
        with transaction() as cursor:
            cursor.execute(sql.REGISTER_WORKER, (*values, written_hooks(info.hooks), info.lease_seconds, predecessor))
            worker_id = str(_one(cursor)[0])
            if info.accepts_runs:
                list_hooks(cursor, info.hooks)
            return worker_id

    def beat(self, worker_id: str, lease_seconds: float, running: int, metrics: dict[str, Any]) -> Heartbeat:
        """Extend a worker's lease, unless it is over: then its runs may be somebody else's already."""
        milliseconds = f"{max(int(lease_seconds * 500), 1)}ms"
        with transaction() as cursor:
            cursor.execute(sql.BEAT_TIMEOUT, (milliseconds, milliseconds))
            cursor.execute(sql.BEAT, (lease_seconds, running, json.dumps(metrics), worker_id))
            return Heartbeat(*_one(cursor))

    def is_drained(self, worker_id: str) -> bool | None:
        """Tell whether people want this worker to take no runs for now; None when its row is gone."""
        with transaction() as cursor:
            cursor.execute(sql.IS_DRAINED, (worker_id,))
            rows = cursor.fetchall()
            return bool(rows[0][0]) if rows else None

    def offer_executors(self, worker_id: str, executors: Sequence[str]) -> None:
        """Keep what a worker can run."""
        with transaction() as cursor:
            cursor.execute(sql.OFFER, (list(executors), worker_id))

    def retire_worker(self, worker_id: str) -> None:
        """Mark a worker as stopped; runs that it still owned are free."""
        with transaction() as cursor:
            cursor.execute(sql.RETIRE_WORKER, (worker_id,))
            cursor.execute(sql.WAKE_WORKERS)

    def claim_runs(self, worker_id: str, limit: int, only: str | None = None) -> list[RunRecord]:
        """Take over runs that nobody alive owns, most urgent and oldest first."""
        with transaction() as cursor:
            if only is None:
                cursor.execute(sql.CLAIM, (worker_id, worker_id, limit, worker_id))
            else:
                cursor.execute(sql.CLAIM_ONE, (worker_id, only, worker_id, worker_id, worker_id))
            records = [run_record(row) for row in cursor.fetchall()]
            if records:
                by_id = {record.id: record for record in records}
                cursor.execute(sql.LOAD_TASKS, (list(by_id),))
                # In portions: converting all rows of a large run at once would hold up every other thread.
                while rows := cursor.fetchmany(500):
                    for row in rows:
                        by_id[str(row[0])].tasks.append(task_record(row[1:]))
            return records

    def claimed_runs(self, worker_id: str) -> dict[str, int]:
        """Return the epoch of each run that this worker has claimed and that goes on."""
        with transaction() as cursor:
            cursor.execute(sql.CLAIMED, (worker_id,))
            return {str(run_id): epoch for run_id, epoch in cursor.fetchall()}

    def give_back_run(self, worker_id: str, run_id: str, epoch: int) -> bool:
        """Let go of a claimed run, so that anyone may claim it; False when it has ended, or somebody else has it."""
        with transaction() as cursor:
            cursor.execute(sql.GIVE_BACK, (run_id, worker_id, epoch))
            return cursor.rowcount == 1

    def open_commands(self, run_ids: Sequence[str]) -> list[Command]:
        """Return commands that nobody has carried out yet."""
        with transaction() as cursor:
            cursor.execute(sql.OPEN_COMMANDS, (list(run_ids),))
            return [Command(row[0], str(row[1]), *row[2:]) for row in cursor.fetchall()]

    def write(self, worker_id: str, flush: Flush) -> set[str]:
        """Commit a flush; when a row did not move as expected, find the run it belongs to and leave that one out."""
        try:
            return self._write_again(worker_id, flush.batches, flush)
        except _RowsDidNotMoveError:
            lost: set[str] = set()
            for batch in flush.batches:
                try:
                    lost |= self._write_again(worker_id, [batch], Flush([]))
                except _RowsDidNotMoveError:
                    # Our picture of the run is wrong: let go of it, so that it is read anew from its rows.
                    self.give_back_run(worker_id, batch.run_id, batch.epoch)
                    lost.add(batch.run_id)
            self._write_again(worker_id, [], flush)
            return lost

    def _write_again(self, worker_id: str, batches: list[RunBatch], flush: Flush) -> set[str]:
        for _ in range(5):
            try:
                return self._write_once(worker_id, batches, flush)
            except _TRY_AGAIN:
                continue
        return self._write_once(worker_id, batches, flush)

    def _write_once(self, worker_id: str, batches: list[RunBatch], flush: Flush) -> set[str]:
        with transaction() as cursor:
            mine, lost = _fence(cursor, worker_id, batches)
            for depth in range(max((len(batch.segments) for batch in mine), default=0)):
                _move(cursor, worker_id, [batch.segments[depth] for batch in mine if depth < len(batch.segments)])
            _append(cursor, worker_id, mine)
            _append_loose(cursor, flush.logs, flush.progress)
        return lost

    def executor_limits(self) -> dict[str, ExecutorLimit]:
        """Return the executors that the installation has decided something about."""
        return read_limits()

    def acquire_permits(self, worker_id: str, executor: str, wanted: int) -> Grant:
        """Take up to `wanted` permits of a limited executor."""
        grant = acquire_permits(worker_id, executor, wanted, self._held[worker_id, executor])
        self._held[worker_id, executor] += grant.granted
        return grant

    def release_permits(self, worker_id: str, releases: Mapping[str, Release]) -> None:
        """Give permits back, and report to the breakers how their attempts ended."""
        left = {name: max(self._held[worker_id, name] - release.count, 0) for name, release in releases.items()}
        release_permits(worker_id, releases, left)
        for name, count in left.items():
            self._held[worker_id, name] = count

    def hook_rules(self, known_version: int) -> HookRules | None:
        """Return what the installation has decided about hooks; None when that is what is known already."""
        return read_hook_rules(known_version)

    def add_hook_counts(self, counts: Mapping[int, HookCount]) -> None:
        """Add calls of hooks to what was counted before."""
        add_hook_counts(counts)

    def add_executor_counts(self, counts: Mapping[str, ExecutorCount]) -> None:
        """Add ends of task runs, by executor, to what was counted before."""
        add_executor_counts(counts)

    def append_event(self, run_id: str, epoch: int, event: LateEvent) -> None:
        """Append an event to a run that has ended, if it is still the one that ended in this epoch."""
        with transaction() as cursor:
            cursor.execute(sql.LATE_EVENT, (run_id, epoch, event.type, event.data_json, event.at))

    def wait_for_notice(self, timeout_seconds: float) -> bool:
        """Wait until somebody hints at new runs or commands."""
        connection = thread_connection()
        connection.execute(sql.LISTEN)
        for _ in connection.notifies(timeout=timeout_seconds, stop_after=1):
            return True
        return False

    def close(self) -> None:
        """Close this thread's connection."""
        close_thread_connection()


def _one(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    return tuple(cursor.fetchall()[0])


# --- reading ----------------------------------------------------------------------------------------------------


def run_record(row: tuple[Any, ...]) -> RunRecord:
    """Read a row of `statements.RUN_COLUMNS`."""
    (run_id, epoch, tree_id, tree_name, status, priority, trigger, parameters, *rest) = row
    limit, timeout, last_seq, paused, timed_out, cancelled, reason, queued_at, started_at, tags, failure = rest
    return RunRecord(
        id=str(run_id),
        epoch=epoch,
        tree_id=str(tree_id) if tree_id else None,
        tree_name=tree_name,
        status=Status(status),
        priority=priority,
        trigger=trigger,
        parameters=json.loads(parameters),
        max_concurrency=limit,
        timeout_seconds=timeout,
        last_seq=last_seq,
        paused=paused,
        timed_out=timed_out,
        cancel_reason=(reason or "The run was cancelled") if cancelled else None,
        queued_at=queued_at,
        started_at=started_at,
        tags=tuple(tags or ()),
        failure=failure,
    )


def task_record(row: tuple[Any, ...]) -> TaskRecord:
    """Read a row. What can't be read is replaced by defaults and named in `problem`: one bad row must not keep its
    run, and those behind it, from being claimed."""
    values = list(row)
    values[14] = Status(values[14])
    params, schemas, dependencies, retry, *_ = (json.loads(values[index]) for index in (7, 8, 9, 11))
    problem = None
    try:
        edges = [DependencySpec(edge["id"], bool(edge["required"])) for edge in dependencies]
        policy = RetryPolicy(**retry)
        values[7:10] = dict(params), dict(schemas), edges
        values[11] = policy
    except (TypeError, ValueError, KeyError) as error:
        problem = f"The stored definition of this task can't be read: {type(error).__name__}: {error}"
        values[7:10] = {}, {}, []
        values[11] = RetryPolicy()
    record = TaskRecord(*values)
    record.problem = problem
    return record


# --- writing ----------------------------------------------------------------------------------------------------


def _fence(cursor: psycopg.Cursor[Any], worker_id: str, batches: list[RunBatch]) -> tuple[list[RunBatch], set[str]]:
    """Move each run on to the batch's last event, if its epoch and last event are what the owner believes.

    Returns the batches to write, and the runs that are lost. A run that already stands at the batch's end was written
    by an earlier try whose answer did not arrive: neither lost nor to be written again.
    """
    if not batches:
        return [], set()
    # In one order, so that two writers can't wait for each other.
    cursor.execute(sql.FENCE, (_rows(map(_fence_row, sorted(batches, key=lambda b: b.run_id))), worker_id))
    mine = {str(row[0]) for row in cursor.fetchall()}
    missing = [batch for batch in batches if batch.run_id not in mine]
    written: set[str] = set()
    if missing:
        cursor.execute(sql.ALREADY_WRITTEN, (_rows(map(_fence_row, missing)),))
        written = {str(row[0]) for row in cursor.fetchall()}
    lost = {batch.run_id for batch in missing if batch.run_id not in written}
    return [batch for batch in batches if batch.run_id in mine], lost


def _fence_row(batch: RunBatch) -> dict[str, Any]:
    row: dict[str, Any] = {"r": batch.run_id, "h": batch.epoch, "b": batch.base_seq, "q": batch.last_seq}
    changed = batch.fields
    row |= {"s": changed.status, "t": _iso(changed.started_at), "f": _iso(changed.finished_at), "e": changed.error}
    row |= {"p": changed.paused, "i": changed.priority, "c": _iso(changed.cancel_requested_at)}
    row |= {"m": changed.cancel_reason, "o": changed.release, "x": changed.timed_out}
    return row


def _move(cursor: psycopg.Cursor[Any], worker_id: str, segments: list[Segment]) -> None:
    """Make all transitions of these segments; raise when a row is not where the owner believes it to be."""
    completions = [change for segment in segments for change in segment.completions]
    if completions:
        rows = (
            f'{{"i":{c.task_run},"a":{c.attempt},"r":{c.result_json},"v":{c.resolved_json},"t":"{c.at.isoformat()}"}}'
            for c in completions
        )
        cursor.execute(sql.COMPLETE, (f"[{','.join(rows)}]",))
        _expect(cursor, len(completions))
    moves = [change for segment in segments for change in segment.moves]
    if moves:
        cursor.execute(sql.MOVE, (f"[{','.join(_move_row(change) for change in moves)}]",))
        _expect(cursor, len(moves))
    starts = [change for segment in segments for change in segment.starts]
    if starts:
        rows = (
            f'{{"i":{s.task_run},"a":{s.attempt},"e":{json.dumps(s.executor)},"t":"{s.at.isoformat()}"}}'
            for s in starts
        )
        cursor.execute(sql.START, (worker_id, f"[{','.join(rows)}]"))
        _expect(cursor, len(starts))


def _expect(cursor: psycopg.Cursor[Any], count: int) -> None:
    if cursor.rowcount != count:
        raise _RowsDidNotMoveError


def _move_row(move: Any) -> str:
    row = {"i": move.task_run, "a": move.attempt, "x": move.expected, "s": move.status, "t": _iso(move.at)}
    row |= {"e": move.error, "y": move.error_type, "c": move.first_cause_uid, "n": _iso(move.next_attempt_at)}
    row |= {"u": move.uncounted_attempts, "l": move.worker_losses, "h": move.result_json is not None}
    plain = json.dumps(row)
    # Results and inputs are JSON text already: they are put in as they are, not encoded a second time.
    return f'{plain[:-1]},"r":{move.result_json or "null"},"v":{move.resolved_json or "null"}}}'


def _append(cursor: psycopg.Cursor[Any], worker_id: str, batches: list[RunBatch]) -> None:
    """Append events, attempts, edits and answers to commands."""
    events = [
        f'{{"r":"{batch.run_id}","q":{event.seq},"y":"{event.type}","i":{event.task_run or "null"},'
        f'"d":{event.data_json},"t":"{event.at.isoformat()}"}}'
        for batch in batches
        for event in batch.events
    ]
    if events:
        cursor.execute(sql.EVENTS, (f"[{','.join(events)}]",))
    attempts = [attempt for batch in batches for attempt in batch.attempts]
    if attempts:
        cursor.execute(sql.ATTEMPTS, (worker_id, _rows(attempt._asdict() for attempt in attempts)))
    edits = [edit for batch in batches for edit in batch.edits]
    for edit in edits:
        cursor.execute(sql.EDIT, (edit.priority, edit.inputs_json, edit.cancel_reason, edit.task_run))
    handled = [{"i": pk, "a": answer} for batch in batches for pk, answer in batch.handled]
    if handled:
        cursor.execute(sql.HANDLED, (_rows(handled),))


def _append_loose(cursor: psycopg.Cursor[Any], logs: list[LogLine], progress: list[Progress]) -> None:
    """Append log lines and progress. They are fenced by the attempt alone; a line too much harms nothing."""
    if logs:
        cursor.execute(sql.LOGS, (_rows(line._asdict() for line in logs),))
    if progress:
        rows = (
            f'{{"i":{p.task_run},"a":{p.attempt},"p":{p.share},"m":{json.dumps(p.message)},'
            f'"v":{p.resolved_json or "null"}}}'
            for p in progress
        )
        cursor.execute(sql.PROGRESS, (f"[{','.join(rows)}]",))


def _rows(rows: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(rows), default=_iso)


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
