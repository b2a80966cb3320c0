"""`TaskRepository`: stored tasks for Python authors. Every method is async; each call is one transaction."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async

from orchestration.actions.keeping import delete_tree
from orchestration.actions.sdk.session import Session
from orchestration.actions.sdk.storing import Named, names_of, specs_of, store_tasks, trees_locked
from orchestration.actions.trees import record_version, stored_spec
from orchestration.engine.definition import TaskSpec
from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, TaskNotFoundError
from orchestration.engine.status import Status
from orchestration.engine.tree_node import TaskTreeNode, create_task
from orchestration.engine.validation import read_array
from orchestration.models import Run, Task, Tree
from orchestration.store.queries import StoredTask


class TaskInUseError(OrchestrationError):
    """The task can't be changed or deleted now."""


#: Fields that `update_task` changes; what a run writes is not among them.
_UPDATABLE = ("name", "executor", "inputs", "params", "schemas", "priority", "dependencies", "parent_id")


class TaskRepository:
    """Reads and writes stored tasks. What a run makes of a task (status, result, error) is read-only here."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def create_task(self, name: str, **fields: Any) -> StoredTask:
        """Store a task and return it; for the fields see `apflow.create_task`.

        It joins the tree of its first dependency or parent, or starts a tree of its own. Raises
        InvalidDefinitionError naming every field that is wrong; nothing is stored then.
        """
        draft = create_task(name, **fields)
        return await self._get_from(await sync_to_async(_store)(draft, draft.user_id), draft.id)

    async def get_task_by_id(self, task_id: str) -> StoredTask | None:
        """Return the task with this id and what its latest run made of it; None when there is none."""
        return await sync_to_async(self.session.queries.task_by_id)(task_id)

    async def _get(self, task_id: str) -> StoredTask:
        task = await self.get_task_by_id(task_id)
        if task is None:
            raise TaskNotFoundError(f"There is no task {task_id!r}")
        return task

    async def _get_from(self, tree: Tree, task_id: str) -> StoredTask:
        """Return the task that was just stored in a tree, whatever happens to its copies."""
        for task in await sync_to_async(self.session.queries.tasks_by_ids)([task_id]):
            if task.tree_id == str(tree.pk):
                return task
        return await self._get(task_id)

    async def get_tasks_by_status(self, status: str) -> list[StoredTask]:
        """Return tasks of a status. Raises ValueError for a word that is no status."""
        return await sync_to_async(self.session.queries.tasks_by_status)(Status(status).value)

    async def list_tasks(self, status: str | None = None, limit: int = 100, offset: int = 0) -> list[StoredTask]:
        """Return tasks, newest first."""
        return await sync_to_async(_list)(self.session, status, limit, offset)

    async def update_task(self, task_id: str, **fields: Any) -> StoredTask:
        """Change fields of a task's definition and return it. Raises TaskNotFoundError, ValueError for other fields,
        InvalidDefinitionError for wrong values."""
        wrong = set(fields) - set(_UPDATABLE)
        if wrong:
            raise ValueError(
                f"update_task changes {', '.join(_UPDATABLE)}; {', '.join(sorted(wrong))} is written by runs alone"
            )
        return await self._get_from(await sync_to_async(_update)(task_id, fields), task_id)

    async def delete_task(self, task_id: str) -> bool:
        """Delete a task; False when there is none. Raises TaskInUseError while others need it or a run goes on."""
        return await sync_to_async(_delete)(task_id)

    async def get_task_tree(self, task_id: str) -> TaskTreeNode:
        """Return the task and everything below it. Raises TaskNotFoundError."""
        nodes: dict[str, TaskTreeNode] = {}
        while task_id not in nodes:  # again when it has moved between the two reads
            tree_id = (await self._get(task_id)).tree_id
            tasks = await sync_to_async(self.session.queries.tasks_of_tree)(tree_id)
            nodes = {stored.id: TaskTreeNode(stored) for stored in tasks}
        for stored in (node.task for node in nodes.values()):
            if stored.parent_id in nodes and stored.id != task_id:
                nodes[stored.parent_id].add_child(nodes[stored.id])
        return nodes[task_id]

    async def get_children(self, parent_id: str) -> list[StoredTask]:
        """Return the tasks directly below one."""
        return [child.task for child in (await self.get_task_tree(parent_id)).children]


def _store(task: Any, user_id: str | None) -> Tree:
    specs = specs_of([(task, None)])
    return store_tasks(names_of(specs), lambda rows: specs, {task.id: user_id}, task.name)


def _list(session: Session, status: str | None, limit: int, offset: int) -> list[StoredTask]:
    rows = Task.objects.order_by("-created_at", "-id").values_list("tree_id", "uid")[offset : offset + limit]
    keys = [(str(tree_id), uid) for tree_id, uid in rows]
    found = {(task.tree_id, task.id): task for task in session.queries.tasks_by_ids([uid for _, uid in keys])}
    return [found[key] for key in keys if key in found and status in (None, found[key].status)]


def _update(task_id: str, fields: dict[str, Any]) -> Tree:
    def define(rows: dict[str, Task]) -> tuple[TaskSpec, ...]:
        if task_id not in rows:
            raise TaskNotFoundError(f"There is no task {task_id!r}")
        return read_array([stored_spec(rows[task_id]).as_json() | fields])

    return store_tasks(_names_in(task_id, fields), define, {}, "")


def _names_in(task_id: str, fields: dict[str, Any]) -> list[Named]:
    """Name a task and what it is to refer to. What is wrong with its fields is said when the others are known."""
    references: dict[str, Any] = {key: fields[key] for key in ("dependencies", "parent_id") if key in fields}
    try:
        return names_of(read_array([{"id": task_id, "name": task_id, **references}]))
    except InvalidDefinitionError:
        return [Named(task_id)]


def _delete(task_id: str) -> bool:
    with trees_locked([Named(task_id)]) as (_, rows):
        row = rows.get(task_id)
        if row is None:
            return False
        if row.dependents.exists() or row.children.exists():
            raise TaskInUseError(f"Task {row.name!r} has children or others depend on it; remove those first")
        if Run.objects.active().filter(tree_id=row.tree_id, task_runs__task_uid=task_id).exists():
            raise TaskInUseError(f"A run of task {row.name!r} is going on; cancel it or wait for its end")
        row.delete()
        if row.tree.tasks.exists():
            record_version(row.tree, None, f"Task {row.name} deleted by a program")
        else:
            delete_tree(row.tree, reason="Its last task was deleted by a program")
    return True
