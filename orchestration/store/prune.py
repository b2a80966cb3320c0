"""Deleting old runs, and what else grows by time, in bounded batches, while other runs go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from orchestration.engine.hook_counts import SHOWN_DAYS

from .clock import database_now
from .executor_usage import USAGE_DAYS

#: Runs of one batch; each batch is its own transaction and locks only what it deletes.
BATCH_RUNS: Final = 50
#: Rows of one batch of anything else.
BATCH_ROWS: Final = 5_000

_OLD: Final = """
SELECT id FROM orchestration_run
WHERE status IN ('completed', 'failed', 'cancelled') AND finished_at < clock_timestamp() - make_interval(secs => %s)
ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
"""

# A later run that took a result over holds its own copy of it; only the pointer goes.
_DELETE: Final = (
    """UPDATE orchestration_taskrun SET reused_from_id = NULL WHERE reused_from_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    "UPDATE orchestration_webhookreceipt SET run_id = NULL WHERE run_id = ANY(%(ids)s)",
    "UPDATE orchestration_schedulefire SET run_id = NULL WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_takeover WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_runevent WHERE run_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_runcommand WHERE run_id = ANY(%(ids)s)",
    """DELETE FROM orchestration_tasklog WHERE task_run_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    """DELETE FROM orchestration_taskattempt WHERE task_run_id IN (
           SELECT id FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s))""",
    "DELETE FROM orchestration_taskrun WHERE run_id = ANY(%(ids)s)",
    # Re-runs may be going on: their rows are held for a moment only, in the order in which workers write them.
    """WITH child AS (SELECT id FROM orchestration_run WHERE parent_run_id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE)
       UPDATE orchestration_run SET parent_run_id = NULL WHERE id IN (SELECT id FROM child)""",
    "DELETE FROM orchestration_run WHERE id = ANY(%(ids)s)",
)

_COUNT: Final = """
SELECT count(*) FROM orchestration_run
WHERE status IN ('completed', 'failed', 'cancelled') AND finished_at < clock_timestamp() - make_interval(secs => %s)
"""

# What became of a moment goes after its run, by the time at which it was dealt with. What stays, whatever its age: a
# fire that waits for its turn; the last one of a schedule, which lists show; and those at or behind the moment that is
# planned next, since their rows are what keeps such a moment from firing again. What was started by hand or by a
# backfill keeps nothing from firing, nor does anything of a schedule that is off: switched on, it plans from then on.
_FIRES: Final = """
x.at < %(before)s AND x.outcome <> 'waiting' AND x.run_id IS NULL
AND (x.by_hand OR x.backfill_id IS NOT NULL OR EXISTS (
    SELECT 1 FROM orchestration_schedule s WHERE s.id = x.schedule_id
    AND (NOT s.enabled OR s.next_due_at IS NULL OR x.due_at < s.next_due_at)))
AND EXISTS (SELECT 1 FROM orchestration_schedulefire n
            WHERE n.schedule_id = x.schedule_id AND (n.due_at, n.id) > (x.due_at, x.id))
"""

#: Backfills of which nothing is left to tell.
_BACKFILLS: Final = """
x.ended_at < %(before)s
AND NOT EXISTS (SELECT 1 FROM orchestration_schedulefire f WHERE f.backfill_id = x.id)
"""

#: Days (UTC) that are long enough ago, and that no page shows.
_DAYS: Final = """
x.day < least((%(before)s AT TIME ZONE 'UTC')::date, (clock_timestamp() AT TIME ZONE 'UTC')::date - {days})
"""

#: Tables that grow by time, in the order in which they are emptied, and which of their rows `x` are deleted; `before`
#: is the moment that is long enough ago.
_GROWING: Final = (
    ("schedulefire", _FIRES),
    ("backfill", _BACKFILLS),
    ("secretuse", "x.at < %(before)s"),
    (
        "webhookattempt",
        """EXISTS (SELECT 1 FROM orchestration_webhookdelivery d
                   WHERE d.id = x.delivery_id AND d.ended_at < %(before)s)""",
    ),
    (
        "webhookdelivery",
        """x.ended_at < %(before)s
           AND NOT EXISTS (SELECT 1 FROM orchestration_webhookattempt a WHERE a.delivery_id = x.id)""",
    ),
    # A repeated request is known by its receipt: it outlives every replay window.
    ("webhookreceipt", "x.last_at < least(%(before)s, clock_timestamp() - interval '1 day')"),
    ("hookuse", _DAYS.format(days=SHOWN_DAYS)),
    ("executoruse", _DAYS.format(days=USAGE_DAYS)),
)

# Batches walk along the ids, so that each row is looked at once, whatever index there is.
_BATCH: Final = """
WITH old AS (
    SELECT x.id FROM orchestration_{table} x WHERE x.id > %(after)s AND {old}
    ORDER BY x.id LIMIT %(rows)s FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM orchestration_{table} WHERE id IN (SELECT id FROM old))
SELECT id FROM old ORDER BY id DESC LIMIT 1
"""

# Workers that nothing tells of any more: no run, no task run, no attempt, and no run that was taken over.
_OLD_WORKERS: Final = """
SELECT w.id FROM orchestration_worker w
WHERE w.lease_expires_at < clock_timestamp() - make_interval(secs => %s)
  AND NOT EXISTS (SELECT 1 FROM orchestration_run r WHERE r.owner_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM orchestration_taskrun t WHERE t.worker_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM orchestration_taskattempt a WHERE a.worker_id = w.id)
  AND NOT EXISTS (SELECT 1 FROM orchestration_takeover o WHERE o.lost_id = w.id OR o.taken_by_id = w.id)
"""

# A worker that was lost with a breaker's probe keeps it until another one makes one. Executors come before workers, as
# where permits are handed out.
_DELETE_WORKERS: Final = (
    "UPDATE orchestration_executorconfig SET breaker_prober_id = NULL WHERE breaker_prober_id = ANY(%(ids)s)",
    "UPDATE orchestration_worker SET predecessor_id = NULL WHERE predecessor_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_executorpermit WHERE worker_id = ANY(%(ids)s)",
    "DELETE FROM orchestration_worker WHERE id = ANY(%(ids)s)",
)


def count_old_runs(older_than: timedelta) -> int:
    """Count finished runs that ended longer ago than `older_than`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [older_than.total_seconds()])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def prune_runs(older_than: timedelta) -> Iterator[int]:
    """Delete finished runs that ended longer ago than `older_than`, and yield the size of each deleted batch.

    Then goes what is as old and not a run: workers, fires of schedules, uses of secrets, deliveries, receipts, counts.
    """
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_OLD, [older_than.total_seconds(), BATCH_RUNS])
            ids = [row[0] for row in cursor.fetchall()]
            _delete(cursor, ids)
        if not ids:
            break
        yield len(ids)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_OLD_WORKERS, [older_than.total_seconds()])
        workers = [row[0] for row in cursor.fetchall()]
        for statement in _DELETE_WORKERS if workers else ():
            cursor.execute(statement, {"ids": workers})
    before = database_now() - older_than
    for table, old in _GROWING:
        # Both are before every id that there is.
        first = UUID(int=0) if table == "webhookdelivery" else 0
        _prune_table(_BATCH.format(table=table, old=old), before, first)


def _prune_table(statement: str, before: datetime, after: UUID | int) -> None:
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, {"after": after, "before": before, "rows": BATCH_ROWS})
            row = cursor.fetchone()
        if row is None:
            return
        after = row[0]


def delete_runs(ids: Sequence[UUID]) -> None:
    """Delete runs with all that belongs to them. The caller holds their rows' locks, and knows that they have ended."""
    with connection.cursor() as cursor:
        _delete(cursor, ids)


def _delete(cursor: Any, ids: Sequence[UUID]) -> None:
    for statement in _DELETE if ids else ():
        cursor.execute(statement, {"ids": list(ids)})
