"""How long the tasks of a tree took lately, in one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .connection import django_cursor

#: Completed runs, the newest first, that count.
RUNS: Final = 30

# What was reused, pinned or skipped did not run, and says nothing about how long it takes.
_DURATIONS: Final = f"""
WITH past AS (
  SELECT id FROM orchestration_run WHERE tree_id = %s AND status = 'completed' ORDER BY queued_at DESC LIMIT {RUNS}
)
SELECT t.task_uid, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM t.finished_at - t.started_at) * 1000),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM t.finished_at - t.started_at) * 1000)
FROM past JOIN orchestration_taskrun t ON t.run_id = past.id
WHERE t.status = 'completed' AND t.attempt > 0 AND t.started_at IS NOT NULL AND t.error_type IS DISTINCT FROM 'skipped'
GROUP BY t.task_uid
ORDER BY t.task_uid
"""


@dataclass(frozen=True, slots=True)
class TaskDuration:
    """A task by its id in the tree: in how many runs it ran, and its last attempts' durations in milliseconds."""

    task: str
    runs: int
    median_ms: float
    p95_ms: float


def read_task_durations(tree_id: str) -> list[TaskDuration]:
    """Return the tasks that completed in the last RUNS completed runs of a tree."""
    with django_cursor() as cursor:
        cursor.execute(_DURATIONS, [tree_id])
        return [TaskDuration(*row) for row in cursor.fetchall()]
