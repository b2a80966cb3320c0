"""The rows of a tree's tasks and dependencies: only what changed is written, in a constant number of statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from orchestration.engine.definition import TaskSpec
from orchestration.models import Dependency, Task, Tree

#: Rows of one INSERT or UPDATE.
_BATCH: Final = 2_000
_PLAIN: Final = ("name", "executor", "priority", "timeout_seconds", "enabled", "notes")
_JSON: Final = ("inputs", "params", "schemas", "pinned", "position")
_RETRY: Final = ("max_attempts", "backoff", "base_seconds", "cap_seconds", "jitter")
_UNNESTED: Final = ("ordinal", *_PLAIN, *(f"retry_{name}" for name in _RETRY))


def fill_task(task: Task, ordinal: int, spec: TaskSpec) -> Task:
    """Copy a definition into a row (all but its parent and its edges)."""
    task.ordinal = ordinal
    for name in (*_PLAIN, *_JSON):
        setattr(task, name, getattr(spec, name))
    for name in _RETRY:
        setattr(task, f"retry_{name}", getattr(spec.retry, name))
    return task


def write_tasks(tree: Tree, specs: Sequence[TaskSpec]) -> None:
    """Make `specs` the tasks of a tree. Tasks are matched by id; what is not among them goes."""
    wanted = {spec.id for spec in specs}
    present = set(tree.tasks.values_list("uid", flat=True))
    if present - wanted:
        tree.tasks.filter(uid__in=present - wanted).delete()
    rows = {task.uid: task for task in tree.tasks.all()}
    fresh, changed = [], []
    for spec, ordinal in zip(specs, _ordinals(specs, rows), strict=True):
        row = rows.get(spec.id)
        if row is None:
            rows[spec.id] = fill_task(Task(tree=tree, uid=spec.id), ordinal, spec)
            fresh.append(rows[spec.id])
        elif _state(row) != _state(fill_task(row, ordinal, spec)):
            changed.append(row)
    Task.objects.bulk_create(fresh, batch_size=_BATCH)
    _overwrite(changed)
    write_edges(tree, specs, rows)


def write_edges(tree: Tree, specs: Sequence[TaskSpec], rows: dict[str, Task]) -> None:
    """Write the parents and dependencies of `specs`; `rows` has every task that they name."""
    _write_parents(specs, rows)
    wanted = {
        (rows[spec.id].pk, rows[edge.id].pk): (edge.required, ordinal)
        for spec in specs
        for ordinal, edge in enumerate(spec.dependencies)
    }
    present = _stored_edges([rows[spec.id].pk for spec in specs])
    gone = [pk for key, (pk, _) in present.items() if key not in wanted]
    if gone:
        Dependency.objects.filter(pk__in=gone).delete()
    fresh = [
        Dependency(tree=tree, task_id=key[0], depends_on_id=key[1], required=required, ordinal=ordinal)
        for key, (required, ordinal) in wanted.items()
        if key not in present
    ]
    Dependency.objects.bulk_create(fresh, batch_size=_BATCH)
    changed = [
        Dependency(pk=pk, required=wanted[key][0], ordinal=wanted[key][1])
        for key, (pk, values) in present.items()
        if key in wanted and wanted[key] != values
    ]
    Dependency.objects.bulk_update(changed, ["required", "ordinal"], batch_size=_BATCH)


def _stored_edges(task_pks: list[int]) -> dict[tuple[int, int], tuple[int, tuple[bool, int]]]:
    """Return `(task, depends_on) -> (pk, (required, ordinal))`; objects of rows would take longer than all the rest."""
    stored = Dependency.objects.filter(task__in=task_pks)
    values = stored.values_list("pk", "task_id", "depends_on_id", "required", "ordinal")
    return {(task, depends_on): (pk, (required, ordinal)) for pk, task, depends_on, required, ordinal in values}


def _ordinals(specs: Iterable[TaskSpec], rows: dict[str, Task]) -> list[int]:
    """Number tasks upwards, each with the number that it has where that fits: pages of a list stay right."""
    numbers, last = [], -1
    for spec in specs:
        row = rows.get(spec.id)
        last = row.ordinal if row is not None and row.ordinal > last else last + 1
        numbers.append(last)
    return numbers


def _state(row: Task) -> tuple[Any, ...]:
    """What of a row counts. JSON is compared as text: to Python, True is 1."""
    plain = tuple(getattr(row, name) for name in _UNNESTED)
    return plain, *(json.dumps(value, sort_keys=True) if (value := getattr(row, name)) else value for name in _JSON)


def _overwrite(rows: Sequence[Task]) -> None:
    """Update rows in one statement; `bulk_update` takes seconds for many rows with many columns."""
    columns = (*_UNNESTED, *_JSON, "updated_at")
    Task.objects.bulk_create(
        rows, batch_size=_BATCH, update_conflicts=True, unique_fields=("id",), update_fields=columns
    )


def _write_parents(specs: Sequence[TaskSpec], rows: dict[str, Task]) -> None:
    moved = []
    for spec in specs:
        row = rows[spec.id]
        parent = rows[spec.parent_id] if spec.parent_id else None
        if row.parent_id != (parent.pk if parent else None):
            row.parent = parent
            moved.append(row)
    Task.objects.bulk_update(moved, ["parent"], batch_size=_BATCH)
