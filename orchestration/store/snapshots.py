"""Starting a run: the tree's tasks are copied, so that later edits change no run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.json_values import encode

from .connection import django_cursor
from .statements import CHANNEL, EVENTS_CHANNEL


@dataclass(frozen=True, slots=True)
class Reused:
    """A result that a run takes over from an earlier task run instead of running the task."""

    task_run: int
    result_json: str


@dataclass(frozen=True, slots=True)
class NewRun:
    """Everything that a new run is made from. `owner` is set when the process that makes it also runs it."""

    id: str
    spec: TreeSpec
    tree_id: str | None
    tree_version: int
    trigger: str
    priority: int = 2
    parameters: dict[str, Any] = field(default_factory=dict)
    requested_by: int | None = None
    idempotency_key: str | None = None
    parent_run: str | None = None
    reused: dict[str, Reused] = field(default_factory=dict)
    owner: str | None = None


# One statement, so that a start is one round trip and one commit; with a key that exists it writes nothing.
_INSERT: Final = f"""
WITH run AS (
    INSERT INTO orchestration_run
        (id, tree_id, tree_name, tree_version, status, priority, trigger, requested_by_id, idempotency_key, parameters,
         parent_run_id, max_concurrency, timeout_seconds, task_count, queued_at, epoch, last_seq, paused, timed_out,
         cancel_reason, owner_id)
    VALUES (%(id)s, %(tree_id)s, %(tree_name)s, %(tree_version)s, 'pending', %(priority)s, %(trigger)s,
            %(requested_by)s, %(idempotency_key)s, %(parameters)s::jsonb, %(parent_run)s, %(max_concurrency)s,
            %(timeout_seconds)s, %(task_count)s, clock_timestamp(), 0, 1, false, false, '', %(owner)s)
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING id
), tasks AS (
    INSERT INTO orchestration_taskrun
        (run_id, ordinal, task_uid, name, executor, parent_uid, priority, inputs, params, schemas, dependencies,
         timeout_seconds, retry, enabled, pinned, position, status, result, progress, progress_message, attempt,
         uncounted_attempts, worker_losses, finished_at, reused_from_id)
    SELECT run.id, x.ordinal, x.id, x.name, x.executor, x.parent_id, x.priority, x.inputs, x.params, x.schemas,
           x.dependencies, x.timeout_seconds, x.retry, x.enabled, x.pinned, x.position,
           CASE WHEN x.reused IS NULL THEN 'pending' ELSE 'completed' END,
           CASE WHEN x.reused IS NULL THEN NULL ELSE COALESCE(x.result, 'null'::jsonb) END,
           CASE WHEN x.reused IS NULL THEN 0 ELSE 1 END, '', 0, 0, 0,
           CASE WHEN x.reused IS NULL THEN NULL ELSE clock_timestamp() END, x.reused
    FROM run, json_to_recordset(%(tasks)s::json) AS x(
        ordinal int, id text, name text, executor text, parent_id text, priority int, inputs jsonb, params jsonb,
        schemas jsonb, dependencies jsonb, timeout_seconds double precision, retry jsonb, enabled boolean, pinned jsonb,
        position jsonb, result jsonb, reused bigint)
), created AS (
    INSERT INTO orchestration_runevent (run_id, seq, type, data, at)
    SELECT run.id, 1, 'run.created', %(created)s::jsonb, clock_timestamp() FROM run
)
SELECT pg_notify('{CHANNEL}', ''), pg_notify('{EVENTS_CHANNEL}', '') FROM run
"""


def insert_run(new: NewRun) -> bool:
    """Write a run, its task runs and its first event at once; workers and watchers are told.

    Returns False when a run with the same idempotency key exists; nothing is written then.
    """
    spec = new.spec
    rows = [_task_row(index, task, new.reused.get(task.id)) for index, task in enumerate(spec.tasks)]
    created = {"trigger": new.trigger, "tasks": len(rows), "tree_version": new.tree_version}
    values = {
        "id": new.id,
        "tree_id": new.tree_id,
        "tree_name": spec.name,
        "tree_version": new.tree_version,
        "priority": new.priority,
        "trigger": new.trigger,
        "requested_by": new.requested_by,
        "idempotency_key": new.idempotency_key,
        "parameters": encode(new.parameters),
        "parent_run": new.parent_run,
        "max_concurrency": spec.max_concurrency,
        "timeout_seconds": spec.timeout_seconds,
        "task_count": len(rows),
        "owner": new.owner,
        "tasks": f"[{','.join(rows)}]",
        "created": json.dumps(created),
    }
    with django_cursor() as cursor:
        cursor.execute(_INSERT, values)
        return cursor.fetchone() is not None


def _task_row(index: int, task: TaskSpec, reused: Reused | None) -> str:
    row: dict[str, Any] = {"ordinal": index, "id": task.id, "name": task.name, "executor": task.executor}
    row |= {"parent_id": task.parent_id, "priority": task.priority, "inputs": task.inputs, "params": task.params}
    row |= {"schemas": task.schemas, "timeout_seconds": task.timeout_seconds, "retry": asdict(task.retry)}
    row["dependencies"] = [{"id": edge.id, "required": edge.required} for edge in task.dependencies]
    row |= {"enabled": task.enabled, "pinned": task.pinned, "position": task.position}
    row |= {"reused": reused.task_run if reused else None}
    return f'{encode(row)[:-1]},"result":{reused.result_json if reused else "null"}}}'
