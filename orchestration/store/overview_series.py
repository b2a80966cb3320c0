"""Figures over time of the runs that somebody sees: how many ended and how, and how long things took.

Both statements begin with the newest runs, by the index of when they finished and that of what is active, and reach
their tasks by the index of a run's tasks; how many they look at is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import BooleanField, Value

from orchestration.engine.status import ACTIVE
from orchestration.models.execution import RunQuerySet

from .connection import django_cursor

#: Runs and task runs that are looked at, the newest first; what is older is left out, and it is said from when on.
MAX_RUNS: Final = 20_000
MAX_TASKS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Series:
    """Values for each bucket, in order: counts by outcome, and two percentiles in seconds (None: nothing to measure).

    `complete_from` is the moment before which something was left out, because it was too much; None when it is whole.
    """

    completed: list[int]
    failed: list[int]
    cancelled: list[int]
    p50: list[float | None]
    p95: list[float | None]
    complete_from: datetime | None


@dataclass(frozen=True, slots=True)
class Buckets:
    """So many spans of one length, the first of which begins at `begin`."""

    begin: datetime
    step: timedelta
    count: int


_FIGURES: Final = """
    count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'),
    count(*) FILTER (WHERE status = 'cancelled'),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE seconds IS NOT NULL)
"""
_BUCKET: Final = "floor(extract(epoch FROM finished_at - %s) / %s)::int"

_RUNS: Final = f"""
WITH looked AS ({{seen}})
SELECT {_BUCKET}, {_FIGURES}, (SELECT CASE WHEN count(*) = %s THEN min(finished_at) END FROM looked)
FROM (SELECT status, finished_at, extract(epoch FROM finished_at - started_at) AS seconds FROM looked) ended
GROUP BY 1
"""

# A task is due when its run was queued and its dependencies had ended; how long it waited from then on is known of
# what started once. The runs are taken newest first, until they have as many tasks as may be looked at.
_TASKS: Final = f"""
WITH looked AS ({{seen}}), ranked AS (
    SELECT *, sum(task_count) OVER (ORDER BY is_active DESC, finished_at DESC, id) - task_count AS before FROM looked
), taken AS (
    SELECT * FROM ranked WHERE before < %s
), ended AS (
    SELECT t.status, t.finished_at, CASE WHEN t.attempt = 1 AND t.started_at IS NOT NULL THEN
        greatest(0, extract(epoch FROM t.started_at - greatest(r.queued_at, above.finished_at))) END AS seconds
    FROM taken r
    JOIN orchestration_taskrun t ON t.run_id = r.id AND t.finished_at >= %s
    LEFT JOIN LATERAL (
        SELECT max(u.finished_at) AS finished_at
        FROM jsonb_array_elements(t.dependencies) d
        JOIN orchestration_taskrun u ON u.run_id = t.run_id AND u.task_uid = d ->> 'id'
    ) above ON t.attempt = 1
)
SELECT {_BUCKET}, {_FIGURES}, (
    SELECT CASE WHEN count(*) < (SELECT count(*) FROM looked) OR count(finished_at) = %s
    THEN coalesce(min(finished_at), clock_timestamp()) END FROM taken)
FROM ended GROUP BY 1
"""


def runs_over_time(runs: RunQuerySet, buckets: Buckets) -> Series:
    """Return how runs ended, by when, and how long they took from their start."""
    ended = runs.filter(finished_at__gte=buckets.begin).order_by("-finished_at")
    seen, values = _statement(ended.values("status", "started_at", "finished_at"))
    return _read(_RUNS.format(seen=seen), [*values, *_bucket_values(buckets), MAX_RUNS], buckets)


def tasks_over_time(runs: RunQuerySet, buckets: Buckets) -> Series:
    """Return how tasks of runs ended, by when, and how long they waited until they started."""
    fields = ("id", "queued_at", "finished_at", "task_count", "is_active")
    ended = runs.filter(finished_at__gte=buckets.begin).annotate(is_active=Value(False, BooleanField()))
    active = runs.filter(status__in=sorted(ACTIVE)).annotate(is_active=Value(True, BooleanField()))
    some, some_values = _statement(ended.order_by("-finished_at").values(*fields))
    others, other_values = _statement(active.order_by("priority", "queued_at").values(*fields))
    seen = f"({others}) UNION ALL ({some})"
    looked = [*other_values, *some_values, MAX_TASKS, buckets.begin]
    return _read(_TASKS.format(seen=seen), [*looked, *_bucket_values(buckets), MAX_RUNS], buckets)


def _statement(rows: Any) -> tuple[str, tuple[Any, ...]]:
    sql, values = rows[:MAX_RUNS].query.sql_with_params()
    return sql, values


def _bucket_values(buckets: Buckets) -> tuple[datetime, float]:
    return buckets.begin, buckets.step.total_seconds()


def _read(statement: str, values: list[Any], buckets: Buckets) -> Series:
    with django_cursor() as cursor:
        cursor.execute(statement, values)
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    none = (0, 0, 0, None, None)
    found = [rows.get(number, none) for number in range(buckets.count)]
    pairs = [row[3] or (None, None) for row in found]
    complete_from = next((row[4] for row in rows.values()), None)
    return Series(
        completed=[int(row[0]) for row in found],
        failed=[int(row[1]) for row in found],
        cancelled=[int(row[2]) for row in found],
        p50=[pair[0] for pair in pairs],
        p95=[pair[1] for pair in pairs],
        complete_from=complete_from,
    )
