"""How much an executor was used lately, in one query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .connection import django_cursor

USAGE_DAYS: Final = 7

# The runs come from their index; a run that was queued before counts with none of its tasks.
_USAGE: Final = f"""
SELECT (t.finished_at AT TIME ZONE 'UTC')::date::text, count(*), count(*) FILTER (WHERE t.status = 'failed'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM t.finished_at - t.started_at)),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM t.finished_at - t.started_at))
FROM orchestration_run r JOIN orchestration_taskrun t ON t.run_id = r.id
WHERE r.queued_at > clock_timestamp() - interval '{USAGE_DAYS} days'
  AND t.executor = %s AND t.started_at IS NOT NULL AND t.finished_at IS NOT NULL AND t.attempt > 0
GROUP BY GROUPING SETS ((), ((t.finished_at AT TIME ZONE 'UTC')::date))
ORDER BY GROUPING((t.finished_at AT TIME ZONE 'UTC')::date) DESC, 1
"""


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Task runs that ended on one day (UTC, as in 2025-11-24), and how many of them failed."""

    day: str
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Task runs of the last days' runs that have ended, and the durations of their last attempts in seconds."""

    runs: int = 0
    failures: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    days: list[DayUsage] = field(default_factory=list)


def read_usage(executor: str) -> Usage:
    """Return an executor's usage over everybody's runs."""
    with django_cursor() as cursor:
        cursor.execute(_USAGE, [executor])
        (_, runs, failures, p50, p95), *days = cursor.fetchall()
    return Usage(runs, failures, p50, p95, [DayUsage(*row[:3]) for row in days])
