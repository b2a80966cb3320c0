"""Starting runs: what is sent, and what it means."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Header
from pydantic import ConfigDict, Field

from orchestration.access import Actor, rules
from orchestration.actions.executor_rights import executor_problems
from orchestration.actions.partial_runs import Only, start_part
from orchestration.actions.runs import RunRequest, start_spec
from orchestration.actions.trees import consistent_spec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.partial import Mode
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import read_tree
from orchestration.models import Run, Tree

from .schemas import Fields, Priority, TaskId

#: The header that makes a repeated start the same run.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x20-\x7e]{1,200}$",
        description="1 to 200 printable characters; the same key of the same user is the same run",
    ),
]


class OnlyIn(Fields):
    """A part of the tree: `task` alone, `up_to` it with everything before, or `from` it with everything after."""

    mode: Mode
    task: TaskId
    reuse_run: UUID | None = Field(
        None, description="whose results are taken over (task, from); null: of the latest run that has them"
    )


class StartOptions(Fields):
    """How a tree is to be run."""

    parameters: dict[str, Any] = Field(default={}, description="what the tree's schema of parameters asks for")
    priority: Priority = 2


class StartIn(StartOptions):
    """How a stored tree is to be run."""

    model_config = ConfigDict(json_schema_extra={"example": {"parameters": {"day": "2025-11-24"}, "priority": 1}})

    only: OnlyIn | None = None


class DefinitionIn(StartOptions):
    """A tree that is not stored, and how it is to be run."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "definition": {
                    "format": "apflow-tree",
                    "version": 1,
                    "tree": {"name": "Try something"},
                    "tasks": [{"id": "a", "name": "Say hello", "executor": "echo", "inputs": {"text": "hello"}}],
                }
            }
        }
    )

    definition: Any = Field(description="a portable document, or apflow's array of tasks")


def earlier_start(actor: Actor, key: str | None) -> Run | None:
    """Return the run that this key of this user has started already."""
    return Run.objects.filter(idempotency_key=_own_key(actor, key)).first() if key else None


def start_stored(actor: Actor, tree: Tree, body: StartIn, key: str | None) -> tuple[Run, bool]:
    """Start a stored tree, or a part of it; return the run, and whether it is a new one."""
    request = _request(actor, body, key)
    if body.only is None:
        run = start_spec(consistent_spec(tree), request, tree)
    else:
        run = start_part(tree, _only(actor, body.only), request)
    return run, str(run.pk) == request.run_id


def start_unstored(actor: Actor, body: DefinitionIn, key: str | None) -> tuple[Run, bool]:
    """Start a definition; return the run, and whether it is a new one."""
    request = _request(actor, body, key)
    try:
        spec = read_tree(body.definition, default_registry, "Unnamed tree")
    except InvalidDefinitionError as error:
        raise InvalidDefinitionError([_inside(problem) for problem in error.problems]) from error
    closed = executor_problems(spec, actor.user)
    if closed:
        raise InvalidDefinitionError([_inside(problem) for problem in closed])
    run = start_spec(spec, request)
    return run, str(run.pk) == request.run_id


def _inside(problem: Problem) -> Problem:
    return Problem(f"$.definition{problem.path.removeprefix('$')}", problem.message)


def _only(actor: Actor, part: OnlyIn) -> Only:
    run = rules.find_run(actor, part.reuse_run) if part.reuse_run else None
    if part.reuse_run and run is None:
        raise InvalidDefinitionError(
            [Problem("$.only.reuse_run", "there is no such run, or it is not shared with you")]
        )
    return Only(part.mode, part.task, rules.runs_of(actor), run)


def _request(actor: Actor, options: StartOptions, key: str | None) -> RunRequest:
    return RunRequest(
        user=actor.user,
        parameters=options.parameters,
        priority=options.priority,
        trigger=Run.Trigger.MANUAL if actor.token is None else Run.Trigger.API,
        idempotency_key=_own_key(actor, key) if key else None,
    )


def _own_key(actor: Actor, key: str | None) -> str:
    """Make a key that is of no use to anybody else."""
    return f"api-{actor.user.pk}-{key}"
