"""Hooks for the engine: their rules, rows for those that code registers, and counts of their calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from orchestration.engine.hook_counts import HookCount
from orchestration.engine.hook_plan import HookFilter, HookRule, HookRules

from .connection import django_cursor, transaction
from .day_counts import ADDED_BUCKETS, BUCKETS, TODAY

_VERSION: Final = "SELECT version FROM orchestration_hookorder WHERE id = 1"

_RULES: Final = """
SELECT h.id, h.event, h.name, h.origin = 'decorator', h.target, h.webhook_id, h.enabled, h.on_error, h.timeout_seconds,
       h.slow_seconds, h.tags, h.executors, h.statuses,
       CASE WHEN NOT h.every_tree THEN ARRAY(
           SELECT t.tree_id FROM orchestration_hookregistration_trees t WHERE t.hookregistration_id = h.id) END
FROM orchestration_hookregistration h ORDER BY h.event, h.position, h.id
"""

# Also a lock: whoever changes hooks waits here for those who do so at the same time.
_CHANGE: Final = """
INSERT INTO orchestration_hookorder (id, version) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET version = orchestration_hookorder.version + 1 RETURNING version
"""

_HOLD: Final = """
INSERT INTO orchestration_hookorder (id, version) VALUES (1, 0)
ON CONFLICT (id) DO UPDATE SET version = orchestration_hookorder.version
"""

_MISSING: Final = """
SELECT x.event, x.target FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS x(event, target, place)
WHERE NOT EXISTS (
    SELECT 1 FROM orchestration_hookregistration h
    WHERE h.origin = 'decorator' AND h.event = x.event AND h.target = x.target)
ORDER BY x.place
"""

# A name that an administrator has given away already gets a number.
_LIST: Final = """
INSERT INTO orchestration_hookregistration
    (name, event, origin, target, enabled, position, on_error, timeout_seconds, slow_seconds, every_tree, tags,
     executors, statuses, updated_at)
SELECT left(%(target)s, 240) || CASE WHEN EXISTS (
           SELECT 1 FROM orchestration_hookregistration WHERE event = %(event)s AND name = left(%(target)s, 240)
       ) THEN ' (code)' ELSE '' END,
       %(event)s, 'decorator', %(target)s, true,
       COALESCE((SELECT max(position) + 1 FROM orchestration_hookregistration WHERE event = %(event)s), 1),
       'log', 60, 1, true, '{}', '{}', '{}', clock_timestamp()
ON CONFLICT DO NOTHING
"""

_COUNT: Final = f"""
INSERT INTO orchestration_hookuse AS u (hook_id, day, runs, errors, slow, buckets)
SELECT x.hook, {TODAY}, x.runs, x.errors, x.slow, {BUCKETS}
FROM json_to_recordset(%s::json) AS x(hook bigint, runs bigint, errors bigint, slow bigint, buckets json)
WHERE EXISTS (SELECT 1 FROM orchestration_hookregistration h WHERE h.id = x.hook)
ORDER BY x.hook
ON CONFLICT (hook_id, day) DO UPDATE SET
    runs = u.runs + EXCLUDED.runs, errors = u.errors + EXCLUDED.errors, slow = u.slow + EXCLUDED.slow,
    buckets = {ADDED_BUCKETS}
"""


class Cursor(Protocol):
    """What the functions here need of a cursor, psycopg's or Django's."""

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""


def read_hook_rules(known_version: int) -> HookRules | None:
    """Return all hooks in the order in which they run; None when `known_version` is still the version."""
    with transaction() as cursor:
        cursor.execute(_VERSION)
        row = cursor.fetchone()
        version = int(row[0]) if row else 0
        if version == known_version:
            return None
        if version == 0:  # nobody has ever had a hook here
            return HookRules(0)
        cursor.execute(_RULES)
        return HookRules(version, tuple(_rule(row) for row in cursor.fetchall()))


def _rule(row: tuple[Any, ...]) -> HookRule:
    pk, event, name, by_code, target, webhook, enabled, on_error, timeout, slow, tags, executors, statuses, trees = row
    limited = None if trees is None else frozenset(map(str, trees))
    narrow = HookFilter(limited, frozenset(tags), frozenset(executors), frozenset(statuses))
    called = str(webhook) if webhook else None
    return HookRule(pk, event, name, by_code, target, called, enabled, on_error, timeout, slow, narrow)


def written_hooks(hooks: Sequence[tuple[str, str]]) -> list[str]:
    """Return hooks as a worker's row holds them."""
    return [f"{event} {name}" for event, name in hooks]


def list_hooks(cursor: Cursor, hooks: Sequence[tuple[str, str]]) -> None:
    """Make rows for hooks of the code (event and dotted name) that have none; they come after those that are there."""
    if not hooks:
        return
    names = [[event for event, _ in hooks], [name for _, name in hooks]]
    cursor.execute(_MISSING, names)
    if not cursor.fetchall():
        return
    cursor.execute(_CHANGE)
    # Looked for once more, now that nobody else adds any.
    cursor.execute(_MISSING, names)
    for event, target in cursor.fetchall():
        cursor.execute(_LIST, {"event": event, "target": target})


def list_own_hooks(hooks: Sequence[tuple[str, str]]) -> None:
    """Make rows for the hooks of this process, on Django's connection and in its transaction."""
    with django_cursor() as cursor:
        list_hooks(cursor, hooks)


def hold_hooks() -> None:
    """Let nobody else change hooks until the transaction ends, whether or not anything is changed in it."""
    with django_cursor() as cursor:
        cursor.execute(_HOLD)


def lock_hooks() -> int:
    """Let nobody else change hooks until the transaction ends, and return the version that they have now."""
    with django_cursor() as cursor:
        cursor.execute(_CHANGE)
        return int(cursor.fetchone()[0])


def add_hook_counts(counts: Mapping[int, HookCount]) -> None:
    """Add calls to what was counted today; counts of a hook that was deleted meanwhile are dropped."""
    rows = [
        {"hook": pk, "runs": count.runs, "errors": count.errors, "slow": count.slow, "buckets": count.buckets}
        for pk, count in counts.items()
    ]
    with transaction() as cursor:
        cursor.execute(_COUNT, (json.dumps(rows),))
