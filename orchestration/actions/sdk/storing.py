"""Storing tasks that come one by one: which tree they belong to, and writing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from orchestration.actions.task_rows import fill_task, write_edges
from orchestration.actions.trees import record_version, tree_spec
from orchestration.engine.definition import TaskSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.registry import default_registry
from orchestration.engine.tree_node import task_document
from orchestration.engine.validation import graph_problems, read_array
from orchestration.models import Dependency, Task, Tree


def specs_of(tasks: Sequence[tuple[Any, str | None]]) -> tuple[TaskSpec, ...]:
    """Validate tasks (each with the id of its parent, or None) by themselves and return them as plain data.

    Raises InvalidDefinitionError. References are checked later, when the tree is known.
    """
    return read_array([task_document(task, parent) for task, parent in tasks])


def stored_specs(uids: Sequence[str]) -> dict[str, TaskSpec]:
    """Return the definitions of stored tasks by id; see `latest_rows`."""
    wanted = latest_rows(uids)
    trees = {row.tree_id: row.tree for row in wanted.values()}
    by_tree = {pk: {spec.id: spec for spec in tree_spec(tree).tasks} for pk, tree in trees.items()}
    return {uid: by_tree[row.tree_id][uid] for uid, row in wanted.items()}


def latest_rows(uids: Sequence[str]) -> dict[str, Task]:
    """Return the stored tasks with these ids; of several trees that have one, the one that was changed last."""
    return {
        task.uid: task
        for task in Task.objects.filter(uid__in=list(uids)).select_related("tree").order_by("updated_at", "id")
    }


def store_tasks(specs: Sequence[TaskSpec], user_ids: dict[str, str | None], tree_name: str) -> Tree:
    """Write tasks into one tree: that of the first one that is stored, or that of a dependency, or a new one.

    Tasks that were stored in another tree move; tasks of that tree which are not named here stay as they are. All of
    it in one transaction. Raises InvalidDefinitionError when the tree would not be valid; nothing is stored then.
    """
    wanted = {spec.id for spec in specs}
    outside = {edge.id for spec in specs for edge in spec.dependencies} - wanted
    outside |= {spec.parent_id for spec in specs if spec.parent_id} - wanted
    with transaction.atomic():
        rows = latest_rows([*(spec.id for spec in specs), *outside])
        _refuse_unknown(specs, outside - rows.keys())
        first = next((rows[spec.id] for spec in specs if spec.id in rows), None) or next(
            (rows[uid] for uid in sorted(outside)), None
        )
        tree = Tree.objects.create(name=tree_name[:255], version=0) if first is None else first.tree
        Tree.objects.select_for_update().get(pk=tree.pk)
        _move([row for row in rows.values() if row.tree_id != tree.pk], tree)
        _write(tree, specs, rows, user_ids)
        record_version(tree, None, "Stored by a program")
    return tree


def _refuse_unknown(specs: Sequence[TaskSpec], missing: set[str]) -> None:
    problems = [
        Problem(f"{spec.name!r}.dependencies", f"there is no task with the id {edge.id!r}")
        for spec in specs
        for edge in spec.dependencies
        if edge.id in missing
    ]
    problems += [
        Problem(f"{spec.name!r}.parent_id", f"there is no task with the id {spec.parent_id!r}")
        for spec in specs
        if spec.parent_id in missing
    ]
    if problems:
        raise InvalidDefinitionError(problems)


def _move(rows: Sequence[Task], tree: Tree) -> None:
    """Take tasks over from other trees, with the edges among them; edges to what stays behind are gone."""
    pks = [row.pk for row in rows]
    if not pks:
        return
    left = {row.tree_id for row in rows}
    Dependency.objects.filter(task_id__in=pks).exclude(depends_on_id__in=pks).delete()
    Dependency.objects.filter(depends_on_id__in=pks).exclude(task_id__in=pks).delete()
    Task.objects.filter(parent_id__in=pks).exclude(pk__in=pks).update(parent=None)
    Task.objects.filter(pk__in=pks).exclude(parent_id__in=pks).update(parent=None)
    Dependency.objects.filter(task_id__in=pks).update(tree=tree)
    Task.objects.filter(pk__in=pks).update(tree=tree)
    for row in rows:
        row.tree = tree
    Tree.objects.filter(pk__in=left, tasks__isnull=True).delete()


def _write(tree: Tree, specs: Sequence[TaskSpec], rows: dict[str, Task], user_ids: dict[str, str | None]) -> None:
    ordinal = tree.tasks.count()
    written: dict[str, Task] = dict(rows)
    fresh = []
    for spec in specs:
        row = rows.get(spec.id)
        if row is None:
            row = Task(tree=tree, uid=spec.id)
            fresh.append(row)
            fill_task(row, ordinal + len(fresh), spec)
        else:
            fill_task(row, row.ordinal, spec)
            row.save()
        row.user_id = user_ids.get(spec.id) or row.user_id
        written[spec.id] = row
    Task.objects.bulk_create(fresh, batch_size=2_000)
    write_edges(tree, specs, written)
    problems = graph_problems(tree_spec(tree).tasks, default_registry)
    if problems:
        raise InvalidDefinitionError(problems)
