"""Trying an executor: one real run of one task, of no stored tree."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser

from orchestration.engine.binding import has_expression
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import encode, find_problem
from orchestration.engine.registry import default_registry
from orchestration.engine.schemas import schema_problems
from orchestration.models import Run

from .runs import RunRequest, start_spec

_INPUTS: Final = "$.tasks[0].inputs"


def try_executor(
    executor: str, inputs: dict[str, Any], *, user: AbstractBaseUser | None = None, trigger: str = Run.Trigger.MANUAL
) -> Run:
    """Run an executor once with these inputs, ahead of what waits.

    Raises InvalidDefinitionError with places such as `$.inputs.url`, also when the user may not use it.
    """
    problems = _inputs_problems(executor, inputs)
    if problems:
        raise InvalidDefinitionError(problems)
    task = TaskSpec(id="try", name=f"Try {executor}"[:255], executor=executor, inputs=inputs)
    spec = TreeSpec(name=task.name, tasks=(task,))
    try:
        return start_spec(spec, RunRequest(user=user, trigger=trigger, priority=1))
    except InvalidDefinitionError as error:
        raise InvalidDefinitionError([_placed(problem) for problem in error.problems]) from error


def _inputs_problems(executor: str, inputs: dict[str, Any]) -> list[Problem]:
    """Ask the executor's schema now: a trial shall not begin that can only fail. Expressions are known later."""
    if executor not in default_registry or find_problem(inputs) or has_expression(encode(inputs)):
        return []
    return schema_problems(default_registry.get(executor).cls.inputs_schema, inputs, "$.inputs")


def _placed(problem: Problem) -> Problem:
    if problem.path.startswith(_INPUTS):
        return Problem(f"$.inputs{problem.path.removeprefix(_INPUTS)}", problem.message)
    return Problem(problem.path.replace("$.tasks[0]", "$"), problem.message)
