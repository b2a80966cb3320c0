"""`TaskBuilder` and the functions around it: putting a task or a tree together step by step."""

from __future__ import annotations

from typing import Any, Self

from orchestration.actions.sdk.manager import TaskManager
from orchestration.actions.sdk.session import Session, get_default_session
from orchestration.engine.errors import ExecutorNotFoundError, TaskNotFoundError
from orchestration.engine.json_values import JSONValue
from orchestration.engine.made import refresh_made
from orchestration.engine.registry import default_registry
from orchestration.engine.tree_node import TaskDraft, TaskTreeNode, create_task
from orchestration.engine.validation import read_tree
from orchestration.store.made_executors import read_made_once


class TaskBuilder:
    """Builds one task, fluently.

    Example::

        node = await (
            TaskBuilder(manager, "rest_executor")
            .with_name("fetch")
            .with_input("url", "https://example.org")
            .depends_on(login.id)
            .build()
        )
    """

    def __init__(self, task_manager: TaskManager, executor_id: str, name: str | None = None, **fields: Any) -> None:
        if executor_id not in default_registry:
            refresh_made(default_registry, read_made_once)
        if executor_id not in default_registry:
            raise ExecutorNotFoundError(f"No executor {executor_id!r} is registered")
        self._manager = task_manager
        self._fields: dict[str, Any] = {"executor": executor_id, "name": name or executor_id, **fields}

    def _with(self, **fields: Any) -> Self:
        self._fields |= fields
        return self

    def with_name(self, name: str) -> Self:
        """Set the name."""
        return self._with(name=name)

    def with_user(self, user_id: str) -> Self:
        """Set the user that the task belongs to."""
        return self._with(user_id=user_id)

    def with_parent(self, parent_id: str) -> Self:
        """Put the task under another one."""
        return self._with(parent_id=parent_id)

    def with_priority(self, priority: int) -> Self:
        """Set the priority, 0 (urgent) to 3 (low)."""
        return self._with(priority=priority)

    def with_inputs(self, inputs: dict[str, Any]) -> Self:
        """Set all inputs."""
        return self._with(inputs=dict(inputs))

    def with_input(self, key: str, value: Any) -> Self:
        """Set one input."""
        return self._with(inputs={**self._fields.get("inputs", {}), key: value})

    def with_params(self, params: dict[str, Any]) -> Self:
        """Set the executor's parameters."""
        return self._with(params=dict(params))

    def with_schemas(self, schemas: dict[str, Any]) -> Self:
        """Set the schemas."""
        return self._with(schemas=dict(schemas))

    def with_dependencies(self, dependencies: list[Any]) -> Self:
        """Set all dependencies."""
        return self._with(dependencies=list(dependencies))

    def depends_on(self, *task_ids: str, required: bool = True) -> Self:
        """Add dependencies."""
        edges = [{"id": task_id, "required": required} for task_id in task_ids]
        return self._with(dependencies=[*self._fields.get("dependencies", []), *edges])

    async def copy_of(self, task_id: str) -> Self:
        """Take inputs, params, schemas and priority over from a stored task. Raises TaskNotFoundError."""
        task = await self._manager.task_repository.get_task_by_id(task_id)
        if task is None:
            raise TaskNotFoundError(f"There is no task {task_id!r}")
        return self._with(inputs=task.inputs, params=task.params, schemas=task.schemas, priority=task.priority)

    def draft(self) -> TaskDraft:
        """Return the task without storing it."""
        return create_task(**self._fields)

    async def build(self) -> TaskTreeNode:
        """Store the task and return its node."""
        return TaskTreeNode(await self._manager.task_repository.create_task(**self._fields))

    async def execute(self) -> dict[str, Any]:
        """Store the task, run it, and return `{"status", "progress", "root_task_id", "result", "error"}`."""
        return _summary(await self._manager.distribute_task_tree(await self.build()))


def _summary(node: TaskTreeNode) -> dict[str, Any]:
    task = node.task
    return {
        "status": node.calculate_status(),
        "progress": node.calculate_progress(),
        "root_task_id": task.id,
        "result": task.result,
        "error": task.error,
    }


class TaskCreator:
    """Makes trees of nodes from plain arrays of tasks."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def create_task_tree_from_array(self, tasks: list[JSONValue]) -> TaskTreeNode:
        """Validate an array with one root and return its tree; it is stored when it is run.

        Parents and dependencies may be given by id or by name. Raises InvalidDefinitionError with every problem, and
        ValueError when there is not exactly one task without a parent.
        """
        spec = read_tree(tasks, None)
        nodes = {task.id: TaskTreeNode(create_task(**_fields(task.as_json()))) for task in spec.tasks}
        roots = [nodes[task.id] for task in spec.tasks if task.parent_id is None]
        if len(roots) != 1:
            raise ValueError(f"an array of tasks has exactly one root (a task without parent_id), not {len(roots)}")
        for task in spec.tasks:
            if task.parent_id is not None:
                nodes[task.parent_id].add_child(nodes[task.id])
        return roots[0]


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in ("enabled", "pinned", "position")}


class TaskExecutor:
    """Runs trees and arrays; a thin shell over `TaskManager`."""

    def __init__(self, session: Session | None = None) -> None:
        self._session = session or get_default_session()

    async def execute_task_tree(self, task_tree: TaskTreeNode) -> dict[str, Any]:
        """Run a tree and return its summary."""
        return _summary(await TaskManager(self._session).distribute_task_tree(task_tree))

    async def execute_tasks(self, tasks: list[JSONValue]) -> dict[str, Any]:
        """Run an array of tasks and return the summary of its root."""
        return await self.execute_task_tree(await TaskCreator(self._session).create_task_tree_from_array(tasks))

    async def execute_task_by_id(self, task_id: str) -> dict[str, Any]:
        """Run one stored task with what it still depends on."""
        return _summary(TaskTreeNode(await TaskManager(self._session).execute_task(task_id)))


async def execute_tasks(tasks: list[JSONValue]) -> dict[str, Any]:
    """Run an array of tasks in this process and return the summary of its root."""
    return await TaskExecutor().execute_tasks(tasks)
