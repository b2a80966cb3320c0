"""Deleting old runs in bounded batches, while other runs go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

#: Runs of one batch; each batch is its own transaction and locks only what it deletes.
BATCH_RUNS: Final = 50

_OLD: Final = """
SELECT id FROM orchestration_run
WHERE status IN ('completed', 'failed', 'cancelled') AND finished_at < clock_timestamp() - make_interval(secs => %s)
ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
"""

# A later run that took a result over holds its own copy of it; only the pointer goes.
_DELETE: Final = (
    """UPDATE orchestration_taskrun SET reused_from_id = NULL WHERE reused_from_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    "UPDATE orchestration_run SET parent_run_id = NULL WHERE parent_run_id = ANY(%(ids)s)",
    "UPDATE orchestration_schedulefire SET run_id = NULL WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_runevent WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_runcommand WHERE run_id = ANY(%(ids)s)",
    """DELETE FROM orchestration_tasklog WHERE task_run_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    """DELETE FROM orchestration_taskattempt WHERE task_run_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    "DELETE FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_run WHERE id = ANY(%(ids)s)",
)

_COUNT: Final = """
SELECT count(*) FROM orchestration_run
WHERE status IN ('completed', 'failed', 'cancelled') AND finished_at < clock_timestamp() - make_interval(secs => %s)
"""

_USES: Final = "DELETE FROM orchestration_secretuse WHERE at < clock_timestamp() - make_interval(secs => %s)"

_WORKERS: Final = """
DELETE FROM orchestration_worker w
WHERE w.lease_expires_at < clock_timestamp() - make_interval(secs => %s)
  AND NOT EXISTS (SELECT 1 FROM orchestration_run r WHERE r.owner_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM orchestration_taskrun t WHERE t.worker_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM orchestration_taskattempt a WHERE a.worker_id = w.id)
"""


def count_old_runs(older_than: timedelta) -> int:
    """Count finished runs that ended longer ago than `older_than`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [older_than.total_seconds()])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def prune_runs(older_than: timedelta) -> Iterator[int]:
    """Delete finished runs that ended longer ago than `older_than`, and yield the size of each deleted batch."""
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_OLD, [older_than.total_seconds(), BATCH_RUNS])
            ids = [row[0] for row in cursor.fetchall()]
            _delete(cursor, ids)
        if not ids:
            break
        yield len(ids)
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, [older_than.total_seconds()])
        cursor.execute(_USES, [older_than.total_seconds()])


def delete_runs(ids: Sequence[UUID]) -> None:
    """Delete runs with all that belongs to them. The caller holds their rows' locks, and knows that they have ended."""
    with connection.cursor() as cursor:
        _delete(cursor, ids)


def _delete(cursor: Any, ids: Sequence[UUID]) -> None:
    for statement in _DELETE if ids else ():
        cursor.execute(statement, {"ids": list(ids)})
