"""Acts on runs: start one, and ask things of a live one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, connection, transaction

from orchestration.engine import task_commands
from orchestration.engine.definition import DEFAULT_PRIORITY, PRIORITIES, TreeSpec, new_id
from orchestration.engine.errors import InvalidDefinitionError, Problem, RunNotFoundError
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import parameter_problems, tree_problems
from orchestration.engine.why import explain
from orchestration.models import Run, RunCommand, TaskRun, Tree
from orchestration.store.looking import read_state, read_world
from orchestration.store.one_task import read_task_alone
from orchestration.store.snapshots import NewRun, Reused, insert_run
from orchestration.store.statements import WAKE_WORKERS

from . import audit
from .executor_rights import executor_problems
from .trees import TreeGoneError, consistent_spec


@dataclass(frozen=True, slots=True)
class RunRequest:
    """How somebody wants a tree to be run. `priority` None is normal; the same `idempotency_key` is the same run.

    `owner` is the worker id of an engine in this process that will adopt the run, so that no other one claims it;
    `reused` are results that the run takes over, by task id, from `parent_run`; a new run gets `run_id`.
    """

    user: AbstractBaseUser | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    priority: int | None = None
    trigger: str = Run.Trigger.MANUAL
    idempotency_key: str | None = None
    owner: str | None = None
    parent_run: str | None = None
    reused: Mapping[str, Reused] = field(default_factory=dict)
    run_id: str = field(default_factory=new_id)

    def problems(self) -> list[Problem]:
        """List what is wrong with the request itself."""
        problems = []
        if self.priority is not None and self.priority not in PRIORITIES:
            problems.append(Problem("$.priority", f"must be 0 (urgent) to 3 (low), not {self.priority!r}"))
        if self.idempotency_key is not None and not 0 < len(self.idempotency_key) <= 255:
            problems.append(Problem("$.idempotency_key", "must have 1 to 255 characters"))
        return problems


def start_run(
    tree: Tree,
    *,
    user: AbstractBaseUser | None = None,
    parameters: dict[str, Any] | None = None,
    priority: int | None = None,
    trigger: str = Run.Trigger.MANUAL,
    idempotency_key: str | None = None,
) -> Run:
    """Start a run of a tree as it is now.

    The same `idempotency_key` returns the same run. Raises InvalidDefinitionError when the tree can't run or the
    parameters or the priority are wrong; nothing is stored then.
    """
    if idempotency_key is not None:
        earlier = Run.objects.filter(idempotency_key=idempotency_key).first()
        if earlier is not None:
            return earlier
    request = RunRequest(user, parameters or {}, priority, trigger, idempotency_key)
    return start_spec(consistent_spec(tree), request, tree)


def start_spec(spec: TreeSpec, request: RunRequest, tree: Tree | None = None) -> Run:
    """Start a run of a tree that is given as plain data; see `start_run`. `tree` is at the version of `spec`."""
    values = with_defaults(spec.parameters, request.parameters)
    problems = tree_problems(spec, default_registry) + parameter_problems(spec.parameters, values) + request.problems()
    problems += executor_problems(spec, request.user, request.reused)
    if problems:
        raise InvalidDefinitionError(problems)
    new = NewRun(
        id=request.run_id,
        spec=spec,
        tree_id=str(tree.pk) if tree else None,
        tree_version=tree.version if tree else 1,
        trigger=request.trigger,
        priority=DEFAULT_PRIORITY if request.priority is None else request.priority,
        parameters=values,
        requested_by=request.user.pk if request.user else None,
        idempotency_key=request.idempotency_key,
        parent_run=request.parent_run,
        reused=dict(request.reused),
        owner=request.owner,
    )
    if insert_audited(new, request.user, "run.start"):
        return Run.objects.get(pk=new.id)
    return Run.objects.get(idempotency_key=request.idempotency_key)


def insert_audited(new: NewRun, user: AbstractBaseUser | None, act: str, reason: str = "") -> bool:
    """Write a run and its audit entry at once; False when a run with the same idempotency key exists.

    Raises TreeGoneError when the tree was deleted in the meantime.
    """
    try:
        with transaction.atomic():
            if not insert_run(new):
                return False
            detail = {"trigger": new.trigger, "tree": new.tree_id, "tree_version": new.tree_version}
            if new.parent_run is not None:
                detail["parent_run"] = new.parent_run
            run = Run(pk=UUID(new.id), tree_name=new.spec.name)
            audit.record(act, run, user=user, reason=reason, detail=detail)
    except IntegrityError as error:
        # What a run refers to is looked for at the commit.
        if new.tree_id is not None and not Tree.objects.filter(pk=new.tree_id).exists():
            raise TreeGoneError from error
        raise
    return True


def with_defaults(schema: dict[str, Any] | None, values: dict[str, Any]) -> dict[str, Any]:
    """Fill in the defaults that a parameters schema gives its properties."""
    properties = (schema or {}).get("properties", {})
    defaults = {
        name: part["default"] for name, part in properties.items() if isinstance(part, dict) and "default" in part
    }
    return {**defaults, **values}


def cancel_run(
    run: Run, *, user: AbstractBaseUser | None = None, reason: str = "", task_run: TaskRun | None = None
) -> None:
    """Ask for a run, or one task of it, to be cancelled. Asking again, or of a finished run, changes nothing."""
    send_command(run, RunCommand.Kind.CANCEL, user=user, reason=reason, task_run=task_run)


def send_command(
    run: Run,
    kind: str,
    *,
    user: AbstractBaseUser | None = None,
    reason: str = "",
    task_run: TaskRun | None = None,
    data: dict[str, Any] | None = None,
) -> RunCommand | None:
    """Leave a command for the run's owner, and hint at it; None when the run has ended.

    Raises ValueError when a command for one task names none, or one for the run names one.
    """
    if task_run is None and kind in RunCommand.FOR_TASKS_ONLY:
        raise ValueError(f"{kind} is about one task; name it")
    if task_run is not None and kind not in RunCommand.FOR_TASKS:
        raise ValueError(f"{kind} is about the whole run, not one task")
    with transaction.atomic():
        if not Run.objects.active().filter(pk=run.pk).exists():
            return None
        command = RunCommand.objects.create(
            run=run,
            kind=kind,
            task_run=task_run,
            data=data or {},
            requested_by_id=user.pk if user else None,
            reason=reason[:2000],
        )
        _record_command(command, user)
        with connection.cursor() as cursor:
            cursor.execute(WAKE_WORKERS)
    return command


def _record_command(command: RunCommand, user: AbstractBaseUser | None) -> None:
    """One word for what is asked of a run, `task.` before what is asked of one task of it."""
    task_run, run = command.task_run, command.run
    subject: Run | TaskRun = run if task_run is None else task_run
    detail = {"run": str(run.pk), "tree": run.tree_name, **command.data}
    audit.record(
        f"{'run' if task_run is None else 'task'}.{command.kind}",
        subject,
        user=user,
        reason=command.reason,
        detail=detail,
    )


def refusal(task_run: TaskRun, kind: str) -> str | None:
    """Say why a command for one task would do nothing as the task stands now; None when it would do something."""
    found = read_task_alone(str(task_run.run_id), task_run.pk, default_registry)
    return "the task is gone" if found is None else task_commands.refusal(found.state, found.node, kind, found.now)


def why(task_run: TaskRun) -> str:
    """Return one sentence on why a task waits, or why it did not run. Raises RunNotFoundError when it is gone."""
    state = read_state(str(task_run.run_id), default_registry)
    node = state.by_pk.get(task_run.pk) if state is not None else None
    if state is None or node is None:
        raise RunNotFoundError
    return explain(state, node, read_world(state, node))
