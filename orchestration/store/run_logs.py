"""Log lines of a run: some behind a cursor, or all of them one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from orchestration.models import TaskLog

from .connection import django_cursor


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines: `level` and above, of one task (its id) and attempt, with a text in them, up to a moment."""

    level: int = 0
    task: str | None = None
    attempt: int | None = None
    q: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line; `task` is the task's id."""

    id: int
    task: str
    attempt: int
    level: int
    logger: str
    message: str
    at: datetime


_MATCHES: Final = """
    l.level >= %(level)s AND (%(attempt)s::int IS NULL OR l.attempt = %(attempt)s)
    AND (%(until)s::timestamptz IS NULL OR l.at <= %(until)s)
    AND (%(q)s = '' OR strpos(lower(l.message), lower(%(q)s)) > 0)
"""

# By the index of each task that ever began: what other runs have logged since is not looked at.
_PAGE: Final = f"""
SELECT l.id, t.task_uid, l.attempt, l.level, l.logger, l.message, l.at
FROM orchestration_taskrun t CROSS JOIN LATERAL (
    SELECT * FROM orchestration_tasklog l
    WHERE l.task_run_id = t.id AND l.id > %(after)s AND l.id < %(before)s AND {_MATCHES}
    ORDER BY l.id {{direction}} LIMIT %(limit)s
) l
WHERE t.run_id = %(run)s AND t.attempt > 0 AND (%(task)s::text IS NULL OR t.task_uid = %(task)s)
ORDER BY l.id {{direction}} LIMIT %(limit)s
"""
_FIRST: Final = _PAGE.format(direction="ASC")
_LAST: Final = _PAGE.format(direction="DESC")
# Sizes as they are in JSON, nearly: what is beside the message has about so many bytes.
_NEWEST: Final = """
SELECT COALESCE(max(id) FILTER (WHERE size > %(most)s), 0), count(*) FILTER (WHERE size > %(most)s)
FROM (
    SELECT l.id, sum(octet_length(l.message) + 150) OVER (ORDER BY l.id DESC) AS size
    FROM orchestration_taskrun t JOIN orchestration_tasklog l ON l.task_run_id = t.id
    WHERE t.run_id = %(run)s AND t.attempt > 0
) lines
"""
#: More than any id.
_END: Final = 2**63 - 1


def read_lines(run_id: UUID, which: LogFilter, after: int, limit: int) -> list[LogRow]:
    """Return the lines behind `after` (a line's id), in the order in which they were written."""
    return _read(_FIRST, run_id, which, after, _END, limit)


def read_last_lines(run_id: UUID, which: LogFilter, after: int, before: int, limit: int) -> list[LogRow]:
    """Return the last lines between two ids, in the order in which they were written."""
    return _read(_LAST, run_id, which, after, before, limit)[::-1]


def _read(statement: str, run_id: UUID, which: LogFilter, after: int, before: int, limit: int) -> list[LogRow]:
    values: dict[str, Any] = {"run": run_id, "after": after, "before": before, "limit": limit}
    with django_cursor() as cursor:
        cursor.execute(statement, values | asdict(which))
        return [LogRow(*row) for row in cursor.fetchall()]


def newest_within(run_id: UUID, most: int) -> tuple[int, int]:
    """Return the id of the line behind which all lines have at most about `most` bytes, and how many lie before."""
    with django_cursor() as cursor:
        cursor.execute(_NEWEST, {"run": run_id, "most": most})
        after, left_out = cursor.fetchone()
    return int(after), int(left_out)


def all_lines(run_id: UUID, which: LogFilter, after: int = 0, portion: int = 2_000) -> Iterator[LogRow]:
    """Yield every line behind `after`, read in portions through one cursor of the database."""
    rows = TaskLog.objects.filter(task_run__run=run_id, id__gt=after, level__gte=which.level).order_by("id")
    if which.task is not None:
        rows = rows.filter(task_run__task_uid=which.task)
    if which.attempt is not None:
        rows = rows.filter(attempt=which.attempt)
    if which.q:
        rows = rows.filter(message__icontains=which.q)
    if which.until is not None:
        rows = rows.filter(at__lte=which.until)
    fields = ("id", "task_run__task_uid", "attempt", "level", "logger", "message", "at")
    for row in rows.values_list(*fields).iterator(chunk_size=portion):
        yield LogRow(*row)
