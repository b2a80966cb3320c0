"""Limits of executors over all workers: permits in the database, taken under a row lock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import psycopg

from orchestration.engine.limits import ExecutorLimit, Grant

from .connection import transaction
from .statements import WAKE_WORKERS

_LIMITS: Final = """
SELECT executor, enabled, max_concurrency, rate_count, rate_seconds FROM orchestration_executorconfig
"""

_LOCK: Final = """
SELECT max_concurrency, rate_count, rate_seconds, rate_tokens, rate_at, clock_timestamp()
FROM orchestration_executorconfig WHERE executor = %s AND enabled FOR UPDATE
"""

# Permits of workers whose lease is over do not count: what they ran is being run again.
_HELD: Final = """
SELECT COALESCE(sum(p.held), 0) FROM orchestration_executorpermit p
JOIN orchestration_worker w ON w.id = p.worker_id
WHERE p.executor = %s AND w.stopped_at IS NULL AND w.lease_expires_at > clock_timestamp()
"""

_HOLD: Final = """
INSERT INTO orchestration_executorpermit (executor, worker_id, held) VALUES (%s, %s, %s)
ON CONFLICT (executor, worker_id) DO UPDATE SET held = orchestration_executorpermit.held + EXCLUDED.held
"""

_TOKENS: Final = "UPDATE orchestration_executorconfig SET rate_tokens = %s, rate_at = %s WHERE executor = %s"

_RELEASE: Final = """
UPDATE orchestration_executorpermit SET held = GREATEST(held - %s, 0) WHERE executor = %s AND worker_id = %s
"""


def read_limits() -> dict[str, ExecutorLimit]:
    """Return all executors that the installation has decided something about."""
    with transaction() as cursor:
        cursor.execute(_LIMITS)
        return {row[0]: ExecutorLimit(*row) for row in cursor.fetchall()}


def acquire_permits(worker_id: str, executor: str, wanted: int) -> Grant:
    """Take up to `wanted` permits of an executor for a worker."""
    with transaction() as cursor:
        cursor.execute(_LOCK, (executor,))
        row = cursor.fetchone()
        if row is None:
            return Grant(0)
        concurrency, rate_count, rate_seconds, tokens, rate_at, now = row
        granted = wanted
        if concurrency is not None:
            granted = min(granted, max(concurrency - _held(cursor, executor), 0))
        wait_seconds = None
        if rate_count is not None:
            tokens = refilled(tokens, rate_at, now, rate_count, rate_seconds)
            if granted > tokens:
                granted = math.floor(tokens)
                wait_seconds = (math.floor(tokens) + 1 - tokens) * rate_seconds / rate_count
            cursor.execute(_TOKENS, (tokens - granted, now, executor))
        if granted:
            cursor.execute(_HOLD, (executor, worker_id, granted))
        return Grant(granted, wait_seconds)


def refilled(tokens: float, since: datetime | None, now: datetime, count: int, seconds: float) -> float:
    """Return the tokens of a bucket that holds `count` and fills in `seconds`; one never used is full."""
    if since is None:
        return float(count)
    return min(tokens + (now - since).total_seconds() * count / seconds, float(count))


def _held(cursor: psycopg.Cursor[Any], executor: str) -> int:
    cursor.execute(_HELD, (executor,))
    return int(cursor.fetchall()[0][0])


def release_permits(worker_id: str, releases: Mapping[str, int]) -> None:
    """Give permits back, and hint at it: another worker may wait for them."""
    with transaction() as cursor:
        for executor in sorted(releases):
            cursor.execute(_RELEASE, (releases[executor], executor, worker_id))
        cursor.execute(WAKE_WORKERS)
