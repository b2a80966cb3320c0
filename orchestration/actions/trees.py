"""Acts on trees: read as a document, save, import, export. What else is done with them: `keeping`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError, Problem, VersionConflictError
from orchestration.engine.json_values import JSONValue
from orchestration.engine.registry import ExecutorRegistry, default_registry
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.validation import parse_tree, read_tree, tree_problems
from orchestration.models import Dependency, Task, Tree, TreeVersion

from . import audit
from .task_rows import write_tasks

Read = TypeVar("Read")
#: Times that a tree is read while somebody saves it each time.
MAX_READS: Final = 5


class TreeGoneError(InvalidDefinitionError, Tree.DoesNotExist):
    """The tree was deleted by somebody else in the meantime.

    It is both: to the API a tree that is not there, and to whatever starts runs by itself a refusal.
    """

    def __init__(self) -> None:
        super().__init__([Problem("$.tree", "was deleted in the meantime")])


def task_spec(task: Task, dependencies: Iterable[DependencySpec], parent_uid: str | None) -> TaskSpec:
    """Return a stored task as plain data."""
    return TaskSpec(
        id=task.uid,
        name=task.name,
        executor=task.executor,
        inputs=task.inputs,
        params=task.params,
        schemas=task.schemas,
        priority=task.priority,
        parent_id=parent_uid,
        dependencies=tuple(dependencies),
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
    """Return a stored tree as plain data, in a constant number of queries. Without a lock: see `consistent_spec`."""
    return TreeSpec(
        name=tree.name,
        tasks=tuple(task_specs(list(tree.tasks.order_by("ordinal", "id")))),
        description=tree.description,
        tags=tuple(tree.tags),
        parameters=tree.parameters,
        max_concurrency=tree.max_concurrency,
        timeout_seconds=tree.timeout_seconds,
    )


def consistent_spec(tree: Tree) -> TreeSpec:
    """Return a stored tree as plain data, all of one version, which `tree` is at then; see `at_one_version`."""
    return at_one_version(tree, lambda: tree_spec(tree))


def at_one_version(tree: Tree, read: Callable[[], Read]) -> Read:
    """Return what `read` finds in the rows of a tree, all of one version; `tree` is read again until it is at that one.

    A lock would let whoever starts a run wait for a save. Raises TreeGoneError, and NotPossibleError when somebody
    saves it again and again.
    """
    try:
        for _ in range(MAX_READS):
            found = read()
            if Tree.objects.values_list("version", flat=True).get(pk=tree.pk) == tree.version:
                return found
            tree.refresh_from_db()
    except Tree.DoesNotExist as error:
        raise TreeGoneError from error
    raise NotPossibleError("The tree is being saved again and again: try again in a moment")


def task_specs(tasks: Sequence[Task]) -> list[TaskSpec]:
    """Return stored tasks as plain data, with two queries in all."""
    uids = {task.pk: task.uid for task in tasks}
    elsewhere = {task.parent_id for task in tasks if task.parent_id} - uids.keys()
    if elsewhere:
        uids |= dict(Task.objects.filter(pk__in=elsewhere).values_list("pk", "uid"))
    edges: dict[int, list[DependencySpec]] = {}
    found = Dependency.objects.filter(task__in=[task.pk for task in tasks]).order_by("ordinal", "id")
    # Plain values: objects of rows would take longer than all the rest.
    for task_pk, uid, required in found.values_list("task_id", "depends_on__uid", "required"):
        edges.setdefault(task_pk, []).append(DependencySpec(uid, required))
    return [task_spec(task, edges.get(task.pk, ()), uids[task.parent_id] if task.parent_id else None) for task in tasks]


def stored_spec(task: Task) -> TaskSpec:
    """Return one stored task as plain data."""
    return task_specs([task])[0]


def check_tree(spec: TreeSpec, registry: ExecutorRegistry | None = default_registry) -> None:
    """Raise InvalidDefinitionError with everything that keeps the tree from running."""
    problems = tree_problems(spec, registry)
    if problems:
        raise InvalidDefinitionError(problems)


def import_tree(raw: bytes | str, *, user: AbstractBaseUser | None = None, name: str = "") -> Tree:
    """Store a document's tree as a new one. Raises InvalidDefinitionError, and stores nothing then."""
    return create_tree(parse_tree(raw, default_registry, name), user=user, message="Imported", act="tree.import")


def import_document(document: JSONValue, *, user: AbstractBaseUser | None = None, name: str = "") -> Tree:
    """The same for a document that is parsed already."""
    return create_tree(read_tree(document, default_registry, name), user=user, message="Imported", act="tree.import")


def export_tree(tree: Tree) -> dict[str, Any]:
    """Return a tree as its portable document."""
    return consistent_spec(tree).as_json()


def create_tree(
    spec: TreeSpec, *, user: AbstractBaseUser | None = None, message: str = "", act: str = "tree.create"
) -> Tree:
    """Store a new tree. `act` is what the audit trail calls it."""
    with transaction.atomic():
        tree = Tree.objects.create(name=spec.name, owner_id=user.pk if user else None, version=0)
        save_definition(tree, spec, user=user, message=message, act=act)
    return tree


def save_definition(
    tree: Tree,
    spec: TreeSpec,
    *,
    user: AbstractBaseUser | None = None,
    message: str = "",
    expected_version: int | None = None,
    act: str = "tree.save",
) -> TreeVersion:
    """Make `spec` the tree's definition: tasks are matched by id, the version grows by one and is kept whole.

    The caller has validated `spec`; the database's constraints hold what must hold in any case. Raises
    VersionConflictError when the tree is not at `expected_version` (None: whatever it is at); nothing is stored then.
    """
    with transaction.atomic():
        lock_tree(tree, expected_version)
        tree.version += 1
        tree.name, tree.description, tree.tags = spec.name, spec.description, list(spec.tags)
        tree.parameters, tree.max_concurrency = spec.parameters, spec.max_concurrency
        tree.timeout_seconds = spec.timeout_seconds
        tree.save(update_fields=[*_TREE_COLUMNS, "updated_at"])
        write_tasks(tree, spec.tasks)
        return _keep_version(tree, spec, user, message, act)


def record_version(
    tree: Tree, user: AbstractBaseUser | None, message: str, expected_version: int | None = None
) -> TreeVersion:
    """Let the version of a tree that was edited piece by piece grow by one, and keep the definition as it is now.

    Raises VersionConflictError like `save_definition`: the caller's transaction takes the edit back then.
    """
    with transaction.atomic():
        lock_tree(tree, expected_version)
        tree.version += 1
        tree.save(update_fields=["version", "updated_at"])
        return _keep_version(tree, tree_spec(tree), user, message, "tree.save")


def lock_tree(tree: Tree, expected_version: int | None = None) -> None:
    """Keep others from saving until the transaction ends, and take over the version that is stored.

    Runs can be started meanwhile: those are kept waiting by a deletion only, see `keeping.lock_for_deletion`. Raises
    Tree.DoesNotExist, and VersionConflictError when the version is not `expected_version`.
    """
    tree.version = Tree.objects.select_for_update(no_key=True).only("version").get(pk=tree.pk).version
    if expected_version is not None and tree.version != expected_version:
        raise VersionConflictError(tree.version, expected_version)


def _keep_version(tree: Tree, spec: TreeSpec, user: AbstractBaseUser | None, message: str, act: str) -> TreeVersion:
    version = TreeVersion.objects.create(
        tree=tree,
        number=tree.version,
        definition=spec.as_json(),
        author_id=user.pk if user else None,
        message=message[:500],
    )
    audit.record(act, tree, user=user, reason=message, detail={"version": tree.version, "tasks": len(spec.tasks)})
    return version


_TREE_COLUMNS = ("version", "name", "description", "tags", "parameters", "max_concurrency", "timeout_seconds")
