"""Running a part of a tree: which tasks run, which results of others they need, and the definition that does it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .binding import tasks_used
from .definition import TaskSpec, TreeSpec, called, groups_of, waits_for
from .graph import ancestors
from .registry import ExecutorRegistry


class Mode(StrEnum):
    """Which part: the task alone, with everything it waits for, or with everything that waits for it."""

    TASK = "task"
    UP_TO = "up_to"
    FROM = "from"


@dataclass(slots=True)
class Part:
    """The part of a tree that is to run.

    `needs` are tasks outside whose results it takes over, and whether it can't do without; `pinned` are those that
    have a pinned result anyway.
    """

    runs: frozenset[str]
    needs: dict[str, bool] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)


def plan_part(spec: TreeSpec, mode: Mode, uid: str, registry: ExecutorRegistry) -> Part:
    """Find the part of a valid tree that a task stands for. A group stands for its tasks too."""
    groups = groups_of(spec.tasks, registry)
    part = Part(frozenset(_running(mode, {uid} | ancestors(uid, groups), waits_for(spec.tasks, groups))))
    tasks = {task.id: task for task in spec.tasks}
    meant = called((task.id, task.name) for task in spec.tasks)
    for task in spec.tasks:
        if task.id in part.runs and task.enabled:
            for other, required in _inputs_of(task, meant, groups):
                _need(part, tasks[other], required)
    return part


def carry_out_part(spec: TreeSpec, part: Part, reused: Container[str]) -> TreeSpec:
    """Return the definition in which the part runs, `reused` results are taken over, and nothing else happens."""
    return replace(spec, tasks=tuple(_carried_out(task, part, reused) for task in spec.tasks))


def _running(mode: Mode, chosen: set[str], waits: Mapping[str, list[str]]) -> set[str]:
    if mode is Mode.TASK:
        return chosen
    graph = waits if mode is Mode.UP_TO else _reversed(waits)
    return chosen.union(*(ancestors(uid, graph) for uid in chosen))


def _reversed(waits: Mapping[str, list[str]]) -> dict[str, list[str]]:
    followers: dict[str, list[str]] = {uid: [] for uid in waits}
    for uid, upstream in waits.items():
        for other in upstream:
            followers[other].append(uid)
    return followers


def _inputs_of(task: TaskSpec, meant: Mapping[str, str], groups: Mapping[str, list[str]]) -> Iterator[tuple[str, bool]]:
    """Yield the tasks that a task waits for or names in expressions. A group ends well without a task left out."""
    for edge in task.dependencies:
        yield edge.id, edge.required
    for name in sorted(tasks_used(task.inputs)):
        if name in meant:
            yield meant[name], True
    for child in groups.get(task.id, ()):
        yield child, False


def _need(part: Part, task: TaskSpec, required: bool) -> None:
    if task.id in part.runs:
        return
    if task.pinned is not None and task.enabled:
        part.pinned.add(task.id)
    else:
        part.needs[task.id] = part.needs.get(task.id, False) or required


def _carried_out(task: TaskSpec, part: Part, reused: Container[str]) -> TaskSpec:
    if task.id in part.runs or task.id in reused:
        return task
    # What the pinned one waits for is left out, and would take it along.
    return replace(task, dependencies=()) if task.id in part.pinned else replace(task, enabled=False)
