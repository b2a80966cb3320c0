"""Looking at a run without owning it: its state from its rows, and what is around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from orchestration.engine.limits import ExecutorLimit
from orchestration.engine.records import Node, RunRecord
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState
from orchestration.engine.why import WorkerView, World

from .connection import django_cursor
from .engine_store import run_record, task_record
from .limits import LIMIT_COLUMNS, executor_limit, refilled
from .statements import LOAD_TASKS, RUN_COLUMNS

_RUN: Final = f"SELECT {RUN_COLUMNS} FROM orchestration_run r WHERE r.id = %s"

_WORKERS: Final = """
SELECT id, name, slots, running, executors, accepts_runs AND NOT draining
FROM orchestration_worker WHERE stopped_at IS NULL AND lease_expires_at > clock_timestamp()
"""

_OWNER: Final = "SELECT owner_id, clock_timestamp() FROM orchestration_run WHERE id = %s"

_LIMITS: Final = f"""
SELECT c.rate_tokens, c.rate_at,
       COALESCE((SELECT sum(p.held) FROM orchestration_executorpermit p
                 JOIN orchestration_worker w ON w.id = p.worker_id
                 WHERE p.executor = c.executor AND w.stopped_at IS NULL AND w.lease_expires_at > clock_timestamp()), 0),
       {LIMIT_COLUMNS}
FROM orchestration_executorconfig c
"""

# Ready tasks of the worker's other runs that come first in its queue.
_AHEAD: Final = """
SELECT count(*) FROM orchestration_taskrun t JOIN orchestration_run r ON r.id = t.run_id
WHERE r.owner_id = %s AND r.id <> %s AND NOT r.paused AND t.status = 'pending'
  AND (t.next_attempt_at IS NULL OR t.next_attempt_at <= clock_timestamp())
  AND (r.priority, t.priority) < (%s, %s)
  AND NOT EXISTS (
      SELECT 1 FROM jsonb_array_elements(t.dependencies) d
      JOIN orchestration_taskrun u ON u.run_id = t.run_id AND u.task_uid = d ->> 'id'
      WHERE u.status IN ('pending', 'in_progress'))
"""

_RUNS_AHEAD: Final = """
SELECT count(*) FROM orchestration_run o, orchestration_run r
WHERE r.id = %s AND o.status = 'pending' AND o.owner_id IS NULL
  AND (o.priority, o.queued_at) < (r.priority, r.queued_at)
"""


def read_state(run_id: str, registry: ExecutorRegistry) -> RunState | None:
    """Return the state of a run from its rows, for reading only; None when there is no such run."""
    record = read_run(run_id)
    return None if record is None else RunState(record, registry)


def read_run(run_id: str) -> RunRecord | None:
    """Return a run and its tasks; None when there is none."""
    with django_cursor() as cursor:
        cursor.execute(_RUN, [run_id])
        row = cursor.fetchone()
        if row is None:
            return None
        record = run_record(row)
        cursor.execute(LOAD_TASKS, [[run_id]])
        record.tasks.extend(task_record(tuple(line[1:])) for line in cursor.fetchall())
        return record


def read_world(state: RunState, node: Node) -> World:
    """Return what is around a task of a run now."""
    with django_cursor() as cursor:
        cursor.execute(_OWNER, [state.id])
        owner_id, now = cursor.fetchall()[0]
        cursor.execute(_WORKERS)
        workers = {row[0]: WorkerView(*row[1:]) for row in cursor.fetchall()}
        limits, held, out_of_rate = _read_limits(cursor, now)
        cursor.execute(_AHEAD, [owner_id, state.id, state.priority, node.priority])
        ahead = int(cursor.fetchall()[0][0])
        cursor.execute(_RUNS_AHEAD, [state.id])
        return World(
            now=now,
            owner=workers.get(owner_id),
            workers=list(workers.values()),
            limits=limits,
            held=held,
            out_of_rate=out_of_rate,
            ahead=ahead,
            runs_ahead=int(cursor.fetchall()[0][0]),
        )


def _read_limits(cursor: Any, now: datetime) -> tuple[dict[str, ExecutorLimit], dict[str, int], frozenset[str]]:
    cursor.execute(_LIMITS)
    limits, held, empty = {}, {}, set()
    for tokens, since, in_use, *columns in cursor.fetchall():
        limit = executor_limit(columns)
        limits[limit.executor] = limit
        held[limit.executor] = int(in_use)
        if limit.rate_count is not None and refilled(tokens, since, now, limit.rate_count, limit.rate_seconds) < 1:
            empty.add(limit.executor)
    return limits, held, frozenset(empty)
