"""What watchers of a run read: its whole state, its events behind a cursor, its log lines.

PostgreSQL writes the JSON, so that a web process passes text on instead of decoding and encoding each event. Every
statement sees one moment of the database, so that a run, its tasks and `last_seq` agree with each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from .connection import django_cursor

_EVENT: Final[LiteralString] = """
    json_build_object('seq', e.seq, 'type', e.type, 'task', t.task_uid, 'data', e.data, 'at', e.at)::text
"""

# The events behind each run's cursor, at most so many of each.
_TAILS: Final[LiteralString] = f"""
SELECT r.id::text, r.last_seq, r.status, clock_timestamp(), w.after, COALESCE(found.events, '{{}}')
FROM unnest(%s::uuid[], %s::bigint[]) AS w(run_id, after)
JOIN orchestration_run r ON r.id = w.run_id
LEFT JOIN LATERAL (
    SELECT array_agg({_EVENT} ORDER BY e.seq) AS events
    FROM (
        SELECT * FROM orchestration_runevent v
        WHERE v.run_id = w.run_id AND v.seq > w.after ORDER BY v.seq LIMIT %s
    ) e LEFT JOIN orchestration_taskrun t ON t.id = e.task_run_id
) found ON true
"""

# The hooks that were called for the run itself, by an index that has nothing else.
_RUN_HOOKS: Final[LiteralString] = """
    (SELECT COALESCE(json_agg(c.value ORDER BY h.seq, c.place), '[]')
     FROM orchestration_runevent h CROSS JOIN jsonb_array_elements(h.data -> 'hooks') WITH ORDINALITY AS c(value, place)
     WHERE h.run_id = r.id AND h.type = 'run.hooks')
"""

_RUN: Final[LiteralString] = f"""
    json_build_object(
        'id', r.id, 'tree_id', r.tree_id, 'tree_name', r.tree_name, 'tree_version', r.tree_version,
        'status', r.status, 'priority', r.priority, 'trigger', r.trigger, 'requested_by', u.username,
        'parameters', r.parameters, 'parent_run_id', r.parent_run_id, 'paused', r.paused,
        'cancel_requested_at', r.cancel_requested_at, 'cancel_reason', r.cancel_reason, 'error', r.error,
        'queued_at', r.queued_at, 'started_at', r.started_at, 'finished_at', r.finished_at,
        'task_count', r.task_count, 'max_concurrency', r.max_concurrency, 'timeout_seconds', r.timeout_seconds,
        'owner', o.name, 'hooks', {_RUN_HOOKS}
    )::text
"""

_TASK: Final[LiteralString] = """
    json_build_object(
        'pk', t.id, 'id', t.task_uid, 'name', t.name, 'executor', t.executor, 'parent_id', t.parent_uid,
        'priority', t.priority, 'enabled', t.enabled, 'position', t.position, 'dependencies', t.dependencies,
        'status', t.status, 'attempt', t.attempt, 'uncounted_attempts', t.uncounted_attempts,
        'max_attempts', COALESCE(t.retry -> 'max_attempts', '1'), 'progress', t.progress,
        'progress_message', t.progress_message, 'error', left(t.error, 300), 'error_type', t.error_type,
        'first_cause', t.first_cause_uid, 'next_attempt_at', t.next_attempt_at, 'started_at', t.started_at,
        'finished_at', t.finished_at, 'worker', w.name, 'reused', t.reused_from_id IS NOT NULL,
        'pinned', t.pinned IS NOT NULL, 'timeout_seconds', t.timeout_seconds
    )::text
"""

_SNAPSHOT: Final[LiteralString] = f"""
SELECT r.last_seq, r.status, clock_timestamp(), {_RUN}, (
    SELECT COALESCE(string_agg({_TASK}, ',' ORDER BY t.ordinal), '')
    FROM orchestration_taskrun t LEFT JOIN orchestration_worker w ON w.id = t.worker_id
    WHERE t.run_id = r.id)
FROM orchestration_run r
LEFT JOIN auth_user u ON u.id = r.requested_by_id
LEFT JOIN orchestration_worker o ON o.id = r.owner_id
WHERE r.id = %s
"""

# By the index of each task that ever began: what other runs have logged since is not looked at.
_LOGS: Final[LiteralString] = """
SELECT l.id, json_build_object(
    'id', l.id, 'task', t.task_uid, 'attempt', l.attempt, 'level', l.level, 'logger', l.logger,
    'message', l.message, 'at', l.at)::text
FROM orchestration_taskrun t CROSS JOIN LATERAL (
    SELECT * FROM orchestration_tasklog x WHERE x.task_run_id = t.id AND x.id > %s ORDER BY x.id LIMIT %s
) l
WHERE t.run_id = %s AND t.attempt > 0 AND (%s::text IS NULL OR t.task_uid = %s)
ORDER BY l.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Tail:
    """Events of a run behind `after`, each as JSON text, and how the run stood at that moment."""

    last_seq: int
    status: str
    now: datetime
    after: int
    events: list[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of a run after the event `as_of_seq`: `run` is a JSON object, `tasks` the inside of an array."""

    as_of_seq: int
    status: str
    now: datetime
    run: str
    tasks: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """Log lines, each as JSON text, and the cursor behind the last of them."""

    after: int
    lines: list[str]


async def read_tails(connection: AsyncConnection[Any], after: Mapping[str, int], limit: int) -> dict[str, Tail]:
    """Return what is behind each run's cursor, at most `limit` events of each; a run that is gone is left out."""
    cursor = await connection.execute(_TAILS, (list(after), list(after.values()), limit))
    return {row[0]: Tail(*row[1:]) for row in await cursor.fetchall()}


async def read_snapshot(connection: AsyncConnection[Any], run_id: str) -> Snapshot | None:
    """Return the whole state of a run; None when there is none."""
    cursor = await connection.execute(_SNAPSHOT, (run_id,))
    return _snapshot(await cursor.fetchone())


async def read_logs(connection: AsyncConnection[Any], run_id: str, after: int, task: str | None, limit: int) -> LogPage:
    """Return the log lines of a run, or of one of its tasks, behind a cursor."""
    cursor = await connection.execute(_LOGS, (after, limit, run_id, task, task, limit))
    rows = await cursor.fetchall()
    return LogPage(rows[-1][0] if rows else after, [row[1] for row in rows])


def tail_of(run_id: str, after: int, limit: int) -> Tail | None:
    """`read_tails` of one run, on Django's own connection."""
    with django_cursor() as cursor:
        cursor.execute(_TAILS, ([run_id], [after], limit))
        row: Sequence[Any] | None = cursor.fetchone()
    return None if row is None else Tail(*row[1:])


def snapshot_of(run_id: str) -> Snapshot | None:
    """`read_snapshot`, on Django's own connection."""
    with django_cursor() as cursor:
        cursor.execute(_SNAPSHOT, (run_id,))
        return _snapshot(cursor.fetchone())


def _snapshot(row: Sequence[Any] | None) -> Snapshot | None:
    return None if row is None else Snapshot(*row)
