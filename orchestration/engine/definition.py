"""A tree as people draw it: plain frozen data, and its one portable JSON form."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Container, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from .json_values import JSONValue
from .retry import RetryPolicy

FORMAT: Final = "apflow-tree"
FORMAT_VERSION: Final = 1
DEFAULT_PRIORITY: Final = 2
PRIORITIES: Final = range(4)
MAX_NAME_CHARS: Final = 255
MAX_TASKS: Final = 100_000
#: The least and the most that people may write: tasks of a run at a time, seconds of an attempt or a run.
CONCURRENCY: Final = (1, 10_000)
TIMEOUT_SECONDS: Final = (0.001, 31_536_000)
MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024


def new_id() -> str:
    """Return a fresh id for a task, a tree or a run."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class DependencySpec:
    """An edge: the task waits for task `id`; with `required` it runs only when that one completed."""

    id: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task of a tree. `timeout_seconds` None means no limit; `pinned` is `{"result": …}` or None."""

    id: str
    name: str
    executor: str | None = None
    inputs: dict[str, JSONValue] = field(default_factory=dict)
    params: dict[str, JSONValue] = field(default_factory=dict)
    schemas: dict[str, JSONValue] = field(default_factory=dict)
    priority: int = DEFAULT_PRIORITY
    parent_id: str | None = None
    dependencies: tuple[DependencySpec, ...] = ()
    timeout_seconds: float | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    enabled: bool = True
    pinned: dict[str, JSONValue] | None = None
    position: dict[str, JSONValue] | None = None
    notes: str = ""

    @property
    def named_executor(self) -> str | None:
        """The executor that the task names itself, by field, params or schemas; None when it names none."""
        return named_executor(self.executor, self.params, self.schemas)

    def as_json(self) -> dict[str, Any]:
        """Return the task as it stands in the portable document; what has its default value is left out."""
        plain: dict[str, Any] = {"id": self.id, "name": self.name, "executor": self.executor}
        plain |= {"inputs": self.inputs, "priority": self.priority, "parent_id": self.parent_id}
        plain["dependencies"] = [{"id": edge.id, "required": edge.required} for edge in self.dependencies]
        optional: dict[str, tuple[Any, Any]] = {
            "params": (self.params, {}),
            "schemas": (self.schemas, {}),
            "timeout_seconds": (self.timeout_seconds, None),
            "enabled": (self.enabled, True),
            "pinned": (self.pinned, None),
            "position": (self.position, None),
            "notes": (self.notes, ""),
        }
        plain |= {key: value for key, (value, default) in optional.items() if value != default}
        if self.retry != RetryPolicy():
            plain["retry"] = asdict(self.retry)
        return plain


@dataclass(frozen=True, slots=True)
class TreeSpec:
    """A whole tree. `parameters` is a JSON Schema of what a run may be given, or None for anything.

    `max_concurrency` bounds the tasks of one run at a time, `timeout_seconds` the whole run; None is no limit.
    """

    name: str
    tasks: tuple[TaskSpec, ...]
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: dict[str, JSONValue] | None = None
    max_concurrency: int | None = None
    timeout_seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the portable document."""
        tree: dict[str, Any] = {"name": self.name, "description": self.description, "tags": list(self.tags)}
        tree |= {"parameters": self.parameters, "max_concurrency": self.max_concurrency}
        tree["timeout_seconds"] = self.timeout_seconds
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "tree": tree,
            "tasks": [task.as_json() for task in self.tasks],
        }


def named_executor(executor: str | None, params: dict[str, Any], schemas: dict[str, Any]) -> str | None:
    """Return the executor that a task names itself, by field, params or schemas; None when it names none."""
    for said in (executor, params.get("executor_id"), schemas.get("method"), schemas.get("executor")):
        if isinstance(said, str) and said:
            return said
    return None


def resolved_executor(task: TaskSpec, known_executors: Container[str]) -> str | None:
    """Return the executor that a task is run by: the one it names, or the one that has its name; None for a group."""
    return task.named_executor or (task.name if task.name in known_executors else None)


class Member(NamedTuple):
    """What decides whether a task is a group, and of what: `runs` tells whether it has an executor."""

    id: str
    parent_id: str | None
    runs: bool
    dependencies: Collection[str]


def find_groups(members: Iterable[Member]) -> dict[str, list[str]]:
    """Return `group id -> ids of its children` (architecture 6.6).

    A group has no executor and has children, none of which depends on it: a group waits for its children, so such a
    task was meant to run, and fails as what it is, a task without an executor.
    """
    runs = {}
    children: dict[str, list[str]] = {}
    needed_by_child: set[str] = set()
    for member in members:
        runs[member.id] = member.runs
        if member.parent_id is not None:
            children.setdefault(member.parent_id, []).append(member.id)
            if member.parent_id in member.dependencies:
                needed_by_child.add(member.parent_id)
    return {
        parent: below
        for parent, below in children.items()
        if not runs.get(parent, True) and parent not in needed_by_child
    }


def groups_of(tasks: Iterable[TaskSpec], known_executors: Container[str]) -> dict[str, list[str]]:
    """Return the groups of a definition; a name that is an executor's id counts as naming it."""
    return find_groups(
        Member(
            task.id,
            task.parent_id,
            task.named_executor is not None or task.name in known_executors,
            {edge.id for edge in task.dependencies},
        )
        for task in tasks
    )


def called(members: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what a word in an expression means: `word -> id of a task`, from pairs of id and name.

    A name that is one task's alone goes before an id; one that several tasks have means none of them.
    """
    pairs = list(members)
    counts = Counter(name for _, name in pairs)
    return {uid: uid for uid, _ in pairs} | {name: uid for uid, name in pairs if counts[name] == 1}


def waits_for(tasks: tuple[TaskSpec, ...], groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the graph that orders a run: each task's dependencies, and each group's children."""
    return {task.id: [*(edge.id for edge in task.dependencies), *groups.get(task.id, ())] for task in tasks}
