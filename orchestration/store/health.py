"""Facts for /metrics and /readyz, in a constant number of queries."""

from __future__ import annotations

import json
from typing import Any, Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from orchestration.engine.metrics import merge

from .connection import django_cursor

_RUNS: Final = """
SELECT status, count(*) FROM orchestration_run WHERE status IN ('pending', 'in_progress') GROUP BY status
"""

_TASKS: Final = """
SELECT t.status, count(*) FROM orchestration_taskrun t JOIN orchestration_run r ON r.id = t.run_id
WHERE r.status IN ('pending', 'in_progress') GROUP BY t.status
"""

_OLDEST: Final = """
SELECT COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - min(queued_at)), 0) FROM orchestration_run
WHERE status = 'pending' AND owner_id IS NULL
"""

_WORKERS: Final = """
SELECT metrics::text, stopped_at IS NULL AND lease_expires_at > clock_timestamp(), slots, running,
       accepts_runs AND NOT draining
FROM orchestration_worker
"""

_ORPHANS: Final = """
SELECT count(*) FROM orchestration_run r JOIN orchestration_worker w ON w.id = r.owner_id
WHERE r.status IN ('pending', 'in_progress') AND w.lease_expires_at <= clock_timestamp()
"""


def read_metrics() -> dict[str, Any]:
    """Return what all workers counted, added up, with the present state of queue and workers."""
    with django_cursor() as cursor:
        cursor.execute(_RUNS)
        runs = dict(cursor.fetchall())
        cursor.execute(_TASKS)
        tasks = dict(cursor.fetchall())
        cursor.execute(_OLDEST)
        oldest = float(cursor.fetchall()[0][0])
        cursor.execute(_ORPHANS)
        orphans = int(cursor.fetchall()[0][0])
        cursor.execute(_WORKERS)
        workers = cursor.fetchall()
    live = [row for row in workers if row[1]]
    return {
        "counted": merge(json.loads(row[0]) for row in workers),
        "runs": runs,
        "tasks": tasks,
        "oldest_queued_seconds": oldest,
        "orphaned_runs": orphans,
        "workers": len(live),
        "slots": sum(row[2] for row in live),
        "slots_taken": sum(row[3] for row in live),
    }


def answers() -> bool:
    """Tell that the database answers; raises Django's DatabaseError when it does not."""
    with django_cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() is not None


def is_migrated() -> bool:
    """Tell whether every migration has been applied."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def has_live_worker() -> bool:
    """Tell whether any worker is alive and takes runs."""
    with django_cursor() as cursor:
        cursor.execute(_WORKERS)
        return any(row[1] and row[4] for row in cursor.fetchall())
