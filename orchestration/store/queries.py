"""Stored tasks as authors of executors and hooks see them: the definition, with what its latest run made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from orchestration.engine.runner import Moment


@dataclass(slots=True)
class StoredTask:
    """One task: `inputs` are those of its latest run where there is one, `result` is what its executor returned.

    `dependencies` is `[{"id": …, "required": …}]`; times are aware UTC; `type` is the executor's id. `tree_id` is empty
    for a run's task that is not in the run's tree any more: it is defined as the run has it, and as old as the run.
    """

    id: str
    name: str
    type: str | None
    status: str
    priority: int
    inputs: dict[str, Any]
    params: dict[str, Any]
    schemas: dict[str, Any]
    result: Any
    error: str | None
    error_type: str | None
    progress: float
    dependencies: list[dict[str, Any]]
    parent_id: str | None
    user_id: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    tree_id: str
    run_id: str | None
    origin_type: str = field(default="create")


# A task `t`, and what a run made of it, `r`. There may be no run of a task, and a run may have outlived its task.
_COLUMNS: Final = """
    COALESCE(t.uid, r.task_uid), COALESCE(t.name, r.name),
    COALESCE(r.executor, t.executor, COALESCE(t.params, r.params) ->> 'executor_id',
             COALESCE(t.schemas, r.schemas) ->> 'method', COALESCE(t.schemas, r.schemas) ->> 'executor'),
    COALESCE(r.status, 'pending'), COALESCE(r.priority, t.priority),
    COALESCE(r.resolved_inputs, r.inputs, t.inputs)::text, COALESCE(t.params, r.params)::text,
    COALESCE(t.schemas, r.schemas)::text, r.result::text, r.error, r.error_type, COALESCE(r.progress, 0),
    CASE WHEN t.id IS NULL THEN r.dependencies::text ELSE
        COALESCE((SELECT json_agg(json_build_object('id', o.uid, 'required', d.required) ORDER BY d.ordinal)
                  FROM orchestration_dependency d JOIN orchestration_task o ON o.id = d.depends_on_id
                  WHERE d.task_id = t.id), '[]'::json)::text END,
    CASE WHEN t.id IS NULL THEN r.parent_uid ELSE p.uid END, NULLIF(t.user_id, ''),
    COALESCE(t.created_at, r.queued_at), COALESCE(t.updated_at, r.queued_at), r.started_at, r.finished_at, t.tree_id,
    r.run_id, COALESCE(t.origin, 'create')
"""

_LATEST: Final = """
    LEFT JOIN LATERAL (
        SELECT x.*, u.queued_at FROM orchestration_taskrun x JOIN orchestration_run u ON u.id = x.run_id
        WHERE u.tree_id = t.tree_id AND x.task_uid = t.uid ORDER BY u.queued_at DESC, u.id DESC LIMIT 1
    ) r ON true
    LEFT JOIN orchestration_task p ON p.id = t.parent_id
"""

# Last the one that an id alone means: of the run's tree, else changed last. The SDK's `rows_together` decides alike.
_BY_ID: Final = f"""
SELECT {_COLUMNS} FROM orchestration_task t {_LATEST} WHERE t.uid = ANY(%s)
ORDER BY t.tree_id = (SELECT u.tree_id FROM orchestration_run u WHERE u.id = %s), t.updated_at, t.id
"""

_BY_TREE: Final = f"SELECT {_COLUMNS} FROM orchestration_task t {_LATEST} WHERE t.tree_id = %s ORDER BY t.ordinal, t.id"

_BY_STATUS: Final = f"""
SELECT {_COLUMNS} FROM orchestration_task t {_LATEST}
WHERE COALESCE(r.status, 'pending') = %s AND NOT EXISTS (
    SELECT 1 FROM orchestration_taskrun x JOIN orchestration_run u ON u.id = x.run_id
    WHERE x.run_id = %s AND x.task_uid = t.uid AND u.tree_id = t.tree_id
)
ORDER BY t.priority, t.id LIMIT %s
"""

_OF_RUN: Final = f"""
SELECT {_COLUMNS} FROM (
    SELECT x.*, u.tree_id, u.queued_at FROM orchestration_taskrun x JOIN orchestration_run u ON u.id = x.run_id
) r
LEFT JOIN orchestration_task t ON t.tree_id = r.tree_id AND t.uid = r.task_uid
LEFT JOIN orchestration_task p ON p.id = t.parent_id
WHERE r.run_id = %s
"""

_OF_RUN_BY_ID: Final = f"{_OF_RUN} AND r.task_uid = %s"

_OF_RUN_BY_STATUS: Final = f"{_OF_RUN} AND r.status = %s ORDER BY r.priority, r.ordinal LIMIT %s"

#: Most tasks that one read by status returns.
MAX_TASKS_BY_STATUS: Final = 10_000


def _task(row: Sequence[Any]) -> StoredTask:
    values = list(row)
    for index in (5, 6, 7, 12):
        values[index] = json.loads(values[index])
    values[8] = None if values[8] is None else json.loads(values[8])
    values[15] = Moment.of(values[15])
    values[19], values[20] = str(values[19] or ""), str(values[20]) if values[20] else None
    return StoredTask(*values)


def _select(statement: str, *parameters: Any) -> list[StoredTask]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [_task(row) for row in cursor.fetchall()]


class StoredQueries:
    """See `orchestration.engine.hook_repository.Queries`."""

    def task_by_id(self, task_id: str, run_id: str | None = None) -> StoredTask | None:
        """Return the task with this id; of several trees that have one, the one that was changed last.

        For a run, it is the run's own task as it is in that run, else one of the run's tree, else as said.
        """
        own = _select(_OF_RUN_BY_ID, run_id, task_id) if run_id else []
        found = own or _select(_BY_ID, [task_id], run_id)
        return found[-1] if found else None

    def tasks_by_ids(self, task_ids: Sequence[str]) -> list[StoredTask]:
        """Return all tasks with these ids."""
        return _select(_BY_ID, list(task_ids), None)

    def tasks_of_tree(self, tree_id: str) -> list[StoredTask]:
        """Return a tree's tasks in their order."""
        return _select(_BY_TREE, tree_id)

    def tasks_of_run(self, run_id: str) -> list[StoredTask]:
        """Return a run's tasks as they are in that run, also those that its tree does not have any more."""
        return _select(_OF_RUN, run_id)

    def tasks_by_status(self, status: str, run_id: str | None = None) -> list[StoredTask]:
        """Return tasks whose latest run left them in `status`; those that never ran are pending.

        For a run, its own tasks are as they are in that run, and come first.
        """
        own = _select(_OF_RUN_BY_STATUS, run_id, status, MAX_TASKS_BY_STATUS) if run_id else []
        return own + _select(_BY_STATUS, status, run_id, MAX_TASKS_BY_STATUS - len(own))
