"""Running a tree again in part: a plan first, which is then what happens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .definition import TaskSpec, TreeSpec, groups_of, waits_for
from .json_values import JSONValue
from .registry import ExecutorRegistry
from .status import Status


class Scope(StrEnum):
    """What is to be run again."""

    ALL = "all"
    FAILED = "failed"
    CHOSEN = "chosen"


class Fate(StrEnum):
    """What the plan has for a task."""

    RUN = "run"
    REUSE = "reuse"
    LEFT_OUT = "left_out"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A task of the earlier run: its definition then, and what became of it."""

    spec: TaskSpec
    status: Status
    has_result: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: `chosen` ids with Scope.CHOSEN, and new inputs of some tasks."""

    scope: Scope = Scope.FAILED
    chosen: Collection[str] = ()
    inputs: Mapping[str, dict[str, JSONValue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """The plan for one task, and why."""

    task_id: str
    name: str
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for every task, in the tree's order, and the definition that carries it out."""

    steps: tuple[Step, ...]
    spec: TreeSpec

    def of(self, fate: Fate) -> list[Step]:
        """Return the steps of one fate."""
        return [step for step in self.steps if step.fate is fate]

    def summary(self) -> str:
        """Return the plan in a few words: `3 run, 5 reuse their results, 1 can't run because it requires 'a', …`."""
        words = {
            Fate.RUN: "run",
            Fate.REUSE: "reuse their results",
            Fate.LEFT_OUT: "are left out",
            Fate.CANNOT: "can't run",
        }
        counted = [(len(self.of(fate)), text) for fate, text in words.items()]
        said = ", ".join(f"{count} {text}" for count, text in counted if count) or "nothing to run"
        hindered = self.of(Fate.CANNOT)
        return f"{said} because {hindered[0].reason}" if hindered else said


def plan_rerun(spec: TreeSpec, earlier: Mapping[str, Earlier], wish: Wish, registry: ExecutorRegistry) -> Plan:
    """Plan a new run of `spec` (the earlier definition or the latest one) after an earlier run.

    What runs: what is wished for, what has no result to reuse for it, what has new inputs or a changed definition, and
    everything downstream of it. What was not wished for and has no result is left out; a task that requires it can't
    run. Unknown ids in the wish are ignored by the plan (the caller validates them).
    """
    groups = groups_of(spec.tasks, registry)
    order = _in_order(spec, waits_for(spec.tasks, groups))
    tasks = {task.id: task for task in spec.tasks}
    steps: dict[str, Step] = {}
    for uid in order:
        fate, reason = _decide(tasks[uid], earlier.get(uid), wish, steps, groups.get(uid))
        steps[uid] = Step(uid, tasks[uid].name, fate, reason)
    changed = tuple(_carried_out(task, steps[task.id], wish) for task in spec.tasks)
    return Plan(tuple(steps[task.id] for task in spec.tasks), replace(spec, tasks=changed))


def _in_order(spec: TreeSpec, waits: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the ids so that each comes after everything that it waits for. The definition has no cycle."""
    unmet = {task.id: len(waits[task.id]) for task in spec.tasks}
    dependents: dict[str, list[str]] = {}
    for uid, upstream in waits.items():
        for other in upstream:
            dependents.setdefault(other, []).append(uid)
    free = [task.id for task in spec.tasks if unmet[task.id] == 0]
    for uid in free:
        for dependent in dependents.get(uid, ()):
            unmet[dependent] -= 1
            if unmet[dependent] == 0:
                free.append(dependent)
    return free


def _decide(
    task: TaskSpec, before: Earlier | None, wish: Wish, steps: Mapping[str, Step], children: Sequence[str] | None
) -> tuple[Fate, str]:
    if children is not None:
        return Fate.RUN, "a group, which ends with its tasks"
    for edge in task.dependencies:
        if edge.required and steps[edge.id].fate in (Fate.CANNOT, Fate.LEFT_OUT):
            if not _is_wanted(task, before, wish) and task.id not in wish.inputs and can_reuse(task, before):
                break
            return Fate.CANNOT, f"it requires {steps[edge.id].name!r}, which has no result and is not run"
    if _is_wanted(task, before, wish):
        return Fate.RUN, "chosen" if wish.scope is not Scope.FAILED else "it did not complete"
    if task.id in wish.inputs:
        return Fate.RUN, "it has new inputs"
    upstream = next((steps[edge.id] for edge in task.dependencies if steps[edge.id].fate is Fate.RUN), None)
    if upstream is not None:
        return Fate.RUN, f"{upstream.name!r}, before it, runs again"
    return _leave(task, before)


def _leave(task: TaskSpec, before: Earlier | None) -> tuple[Fate, str]:
    """Decide about a task that nobody asked to be run."""
    if before is None:
        return Fate.RUN, "it is new"
    if not _same_definition(task, before.spec):
        return Fate.RUN, "its definition has changed"
    if can_reuse(task, before):
        return Fate.REUSE, "it completed"
    return Fate.LEFT_OUT, "it did not complete, and was not chosen"


def _is_wanted(task: TaskSpec, before: Earlier | None, wish: Wish) -> bool:
    if wish.scope is Scope.ALL:
        return True
    if wish.scope is Scope.CHOSEN:
        return task.id in wish.chosen
    return before is not None and before.status is not Status.COMPLETED


def can_reuse(task: TaskSpec, before: Earlier | None) -> bool:
    """Tell whether the result of an earlier task stands for what the task would do now."""
    return (
        before is not None
        and before.status is Status.COMPLETED
        and before.has_result
        and _same_definition(task, before.spec)
    )


def _same_definition(task: TaskSpec, before: TaskSpec) -> bool:
    """Tell whether a result of the earlier definition is one of the new: what it runs, with what, after what."""
    same_edges = {(edge.id, edge.required) for edge in task.dependencies} == {
        (edge.id, edge.required) for edge in before.dependencies
    }
    return same_edges and (
        (task.named_executor or task.name, task.inputs, task.params)
        == (before.named_executor or before.name, before.inputs, before.params)
    )


def _carried_out(task: TaskSpec, step: Step, wish: Wish) -> TaskSpec:
    if step.fate in (Fate.LEFT_OUT, Fate.CANNOT):
        return replace(task, enabled=False)
    return replace(task, inputs=wish.inputs[task.id]) if task.id in wish.inputs else task
