"""Tasks and trees as Python authors put them together, before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from .definition import DEFAULT_PRIORITY, new_id
from .status import Status


@dataclass(slots=True, eq=False)
class TaskDraft:
    """A task that is not stored yet; `create_task` makes it. Its fields may be assigned until the tree is run."""

    name: str
    id: str = field(default_factory=new_id)
    executor: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    priority: int = DEFAULT_PRIORITY
    parent_id: str | None = None
    dependencies: list[Any] = field(default_factory=list)
    timeout_seconds: float | None = None
    retry: dict[str, Any] | None = None
    user_id: str | None = None
    notes: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = Status.PENDING
    result: Any = None
    error: str | None = None
    progress: float = 0.0


#: Fields of a task that its author sets.
DEFINITION_FIELDS = (
    *("id", "name", "executor", "inputs", "params", "schemas", "priority", "parent_id", "dependencies"),
    *("timeout_seconds", "retry", "notes"),
)
_SETTABLE = {*DEFINITION_FIELDS, "user_id"}


def create_task(name: str, **values: Any) -> TaskDraft:
    """Make a task. It has its id at once and is stored when its tree is run.

    Fields: `id`, `executor`, `inputs`, `params`, `schemas`, `priority` (0 urgent to 3 low, default 2), `parent_id`,
    `dependencies` (`[{"id": …, "required": True}]`), `timeout_seconds`, `retry` (`{"max_attempts": …, …}`), `notes`,
    `user_id`. The executor is `executor`, else `params["executor_id"]`, else `schemas["method"]`, else
    `schemas["executor"]`, else the name.
    Raises TypeError for a field that does not exist.

    Example::

        fetch = create_task(name="user_data_fetcher", inputs={"user_id": "123"})
        process = create_task(name="user_data_processor", dependencies=[{"id": fetch.id, "required": True}])
    """
    unknown = set(values) - _SETTABLE
    if unknown:
        raise TypeError(f"a task has no field {', '.join(sorted(unknown))}; it has {', '.join(sorted(_SETTABLE))}")
    for name_of, kind in (("inputs", dict), ("params", dict), ("schemas", dict), ("dependencies", list)):
        if values.get(name_of) is None:
            values[name_of] = kind()
    return TaskDraft(name=name, **values)


def task_document(task: Any, parent_id: str | None = None) -> dict[str, Any]:
    """Return a task (a draft or a stored one) as an entry of a plain task array, for the validator."""
    document = {name: getattr(task, name) for name in DEFINITION_FIELDS if getattr(task, name, None) is not None}
    if not document.get("notes"):
        document.pop("notes", None)
    if parent_id is not None:
        document["parent_id"] = parent_id
    return document


class TaskTreeNode:
    """A task with its children. The nesting organises; only dependencies order."""

    def __init__(self, task: Any) -> None:
        self.task = task
        self.children: list[TaskTreeNode] = []

    def add_child(self, child: TaskTreeNode) -> None:
        """Put a node under this one."""
        self.children.append(child)

    def has_children(self) -> bool:
        """Tell whether anything is under this node."""
        return bool(self.children)

    def __iter__(self) -> Iterator[TaskTreeNode]:
        """Yield this node and all below it, parents first, without recursion."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def with_parents(self) -> Iterator[tuple[TaskTreeNode, TaskTreeNode | None]]:
        """Yield each node together with the node it is under."""
        stack: list[tuple[TaskTreeNode, TaskTreeNode | None]] = [(self, None)]
        while stack:
            node, parent = stack.pop()
            yield node, parent
            stack.extend((child, node) for child in reversed(node.children))

    def to_list(self) -> list[Any]:
        """Return all tasks, parents first."""
        return [node.task for node in self]

    def to_mapping(self) -> dict[str, Any]:
        """Return all tasks by id."""
        return {node.task.id: node.task for node in self}

    def calculate_status(self) -> str:
        """Return the status of the whole tree, this node's own task included."""
        statuses = {str(node.task.status) for node in self}
        for status in (Status.FAILED, Status.IN_PROGRESS, Status.CANCELLED):
            if status in statuses:
                return status.value
        return Status.COMPLETED.value if statuses == {Status.COMPLETED.value} else Status.PENDING.value

    def calculate_progress(self) -> float:
        """Return the mean progress of all tasks, 0 to 1."""
        values = [float(node.task.progress or 0) for node in self]
        return sum(values) / len(values)

    def refresh(self, load: Callable[[str], Any]) -> None:
        """Replace each task by what `load(id)` returns, where it returns something."""
        for node in self:
            node.task = load(node.task.id) or node.task

    def output(self) -> dict[str, Any]:
        """Return the tree as nested plain dicts: `{"task": {…}, "children": […]}`."""
        outputs: dict[int, dict[str, Any]] = {}
        top: dict[str, Any] = {}
        for node, parent in self.with_parents():
            plain = {"task": plain_task(node.task), "children": []}
            outputs[id(node)] = plain
            if parent is None:
                top = plain
            else:
                outputs[id(parent)]["children"].append(plain)
        return top

    def output_list(self) -> list[dict[str, Any]]:
        """Return all tasks as plain dicts, parents first."""
        return [plain_task(node.task) for node in self]


def plain_task(task: Any) -> dict[str, Any]:
    """Return a task's fields as a dict, with times as ISO text."""
    values = {field.name: getattr(task, field.name) for field in fields(task)}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}
