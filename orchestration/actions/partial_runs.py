"""Starting a part of a tree, with results of an earlier run where the part needs them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Count, Q

from orchestration.engine.definition import TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.partial import Mode, Part, carry_out_part, plan_part
from orchestration.engine.registry import default_registry
from orchestration.engine.rerun import Earlier, can_reuse
from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun, Tree
from orchestration.models.execution import RunQuerySet

from .reruns import LARGE, results_of, task_run_spec
from .runs import RunRequest, start_spec
from .trees import check_tree, consistent_spec

#: Runs of the tree that are looked through for results, and of those that have them, how many are compared.
_LOOKED_THROUGH: Final = 200
_COMPARED: Final = 5
#: Problems listed before the rest is only counted.
_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Only:
    """Which part, and the run whose results it takes over; None: the latest one of `earlier` that has them.

    `earlier` are the runs that whoever starts it may see.
    """

    mode: Mode
    task: str
    earlier: RunQuerySet
    reuse_run: Run | None = None


def start_part(tree: Tree, only: Only, request: RunRequest) -> Run:
    """Start a run of a part of a tree. Raises InvalidDefinitionError, also when a result that it needs is missing."""
    spec = consistent_spec(tree)
    check_tree(spec)
    _refuse(_problems(spec, tree, only))
    part = plan_part(spec, only.mode, only.task, default_registry)
    source, usable = _source(spec, tree, part, only)
    if source is not None:
        reused = results_of(source, usable)
        request = replace(request, parent_run=str(source.pk), reused=reused)
    return start_spec(carry_out_part(spec, part, usable), request, tree)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidDefinitionError(problems)


def _problems(spec: TreeSpec, tree: Tree, only: Only) -> list[Problem]:
    task = next((task for task in spec.tasks if task.id == only.task), None)
    if task is None:
        return [Problem("$.only.task", f"there is no task with the id {only.task!r}")]
    if not task.enabled:
        return [Problem("$.only.task", f"{task.name!r} is disabled")]
    if only.reuse_run is None:
        return []
    if only.mode is Mode.UP_TO:
        return [Problem("$.only.reuse_run", "with up_to everything before the task runs, and nothing is taken over")]
    if only.reuse_run.tree_id != tree.pk:
        return [Problem("$.only.reuse_run", "is a run of another tree")]
    return []


def _source(spec: TreeSpec, tree: Tree, part: Part, only: Only) -> tuple[Run | None, Collection[str]]:
    """Return the run to take results from and the tasks whose results are taken. Raises InvalidDefinitionError."""
    if not part.needs:
        return only.reuse_run, ()
    required = {uid for uid, is_required in part.needs.items() if is_required}
    candidates = [only.reuse_run] if only.reuse_run else _latest_with(required or set(part.needs), tree, only.earlier)
    found = [(run, _usable(spec, part, run)) for run in candidates]
    for run, usable in found:
        if required <= usable:
            return run, usable
    if required:
        nearest = found[0][0] if found else None
        raise InvalidDefinitionError(_missing(spec, required.difference(*(usable for _, usable in found[:1])), nearest))
    return None, ()


def _latest_with(uids: set[str], tree: Tree, earlier: RunQuerySet) -> list[Run]:
    latest = earlier.filter(tree=tree).newest_first().values("pk")[:_LOOKED_THROUGH]
    completed = Q(task_runs__status=Status.COMPLETED, task_runs__task_uid__in=uids)
    counted = Run.objects.filter(pk__in=latest).annotate(found=Count("task_runs", filter=completed))
    return list(counted.filter(found=len(uids)).newest_first()[:_COMPARED])


def _usable(spec: TreeSpec, part: Part, run: Run) -> set[str]:
    rows = run.task_runs.filter(task_uid__in=part.needs, status=Status.COMPLETED).defer(*LARGE)
    earlier = {row.task_uid: Earlier(task_run_spec(row), Status.COMPLETED, True) for row in rows}
    return {task.id for task in spec.tasks if task.id in part.needs and can_reuse(task, earlier.get(task.id))}


def _missing(spec: TreeSpec, uids: set[str], run: Run | None) -> list[Problem]:
    changed = set(_completed(run, uids)) if run else set()
    found = [(task.name, task.id in changed) for task in spec.tasks if task.id in uids]
    problems = [Problem("$.only", f"{name!r} {_why_missing(run, is_changed)}") for name, is_changed in found[:_LISTED]]
    more = len(found) - _LISTED
    return [*problems, Problem("$.only", f"and {more} more tasks have none")] if more > 0 else problems


def _why_missing(run: Run | None, is_changed: bool) -> str:
    if run is None:
        return "has no result to take over: no run of late has all that are needed; run the tree up to here first"
    if is_changed:
        return f"has changed since the run {run.pk}, so that its result there is of no use"
    return f"has no result to take over: it did not complete in the run {run.pk}"


def _completed(run: Run, uids: Collection[str]) -> list[str]:
    found = TaskRun.objects.filter(run=run, task_uid__in=uids, status=Status.COMPLETED)
    return list(found.values_list("task_uid", flat=True))
