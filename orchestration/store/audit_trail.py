"""What the search of the audit trail asks of PostgreSQL, and the one way in which entries go."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.db.models import BooleanField, Func, TextField, Value

from .clock import database_now

#: Entries of one batch; each batch is its own transaction.
_BATCH: Final = 5_000
#: Words of a search that count.
_MAX_WORDS: Final = 20

#: What the words are taken from, as the index has it.
_SEARCHED: Final = ("username", "act", "subject", "subject_id", "reason", "token", "address", "detail")

#: The values of a column one after the other by its index: some steps, where `DISTINCT` would read a million rows.
_DISTINCT: Final = """
WITH RECURSIVE found AS (
    (SELECT {column} AS value FROM orchestration_auditentry ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM orchestration_auditentry WHERE {column} > found.value ORDER BY {column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value <> '' LIMIT 500
"""

_OLD: Final = """
DELETE FROM orchestration_auditentry WHERE id IN (
    SELECT id FROM orchestration_auditentry WHERE at < clock_timestamp() - make_interval(secs => %s) LIMIT %s)
"""
_COUNT: Final = "SELECT count(*) FROM orchestration_auditentry WHERE at < clock_timestamp() - make_interval(secs => %s)"


def has_words(text: str) -> Func | None:
    """Return the condition that an entry has all words of a text, or longer ones that begin with them; None: no words.

    The words of the entry are made by the function that the index is made of.
    """
    words = re.findall(r"[^\W_]+", text.lower())[:_MAX_WORDS]
    if not words:
        return None
    entry = Func(*_SEARCHED, function="orchestration_audit_words", output_field=TextField())
    sought = Func(
        Value(" & ".join(f"{word}:*" for word in words)),
        template="to_tsquery('pg_catalog.simple', %(expressions)s)",
        output_field=TextField(),
    )
    return Func(entry, sought, template="%(expressions)s", arg_joiner=" @@ ", output_field=BooleanField())


def audit_acts() -> list[str]:
    """Return every act that the trail has, in order."""
    return _values_of("act")


def audit_subject_types() -> list[str]:
    """Return every kind of subject that the trail has, in order."""
    return _values_of("subject_type")


def _values_of(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.format(column=column))
        return [row[0] for row in cursor.fetchall()]


def count_old_entries(older_than: timedelta) -> int:
    """Count the entries that are older than `older_than`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [older_than.total_seconds()])
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def prune_entries(older_than: timedelta) -> int:
    """Delete the entries that are older than `older_than`, at least 30 days, and return how many they were.

    What the administration's own log says of the same changes goes with them.
    """
    deleted = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            # The trigger lets nothing go but in a transaction that says this.
            cursor.execute("SET LOCAL apflow.prune_audit = 'on'")
            cursor.execute(_OLD, [older_than.total_seconds(), _BATCH])
            count = int(cursor.rowcount)
            cursor.execute("SET LOCAL apflow.prune_audit = 'off'")
        deleted += count
        if count < _BATCH:
            break
    LogEntry.objects.filter(action_time__lt=database_now() - older_than).delete()
    return deleted
