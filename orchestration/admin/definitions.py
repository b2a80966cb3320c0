"""Keeps definitions valid while they are edited piece by piece: a change is tried on the tree's plain data first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.core.exceptions import ValidationError

from orchestration.actions.trees import tree_spec
from orchestration.engine.definition import DependencySpec, TaskSpec
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import graph_problems
from orchestration.models import Task, Tree

Change = Callable[[TaskSpec], TaskSpec]


def check_task(task: Task, edges: tuple[DependencySpec, ...] | None) -> None:
    """Raise ValidationError when the tree would be broken with `task` as it stands in the form.

    `edges` are the dependencies it will have; None keeps those that it has.
    """
    parent_uid = task.parent.uid if task.parent else None

    def change(spec: TaskSpec) -> TaskSpec:
        changed = replace(
            spec, name=task.name, executor=task.executor or None, params=task.params, schemas=task.schemas
        )
        return replace(changed, parent_id=parent_uid, dependencies=spec.dependencies if edges is None else edges)

    _check(task.tree, task.uid, change)


def check_edge(task: Task, depends_on: Task, old: tuple[Task, Task] | None) -> None:
    """Raise ValidationError when the tree would be broken with this edge in place of the `old` one."""

    def change(spec: TaskSpec) -> TaskSpec:
        edges = spec.dependencies
        if old is not None and old[0].uid == spec.id:
            edges = tuple(edge for edge in edges if edge.id != old[1].uid)
        if spec.id == task.uid:
            edges = (*edges, DependencySpec(depends_on.uid))
        return replace(spec, dependencies=edges)

    _check(task.tree, None, change)


def _check(tree: Tree, uid: str | None, change: Change) -> None:
    """Apply `change` to the task `uid` (which may be a new one), or to all, and check the graph."""
    tasks = tree_spec(tree).tasks
    if uid is not None and all(spec.id != uid for spec in tasks):
        tasks = (*tasks, TaskSpec(uid, uid))
    changed = tuple(change(spec) if uid in (None, spec.id) else spec for spec in tasks)
    problems = graph_problems(changed, default_registry)
    if problems:
        # The paths point into a document that people don't see here.
        raise ValidationError([_sentence(problem.message) for problem in problems[:10]], code="graph")


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
