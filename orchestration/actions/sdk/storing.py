"""Storing tasks that come one by one: which tree they belong to, and writing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from orchestration.actions.made_executors import refresh_executors
from orchestration.actions.task_rows import fill_task, write_edges
from orchestration.actions.trees import record_version, tree_spec
from orchestration.engine.definition import TaskSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.registry import default_registry
from orchestration.engine.tree_node import task_document
from orchestration.engine.validation import graph_problems, read_array
from orchestration.models import Dependency, Task, Tree

#: Makes definitions, given the stored tasks by id.
Define = Callable[[dict[str, Task]], Sequence[TaskSpec]]

#: Columns that no definition says, or that are written apart.
_NOT_DEFINED: Final = ("id", "tree", "uid", "parent", "user_id", "origin", "source_uid", "created_at")
_DEFINED: Final = [field.name for field in Task._meta.concrete_fields if field.name not in _NOT_DEFINED]


def specs_of(tasks: Sequence[tuple[Any, str | None]]) -> tuple[TaskSpec, ...]:
    """Validate tasks (each with the id of its parent, or None) by themselves and return them as plain data.

    Raises InvalidDefinitionError. References are checked later, when the tree is known.
    """
    return read_array([task_document(task, parent) for task, parent in tasks])


@dataclass(frozen=True, slots=True)
class Named:
    """A task as a program names it: by its id, which tasks of several trees may have.

    `tree_id` is the tree that it is known to be of. `created_at` is known of a task that was read before: it tells the
    task from its copies when it has moved, and no other one is taken for it.
    """

    id: str
    tree_id: UUID | None = None
    created_at: datetime | None = None


def names_of(specs: Sequence[TaskSpec], rows: Mapping[str, Task] | None = None) -> list[Named]:
    """Name tasks, then what they refer to, in order. A stored task (one of `rows`) refers to others of its tree."""
    trees = {uid: row.tree_id for uid, row in (rows or {}).items()}
    references = [
        Named(uid, trees.get(spec.id))
        for spec in specs
        for uid in (*(edge.id for edge in spec.dependencies), spec.parent_id)
        if uid
    ]
    return [*(Named(spec.id, trees.get(spec.id)) for spec in specs), *references]


def rows_together(names: Sequence[Named], home: UUID | None = None) -> dict[str, Task]:
    """Return the stored tasks that a program names together, by id and in that order.

    All are of one tree as far as it has them: `home`, else the tree of the first one. Where a task could be of several
    trees, these decide in turn: where it is known to be, where others are known to be or were taken from, where most
    of the others are, where it was changed last.
    """
    unique: dict[str, Named] = {}
    for name in names:
        unique.setdefault(name.id, name)
    found: dict[str, dict[UUID, Task]] = {uid: {} for uid in unique}
    for row in Task.objects.filter(uid__in=list(unique)).select_related("tree"):
        found[row.uid][row.tree_id] = row
    fits = _fits(unique, found)
    rows: dict[str, Task] = {}
    for uid, name in unique.items():
        meant = _meant(name, found[uid], home, fits)
        if meant is not None:
            rows[uid] = meant
            home = home or meant.tree_id
            fits[meant.tree_id] += len(unique)
    return rows


def _fits(names: Mapping[str, Named], found: Mapping[str, Mapping[UUID, Task]]) -> Counter[UUID]:
    """Count for each tree how many of the tasks it has; one that is known to be there outweighs all others."""
    fits: Counter[UUID] = Counter()
    for uid, name in names.items():
        if name.tree_id is None:
            fits.update(found[uid].keys())
        elif name.tree_id in found[uid]:
            fits[name.tree_id] += len(names)
    return fits


def _meant(name: Named, rows: Mapping[UUID, Task], home: UUID | None, fits: Mapping[UUID, int]) -> Task | None:
    """Return which of the tasks that have an id, by their trees, is meant."""
    for tree_id in (home, name.tree_id):
        if tree_id is not None and tree_id in rows:
            return rows[tree_id]
    if name.created_at is not None:
        return next((row for row in rows.values() if row.created_at == name.created_at), None)
    return max(rows.values(), key=lambda row: (fits[row.tree_id], row.updated_at, row.pk), default=None)


@contextmanager
def trees_locked(
    names: Sequence[Named], define: Define = lambda rows: ()
) -> Iterator[tuple[Sequence[TaskSpec], dict[str, Task]]]:
    """Open a transaction that holds the trees of stored tasks; yield definitions, and the stored tasks by id.

    `define` makes the definitions of the stored ones among those named; what these refer to is held and yielded as
    well. Which tasks are meant: see `rows_together`; the first one is of the tree that the others belong into.
    Trees are locked before their tasks, as everybody does, and in one order. Which trees that are, the tasks say: when
    one was in another tree after the wait, it all begins anew, and `define` is called again.
    """
    trees: set[UUID] = set()
    while True:
        with transaction.atomic():
            list(Tree.objects.filter(pk__in=trees).order_by("pk").select_for_update().values_list("pk"))
            rows = rows_together(names)
            specs = define(rows)
            home = next((row.tree_id for row in rows.values()), None)
            rows |= rows_together([name for name in names_of(specs, rows) if name.id not in rows], home)
            found = {row.tree_id for row in rows.values()}
            if found <= trees:
                yield specs, rows
                return
        trees = found


def store_tasks(names: Sequence[Named], define: Define, user_ids: dict[str, str | None], tree_name: str) -> Tree:
    """Write tasks into one tree: that of the first one that is stored, or that of a dependency, or a new one.

    `names` are the tasks, then what they are to refer to, as far as that is known. `define` is given the stored ones
    and returns the definitions of all tasks; see `trees_locked`. Tasks of other trees, none of which has the id of one
    in that tree, move; tasks of that tree which are not named here stay as they are. All of it in one transaction.
    Raises InvalidDefinitionError when the tree would not be valid; nothing is stored then.
    """
    refresh_executors(at_once=True)
    with trees_locked(names, define) as (specs, rows):
        named = {name.id for name in names_of(specs)}
        _refuse_unknown(specs, named - {spec.id for spec in specs} - rows.keys())
        first = next(iter(rows.values()), None)
        tree = Tree.objects.create(name=tree_name[:255], version=0) if first is None else first.tree
        _move([row for uid, row in rows.items() if uid in named and row.tree_id != tree.pk], tree)
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
    # What they are now is a version of them too, or a page that has an older one open would put the tasks back.
    for other in Tree.objects.filter(pk__in=left).order_by("pk"):
        record_version(other, None, "Tasks moved to another tree by a program")


def _write(tree: Tree, specs: Sequence[TaskSpec], rows: dict[str, Task], user_ids: dict[str, str | None]) -> None:
    ordinal = tree.tasks.count()
    written: dict[str, Task] = dict(rows)
    fresh = []
    for spec in specs:
        row = rows.get(spec.id)
        if row is None:
            row = Task(tree=tree, uid=spec.id, user_id=user_ids.get(spec.id) or "")
            fresh.append(row)
            fill_task(row, ordinal + len(fresh), spec)
        else:
            fill_task(row, row.ordinal, spec)
            row.save(update_fields=_DEFINED)
        written[spec.id] = row
    Task.objects.bulk_create(fresh, batch_size=2_000)
    write_edges(tree, specs, written)
    problems = graph_problems(tree_spec(tree).tasks, default_registry)
    if problems:
        raise InvalidDefinitionError(problems)
