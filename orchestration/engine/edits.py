"""Changing one task or one dependency of a portable document. What comes out is for the validator to judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from .errors import InvalidDefinitionError, Problem, TaskNotFoundError
from .json_values import JSONValue, path_join

#: The tasks of a document, as JSON; the functions change the list they are given.
Tasks: TypeAlias = list[dict[str, Any]]

_FIXED: Final = {
    "id": "can't be changed: other tasks and old runs know the task by it",
    "dependencies": "is changed by PUT and DELETE of …/dependencies/{other}",
}


class DependencyNotFoundError(TaskNotFoundError):
    """The task has no such dependency."""


def place_of(tasks: Tasks, uid: str) -> int:
    """Return where a task stands. Raises TaskNotFoundError."""
    for index, task in enumerate(tasks):
        if task["id"] == uid:
            return index
    raise TaskNotFoundError(f"The tree has no task {uid!r}")


def change_task(tasks: Tasks, uid: str, fields: Mapping[str, JSONValue]) -> None:
    """Put new values into fields of a task. Raises TaskNotFoundError and InvalidDefinitionError."""
    index = place_of(tasks, uid)
    problems = [Problem(path_join("$", key), why) for key, why in _FIXED.items() if key in fields]
    if problems:
        raise InvalidDefinitionError(problems)
    tasks[index] = {**tasks[index], **fields}


def remove_task(tasks: Tasks, uid: str, *, reconnect: bool = False) -> None:
    """Take a task out, with the dependencies on it; its children move up to its parent.

    With `reconnect`, what waited for it waits for what it waited for; such an edge is required when both were.
    Raises TaskNotFoundError.
    """
    gone = tasks.pop(place_of(tasks, uid))
    for task in tasks:
        if task["parent_id"] == uid:
            task["parent_id"] = gone["parent_id"]
        task["dependencies"] = _without(task, gone, reconnect)


def _without(task: dict[str, Any], gone: dict[str, Any], reconnect: bool) -> list[dict[str, Any]]:
    """The dependencies of a task after another one is gone; those it inherits stand in the place of the one it had."""
    known = {edge["id"] for edge in task["dependencies"]}
    edges = []
    for edge in task["dependencies"]:
        if edge["id"] != gone["id"]:
            edges.append(edge)
        elif reconnect:
            edges += [
                {"id": upstream["id"], "required": edge["required"] and upstream["required"]}
                for upstream in gone["dependencies"]
                if upstream["id"] not in known and upstream["id"] != task["id"]
            ]
    return edges


def set_dependency(tasks: Tasks, uid: str, other: str, *, required: bool) -> bool:
    """Let a task wait for another, or change how it does; True when it did not before. Raises TaskNotFoundError."""
    task = tasks[place_of(tasks, uid)]
    place_of(tasks, other)
    for edge in task["dependencies"]:
        if edge["id"] == other:
            edge["required"] = required
            return False
    task["dependencies"].append({"id": other, "required": required})
    return True


def remove_dependency(tasks: Tasks, uid: str, other: str) -> None:
    """Let a task wait for another no more. Raises TaskNotFoundError and DependencyNotFoundError."""
    task = tasks[place_of(tasks, uid)]
    edges = [edge for edge in task["dependencies"] if edge["id"] != other]
    if len(edges) == len(task["dependencies"]):
        raise DependencyNotFoundError(f"{uid!r} does not depend on {other!r}")
    task["dependencies"] = edges
