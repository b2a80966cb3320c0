"""Limits of executors over all workers: permits in the database, taken under a row lock."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import psycopg

from orchestration.engine.breaker import Breaker
from orchestration.engine.limits import ExecutorLimit, Grant, Release
from orchestration.engine.retry import RetryPolicy

from .connection import transaction
from .statements import WAKE_WORKERS

logger = logging.getLogger("apflow.breakers")

#: What `executor_limit` reads. JSON travels as text: Django's connections and plain ones would read it differently.
LIMIT_COLUMNS: Final = """
c.executor, c.enabled, c.max_concurrency, c.rate_count, c.rate_seconds, c.default_timeout_seconds,
c.default_retry::text, c.default_params::text, c.breaker_failures, c.breaker_retry_at,
c.breaker_prober_id IS NOT NULL
"""

_LIMITS: Final = f"SELECT {LIMIT_COLUMNS} FROM orchestration_executorconfig c"

_BREAKER: Final = """
c.breaker_failures, c.breaker_seconds, c.breaker_count, c.breaker_retry_at, c.breaker_prober_id::text
FROM orchestration_executorconfig c
"""

_LOCK: Final = f"""
SELECT c.max_concurrency, c.rate_count, c.rate_seconds, c.rate_tokens, c.rate_at, clock_timestamp(), {_BREAKER}
WHERE c.executor = %s AND c.enabled FOR UPDATE
"""

_LOCK_BREAKER: Final = f"""
SELECT clock_timestamp(), {_BREAKER} WHERE c.executor = %s AND c.breaker_failures IS NOT NULL FOR UPDATE
"""

# A statement of its own, after the lock: a row that was waited for is joined to what others were when the wait began,
# and the probe of a worker that had none then would count as lost.
_LIVES: Final = """
SELECT EXISTS (
    SELECT 1 FROM orchestration_worker w
    WHERE w.id = %s AND w.stopped_at IS NULL AND w.lease_expires_at > statement_timestamp()
)
"""

_SET_BREAKER: Final = """
UPDATE orchestration_executorconfig SET breaker_count = %s, breaker_retry_at = %s, breaker_prober_id = %s
WHERE executor = %s
"""

# Permits of workers whose lease is over do not count: what they ran is being run again.
_HELD: Final = """
SELECT COALESCE(sum(p.held) FILTER (WHERE p.worker_id <> %s), 0),
       COALESCE(sum(p.held) FILTER (WHERE p.worker_id = %s), 0)
FROM orchestration_executorpermit p
JOIN orchestration_worker w ON w.id = p.worker_id
WHERE p.executor = %s AND w.stopped_at IS NULL AND w.lease_expires_at > statement_timestamp()
"""

# Nobody would count the permits of a worker that was frozen for so long that its lease is over.
_HOLD: Final = """
INSERT INTO orchestration_executorpermit (executor, worker_id, held)
SELECT %s, w.id, %s FROM orchestration_worker w
WHERE w.id = %s AND w.stopped_at IS NULL AND w.lease_expires_at > statement_timestamp()
ON CONFLICT (executor, worker_id) DO UPDATE SET held = EXCLUDED.held
"""

_TOKENS: Final = "UPDATE orchestration_executorconfig SET rate_tokens = %s, rate_at = %s WHERE executor = %s"

_RELEASE: Final = """
UPDATE orchestration_executorpermit SET held = %s WHERE executor = %s AND worker_id = %s
"""


def read_limits() -> dict[str, ExecutorLimit]:
    """Return all executors that the installation has decided something about."""
    with transaction() as cursor:
        cursor.execute(_LIMITS)
        return {row[0]: executor_limit(row) for row in cursor.fetchall()}


def executor_limit(row: Sequence[Any]) -> ExecutorLimit:
    """Read a row of LIMIT_COLUMNS."""
    (executor, enabled, most, rate_count, rate_seconds, timeout, retry, params, *breaker) = row
    policy = None if retry is None else RetryPolicy(**json.loads(retry))
    limits = (enabled, most, rate_count, rate_seconds, timeout)
    return ExecutorLimit(executor, *limits, policy, json.loads(params), *breaker)


def acquire_permits(worker_id: str, executor: str, wanted: int, held: int) -> Grant:
    """Take up to `wanted` permits of an executor for a worker; of one whose breaker is half-open, the one probe.

    `held` is how many the worker has as far as it knows; a worker whose lease is over gets none.
    """
    with transaction() as cursor:
        cursor.execute(_LOCK, (executor,))
        row = cursor.fetchone()
        if row is None:
            return Grant(0)
        concurrency, rate_count, rate_seconds, tokens, rate_at, now, *columns = row
        breaker = _breaker(cursor, columns)
        granted, wait_seconds, is_stale = wanted, None, False
        if breaker is not None:
            granted = breaker.allows(granted, now)
            if granted == 0:
                return Grant(0, _seconds_open(breaker, now))
        if concurrency is not None:
            others, known = _held(cursor, worker_id, executor)
            granted = min(granted, max(concurrency - others - held, 0))
            is_stale = known != held
        if rate_count is not None:
            tokens = refilled(tokens, rate_at, now, rate_count, rate_seconds)
            if granted > tokens:
                granted = math.floor(tokens)
                wait_seconds = (math.floor(tokens) + 1 - tokens) * rate_seconds / rate_count
        if (granted or is_stale) and not _hold(cursor, worker_id, executor, held + granted):
            return Grant(0)
        if rate_count is not None:
            cursor.execute(_TOKENS, (tokens - granted, now, executor))
        is_probe = granted > 0 and breaker is not None and breaker.state(now) == "half_open"
        if is_probe and breaker is not None:
            _set_breaker(cursor, executor, breaker.probed_by(worker_id, now))
        return Grant(granted, wait_seconds, is_probe)


def refilled(tokens: float, since: datetime | None, now: datetime, count: int, seconds: float) -> float:
    """Return the tokens of a bucket that holds `count` and fills in `seconds`; one never used is full.

    A clock that was set back fills nothing, and takes nothing away.
    """
    if since is None:
        return float(count)
    passed = max((now - since).total_seconds(), 0.0)
    return min(tokens + passed * count / seconds, float(count))


def _held(cursor: psycopg.Cursor[Any], worker_id: str, executor: str) -> tuple[int, int]:
    """Return how many permits other workers hold, and how many this one by what is stored."""
    cursor.execute(_HELD, (worker_id, worker_id, executor))
    others, known = cursor.fetchall()[0]
    return int(others), int(known)


def _hold(cursor: psycopg.Cursor[Any], worker_id: str, executor: str, count: int) -> bool:
    """Write how many permits a worker holds; False when its lease is over."""
    cursor.execute(_HOLD, (executor, count, worker_id))
    return cursor.rowcount == 1


def _seconds_open(breaker: Breaker, now: datetime) -> float | None:
    """Return how long an open breaker stays so; None when it is half-open: the probe that is out may end any time."""
    if breaker.retry_at is None or breaker.state(now) != "open":
        return None
    return (breaker.retry_at - now).total_seconds()


def release_permits(worker_id: str, releases: Mapping[str, Release], held: Mapping[str, int]) -> None:
    """Give permits back, and hint at it: another worker may wait for them. Breakers learn how the attempts ended.

    `held` is how many of each executor the worker has left.
    """
    said = []
    with transaction() as cursor:
        for executor in sorted(releases):
            release = releases[executor]
            if release.verdicts:
                said.append(_report(cursor, worker_id, executor, release))
            cursor.execute(_RELEASE, (held[executor], executor, worker_id))
        cursor.execute(WAKE_WORKERS)
    for text in filter(None, said):
        logger.warning(text)


def _report(cursor: psycopg.Cursor[Any], worker_id: str, executor: str, release: Release) -> str | None:
    """Move a breaker on; return what there is to say about it."""
    cursor.execute(_LOCK_BREAKER, (executor,))
    row = cursor.fetchone()
    before = None if row is None else _breaker(cursor, row[1:])
    if row is None or before is None:
        return None
    after = before.after(worker_id, release.verdicts, row[0])
    if after != before:
        _set_breaker(cursor, executor, after)
    if after.retry_at is None:
        return None if before.retry_at is None else f"the circuit breaker of executor {executor} is closed again"
    if after.failures == before.failures:
        return None
    return f"the circuit breaker of executor {executor} is open after {after.failures} failures in a row"


def _breaker(cursor: psycopg.Cursor[Any], columns: Sequence[Any]) -> Breaker | None:
    if columns[0] is None:
        return None
    breaker = Breaker(*columns)
    if breaker.prober is None:
        return breaker
    cursor.execute(_LIVES, (breaker.prober,))
    return replace(breaker, probe_lives=bool(cursor.fetchall()[0][0]))


def _set_breaker(cursor: psycopg.Cursor[Any], executor: str, breaker: Breaker) -> None:
    cursor.execute(_SET_BREAKER, (breaker.failures, breaker.retry_at, breaker.prober, executor))
