"""Acts on trees: read as a document, save, import, export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Prefetch

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.json_values import JSONValue
from orchestration.engine.registry import ExecutorRegistry, default_registry
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.validation import parse_tree, read_tree, tree_problems
from orchestration.models import Dependency, Task, Tree, TreeVersion

#: Rows of one INSERT or UPDATE.
_BATCH = 2_000


def task_spec(task: Task, edges: Iterable[Dependency], parent_uid: str | None) -> TaskSpec:
    """Return a stored task as plain data. `edges` need their `depends_on` loaded."""
    return TaskSpec(
        id=task.uid,
        name=task.name,
        executor=task.executor,
        inputs=task.inputs,
        params=task.params,
        schemas=task.schemas,
        priority=task.priority,
        parent_id=parent_uid,
        dependencies=tuple(DependencySpec(edge.depends_on.uid, edge.required) for edge in edges),
        timeout_seconds=task.timeout_seconds,
        retry=RetryPolicy(
            task.retry_max_attempts,
            task.retry_backoff,  # type: ignore[arg-type]  # a check constraint holds the words
            task.retry_base_seconds,
            task.retry_cap_seconds,
            task.retry_jitter,
        ),
        enabled=task.enabled,
        pinned=task.pinned,
        position=task.position,
        notes=task.notes,
    )


def tree_spec(tree: Tree) -> TreeSpec:
    """Return a stored tree as plain data, in a constant number of queries."""
    edges = Prefetch("dependencies", Dependency.objects.select_related("depends_on").order_by("ordinal", "id"))
    tasks = list(tree.tasks.order_by("ordinal", "id").prefetch_related(edges))
    uids = {task.pk: task.uid for task in tasks}
    return TreeSpec(
        name=tree.name,
        tasks=tuple(
            task_spec(task, task.dependencies.all(), uids.get(task.parent_id) if task.parent_id else None)
            for task in tasks
        ),
        description=tree.description,
        tags=tuple(tree.tags),
        parameters=tree.parameters,
        max_concurrency=tree.max_concurrency,
        timeout_seconds=tree.timeout_seconds,
    )


def stored_spec(task: Task) -> TaskSpec:
    """Return one stored task as plain data."""
    edges = task.dependencies.select_related("depends_on").order_by("ordinal", "id")
    return task_spec(task, edges, task.parent.uid if task.parent else None)


def check_tree(spec: TreeSpec, registry: ExecutorRegistry | None = default_registry) -> None:
    """Raise InvalidDefinitionError with everything that keeps the tree from running."""
    problems = tree_problems(spec, registry)
    if problems:
        raise InvalidDefinitionError(problems)


def import_tree(raw: bytes | str, *, user: AbstractBaseUser | None = None, name: str = "") -> Tree:
    """Store a document's tree as a new one. Raises InvalidDefinitionError, and stores nothing then."""
    return create_tree(parse_tree(raw, default_registry, name), user=user, message="Imported")


def import_document(document: JSONValue, *, user: AbstractBaseUser | None = None, name: str = "") -> Tree:
    """The same for a document that is parsed already."""
    return create_tree(read_tree(document, default_registry, name), user=user, message="Imported")


def export_tree(tree: Tree) -> dict[str, Any]:
    """Return a tree as its portable document."""
    return tree_spec(tree).as_json()


def create_tree(spec: TreeSpec, *, user: AbstractBaseUser | None = None, message: str = "") -> Tree:
    """Store a new tree."""
    with transaction.atomic():
        tree = Tree.objects.create(name=spec.name, owner_id=user.pk if user else None, version=0)
        save_definition(tree, spec, user=user, message=message)
    return tree


def save_definition(
    tree: Tree, spec: TreeSpec, *, user: AbstractBaseUser | None = None, message: str = ""
) -> TreeVersion:
    """Make `spec` the tree's definition: tasks are matched by id, the version grows by one and is kept whole.

    The caller has validated `spec`; the database's constraints hold what must hold in any case.
    """
    with transaction.atomic():
        locked = Tree.objects.select_for_update().get(pk=tree.pk)
        tree.version = locked.version + 1
        tree.name, tree.description, tree.tags = spec.name, spec.description, list(spec.tags)
        tree.parameters, tree.max_concurrency = spec.parameters, spec.max_concurrency
        tree.timeout_seconds = spec.timeout_seconds
        tree.save(update_fields=[*_TREE_COLUMNS, "updated_at"])
        _write_tasks(tree, spec.tasks)
        return TreeVersion.objects.create(
            tree=tree,
            number=tree.version,
            definition=spec.as_json(),
            author_id=user.pk if user else None,
            message=message,
        )


def record_version(tree: Tree, user: AbstractBaseUser | None, message: str) -> TreeVersion:
    """Let the version of a tree that was edited piece by piece grow by one, and keep the definition as it is now."""
    with transaction.atomic():
        locked = Tree.objects.select_for_update().get(pk=tree.pk)
        tree.version = locked.version + 1
        tree.save(update_fields=["version", "updated_at"])
        return TreeVersion.objects.create(
            tree=tree,
            number=tree.version,
            definition=tree_spec(tree).as_json(),
            author_id=user.pk if user else None,
            message=message[:500],
        )


_TREE_COLUMNS = ("version", "name", "description", "tags", "parameters", "max_concurrency", "timeout_seconds")
_COLUMNS = (
    *("ordinal", "name", "executor", "inputs", "params", "schemas", "priority", "timeout_seconds"),
    *("retry_max_attempts", "retry_backoff", "retry_base_seconds", "retry_cap_seconds", "retry_jitter"),
    *("enabled", "pinned", "position", "notes"),
)


def fill_task(task: Task, ordinal: int, spec: TaskSpec) -> Task:
    """Copy a definition into a row (all but its edges)."""
    task.ordinal = ordinal
    for name in ("name", "executor", "inputs", "params", "schemas", "priority", "timeout_seconds"):
        setattr(task, name, getattr(spec, name))
    for name in ("max_attempts", "backoff", "base_seconds", "cap_seconds", "jitter"):
        setattr(task, f"retry_{name}", getattr(spec.retry, name))
    for name in ("enabled", "pinned", "position", "notes"):
        setattr(task, name, getattr(spec, name))
    return task


def _write_tasks(tree: Tree, specs: Sequence[TaskSpec]) -> None:
    present = {task.uid: task for task in tree.tasks.all()}
    wanted = {spec.id for spec in specs}
    Dependency.objects.filter(tree=tree).delete()
    tree.tasks.exclude(uid__in=wanted).delete() if present.keys() - wanted else None
    rows = [
        fill_task(present.get(spec.id) or Task(tree=tree, uid=spec.id), ordinal, spec)
        for ordinal, spec in enumerate(specs)
    ]
    Task.objects.bulk_update([row for row in rows if row.pk], _COLUMNS, batch_size=_BATCH)
    Task.objects.bulk_create([row for row in rows if not row.pk], batch_size=_BATCH)
    write_edges(tree, specs, {row.uid: row for row in rows})


def write_edges(tree: Tree, specs: Sequence[TaskSpec], rows: dict[str, Task]) -> None:
    """Write the parents and dependencies of `specs`, whose old ones are gone; `rows` has every task they name."""
    moved = []
    for spec in specs:
        row = rows[spec.id]
        parent = rows[spec.parent_id] if spec.parent_id else None
        if row.parent_id != (parent.pk if parent else None):
            row.parent = parent
            moved.append(row)
    Task.objects.bulk_update(moved, ["parent"], batch_size=_BATCH)
    Dependency.objects.bulk_create(
        (
            Dependency(
                tree=tree,
                task=rows[spec.id],
                depends_on=rows[edge.id],
                required=edge.required,
                ordinal=ordinal,
            )
            for spec in specs
            for ordinal, edge in enumerate(spec.dependencies)
        ),
        batch_size=_BATCH,
    )
