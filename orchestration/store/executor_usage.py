"""How much executors were used lately: what the workers have counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestration.engine.duration_scale import percentile
from orchestration.engine.executor_counts import ExecutorCount

from .connection import django_cursor, transaction
from .day_counts import ADDED_BUCKETS, BUCKETS, TODAY

USAGE_DAYS: Final = 7

# Whole days (UTC), today being the last; by the index of the days, which are few.
_LATELY: Final = f"u.day > (now() AT TIME ZONE 'UTC')::date - {USAGE_DAYS}"

_USAGE: Final = f"""
SELECT u.day::text, u.runs, u.failures, u.buckets FROM orchestration_executoruse u
WHERE {_LATELY} AND u.executor = %s ORDER BY 1
"""

_ALL: Final = f"""
SELECT u.executor, u.day::text, u.runs, u.failures FROM orchestration_executoruse u WHERE {_LATELY} ORDER BY 1, 2
"""

_COUNT: Final = f"""
INSERT INTO orchestration_executoruse AS u (executor, day, runs, failures, buckets)
SELECT x.executor, {TODAY}, x.runs, x.failures, {BUCKETS}
FROM json_to_recordset(%s::json) AS x(executor text, runs bigint, failures bigint, buckets json)
ORDER BY x.executor
ON CONFLICT (day, executor) DO UPDATE SET
    runs = u.runs + EXCLUDED.runs, failures = u.failures + EXCLUDED.failures, buckets = {ADDED_BUCKETS}
"""

_DAYS: Final = f"""
SELECT ((now() AT TIME ZONE 'UTC')::date - n)::text FROM generate_series({USAGE_DAYS - 1}, 0, -1) AS n
"""


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Task runs that ended on one day (UTC, as in 2025-11-24), and how many of them failed."""

    day: str
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Task runs that ended in the last days, and how long half and 95 % of their last attempts took at most.

    `days` has those on which there were any.
    """

    runs: int = 0
    failures: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    days: list[DayUsage] = field(default_factory=list)

    @property
    def error_rate(self) -> float | None:
        """The share of them that failed, from 0 to 1; None when there were none."""
        return self.failures / self.runs if self.runs else None


def read_usage(executor: str) -> Usage:
    """Return an executor's usage over everybody's runs."""
    with django_cursor() as cursor:
        cursor.execute(_USAGE, [executor])
        rows = cursor.fetchall()
    days = [DayUsage(*row[:3]) for row in rows]
    buckets = [sum(counts) for counts in zip(*(row[3] for row in rows), strict=True)]
    p50, p95 = (_seconds(percentile(buckets, share)) for share in (0.5, 0.95))
    return Usage(_sum_runs(days), _sum_failures(days), p50, p95, days)


def read_all_usage() -> dict[str, Usage]:
    """Return the usage of all executors that were used, without the durations, in one query."""
    found: dict[str, list[DayUsage]] = {}
    with django_cursor() as cursor:
        cursor.execute(_ALL)
        for executor, *day in cursor.fetchall():
            found.setdefault(executor, []).append(DayUsage(*day))
    return {executor: Usage(_sum_runs(days), _sum_failures(days), days=days) for executor, days in found.items()}


def usage_days() -> list[str]:
    """Return the days that usage is counted for, the earliest first, by the database's clock."""
    with django_cursor() as cursor:
        cursor.execute(_DAYS)
        return [day for (day,) in cursor.fetchall()]


def add_executor_counts(counts: Mapping[str, ExecutorCount]) -> None:
    """Add ends of task runs to what was counted today."""
    rows = [
        {"executor": executor, "runs": count.runs, "failures": count.failures, "buckets": count.buckets}
        for executor, count in counts.items()
    ]
    with transaction() as cursor:
        cursor.execute(_COUNT, (json.dumps(rows),))


def _sum_runs(days: Iterable[DayUsage]) -> int:
    return sum(day.runs for day in days)


def _sum_failures(days: Iterable[DayUsage]) -> int:
    return sum(day.failures for day in days)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
