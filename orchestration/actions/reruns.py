"""Running a run's tree again: plan, and carry the plan out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser

from orchestration.actions.executor_rights import executor_problems
from orchestration.actions.runs import insert_audited, with_defaults
from orchestration.actions.trees import consistent_spec
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import encode, find_problem, path_join
from orchestration.engine.registry import default_registry
from orchestration.engine.rerun import Earlier, Fate, Plan, Scope, Wish, plan_rerun
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.status import Status
from orchestration.engine.validation import mask_problems, parameter_problems, tree_problems
from orchestration.models import Run, TaskRun
from orchestration.store.snapshots import NewRun, Reused

#: Columns that can be large and say nothing of a definition.
LARGE: Final = ("result", "resolved_inputs")


class NothingToRerunError(InvalidDefinitionError):
    """The plan of a re-run has no task to run."""


def run_spec(run: Run) -> TreeSpec:
    """Return the definition that a run had, as plain data."""
    return TreeSpec(
        name=run.tree_name,
        tasks=tuple(task_run_spec(row) for row in run.task_runs.defer(*LARGE).order_by("ordinal")),
        max_concurrency=run.max_concurrency,
        timeout_seconds=run.timeout_seconds,
    )


def task_run_spec(row: TaskRun) -> TaskSpec:
    """Return the definition that a task had in a run, as plain data."""
    return TaskSpec(
        id=row.task_uid,
        name=row.name,
        executor=row.executor,
        inputs=row.inputs,
        params=row.params,
        schemas=row.schemas,
        priority=row.priority,
        parent_id=row.parent_uid,
        dependencies=tuple(DependencySpec(edge["id"], edge["required"]) for edge in row.dependencies),
        timeout_seconds=row.timeout_seconds,
        retry=RetryPolicy(**row.retry),
        enabled=row.enabled,
        pinned=row.pinned,
        position=row.position,
    )


def retry_problems(task_run: TaskRun, user: AbstractBaseUser) -> list[Problem]:
    """List what keeps somebody from retrying a task of a live run: executors that are for others.

    A retry starts what the task had stopped too, so whatever of the run failed or was cancelled is looked at.
    """
    stopped = task_run.run.task_runs.filter(status__in=(Status.FAILED, Status.CANCELLED)).defer(*LARGE)
    tasks = tuple(task_run_spec(row) for row in stopped.order_by("ordinal"))
    return executor_problems(TreeSpec(name=task_run.run.tree_name, tasks=tasks), user)


def make_plan(run: Run, wish: Wish, *, latest: bool = False) -> Plan:
    """Plan a new run after `run`, with the definition it had or (`latest`) the tree's present one.

    Raises InvalidDefinitionError when the wish names tasks that are not there, or inputs that can't be stored or that
    their executor refuses, or when the definition can't run; nothing is stored in any case.
    """
    spec = consistent_spec(run.tree) if latest and run.tree is not None else run_spec(run)
    problems = _wish_problems(spec, wish) or _problems_with_inputs(spec, wish)
    if problems:
        raise InvalidDefinitionError(problems)
    earlier = {
        row.task_uid: Earlier(task_run_spec(row), Status(row.status), row.status == Status.COMPLETED)
        for row in run.task_runs.defer(*LARGE).order_by("ordinal")
    }
    return plan_rerun(spec, earlier, wish, default_registry)


def _wish_problems(spec: TreeSpec, wish: Wish) -> list[Problem]:
    known = {task.id for task in spec.tasks}
    problems = [
        Problem(f"$.{field}", f"there is no task with the id {uid!r}")
        for field, uids in (("chosen", wish.chosen), ("inputs", wish.inputs))
        for uid in uids
        if uid not in known
    ]
    if wish.scope is Scope.CHOSEN and not wish.chosen:
        problems.append(Problem("$.chosen", "names no task; choose at least one"))
    unstorable = find_problem(dict(wish.inputs), "$.inputs")
    return [*problems, unstorable] if unstorable else problems + mask_problems(dict(wish.inputs), "$.inputs")


def _problems_with_inputs(spec: TreeSpec, wish: Wish) -> list[Problem]:
    """List what keeps the definition from running with the new inputs; those have the paths of the wish."""
    tasks = tuple(replace(task, inputs=wish.inputs.get(task.id, task.inputs)) for task in spec.tasks)
    places = {
        f"$.tasks[{index}].inputs": path_join("$.inputs", task.id)
        for index, task in enumerate(tasks)
        if task.id in wish.inputs
    }
    return [_as_wished(problem, places) for problem in tree_problems(replace(spec, tasks=tasks), default_registry)]


def _as_wished(problem: Problem, places: Mapping[str, str]) -> Problem:
    task, inputs, rest = problem.path.partition("].inputs")
    place = places.get(task + inputs)
    return problem if place is None else replace(problem, path=place + rest)


def rerun(
    run: Run,
    wish: Wish,
    *,
    latest: bool = False,
    user: AbstractBaseUser | None = None,
    parameters: dict[str, Any] | None = None,
    reason: str = "",
) -> Run:
    """Start a new run that does what `make_plan` says, linked to the earlier one. Raises InvalidDefinitionError."""
    plan = make_plan(run, wish, latest=latest)
    if not plan.of(Fate.RUN):
        raise NothingToRerunError([Problem("$", f"there is nothing to run again: {plan.summary()}")])
    values = run.parameters if parameters is None else with_defaults(plan.spec.parameters, parameters)
    reused = [step.task_id for step in plan.of(Fate.REUSE)]
    problems = parameter_problems(plan.spec.parameters, values) + executor_problems(plan.spec, user, reused)
    if problems:
        raise InvalidDefinitionError(problems)
    new = NewRun(
        id=new_id(),
        spec=plan.spec,
        tree_id=str(run.tree_id) if run.tree_id else None,
        tree_version=run.tree.version if latest and run.tree else run.tree_version,
        trigger=Run.Trigger.RETRY,
        priority=run.priority,
        parameters=values,
        requested_by=user.pk if user else None,
        parent_run=str(run.pk),
        reused=results_of(run, reused),
    )
    insert_audited(new, user, "run.rerun", reason)
    return Run.objects.get(pk=new.id)


def results_of(run: Run, uids: Collection[str]) -> dict[str, Reused]:
    """Return results of a run's tasks as another run takes them over."""
    rows = run.task_runs.filter(task_uid__in=uids).values_list("task_uid", "pk", "result")
    return {uid: Reused(pk, encode(result)) for uid, pk, result in rows}


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan for programs: its summary and its steps."""
    return {"summary": plan.summary(), "steps": [asdict(step) for step in plan.steps]}
