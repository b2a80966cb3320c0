"""Acts on executors that are made here: make, change, delete, try out on paper. Callers ask the rules first who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction

from orchestration.engine.binding import secrets_used
from orchestration.engine.errors import InvalidDefinitionError, Problem, VersionConflictError
from orchestration.engine.registry import MADE_HERE, default_registry
from orchestration.engine.schemas import schema_problems
from orchestration.executors.support.http_checks import definition_problems, render_example, render_problem
from orchestration.executors.support.http_definition import HttpDefinition
from orchestration.executors.support.http_rendering import Rendered
from orchestration.models import HttpExecutor, Secret
from orchestration.models.http_executor import DEFINED

from . import audit
from .made_executors import refresh_executors
from .row_facts import changes, kept

#: What people decide about one, besides its id.
FIELDS: Final = (*DEFINED, "enabled")
_GRANTS: Final = ("name", "for_all", "executors")


@dataclass(frozen=True, slots=True)
class Preview:
    """The request that inputs would give, secrets covered, and each secret with what is known of it."""

    request: Rendered
    secrets: dict[str, str]


def make_http_executor(executor: str, values: Mapping[str, Any], *, user: AbstractBaseUser) -> HttpExecutor:
    """Make an executor. `values` holds some of FIELDS. Raises InvalidDefinitionError; nothing is stored then."""
    made = HttpExecutor(executor=executor, created_by_id=user.pk, updated_by_id=user.pk, **values)
    problems = [*id_problems(executor), *definition_problems(made.definition)]
    if problems:
        raise InvalidDefinitionError(problems)
    with transaction.atomic():
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError as error:
            raise InvalidDefinitionError([_taken(executor)]) from error
        audit.record("http_executor.create", made, user=user, detail=kept(_facts(made)))
        _tell()
    return made


def change_http_executor(
    made: HttpExecutor, values: Mapping[str, Any], *, user: AbstractBaseUser, expected: int | None = None
) -> HttpExecutor:
    """Change some of FIELDS, if it still is at the version that is expected (None: whatever it is).

    Nothing is written when nothing changes. Raises InvalidDefinitionError, VersionConflictError,
    HttpExecutor.DoesNotExist.
    """
    with transaction.atomic():
        now = HttpExecutor.objects.select_for_update().get(pk=made.pk)
        if expected is not None and now.version != expected:
            raise VersionConflictError(now.version, expected, "executor")
        before = _facts(now)
        for name, value in values.items():
            setattr(now, name, value)
        problems = definition_problems(now.definition)
        if problems:
            raise InvalidDefinitionError(problems)
        changed = changes(before, _facts(now))
        if changed:
            now.version += 1
            now.updated_by_id = user.pk
            now.save()
            audit.record("http_executor.change", now, user=user, detail={"changed": changed, "version": now.version})
            _tell()
    return now


def delete_http_executor(made: HttpExecutor, *, user: AbstractBaseUser) -> None:
    """Delete it. Tasks that name it fail from now on, and say that there is no such executor.

    Raises HttpExecutor.DoesNotExist.
    """
    with transaction.atomic():
        now = HttpExecutor.objects.select_for_update().get(pk=made.pk)
        audit.record("http_executor.delete", now, user=user, detail=kept(_facts(now)))
        now.delete()
        _tell()


def id_problems(executor: str) -> list[Problem]:
    """Say what keeps a new executor from having this id."""
    spec = default_registry.find(executor)
    if spec is not None and spec.origin != MADE_HERE:
        return [Problem("$.id", f"is the id of an executor that is {spec.origin} already; choose another one")]
    return [_taken(executor)] if HttpExecutor.objects.filter(executor=executor).exists() else []


def preview(definition: HttpDefinition, inputs: dict[str, Any]) -> Preview:
    """Return the request that an executor would send; nothing is sent, and no secret is read.

    Raises InvalidDefinitionError for what is wrong with the definition, or with the inputs.
    """
    problems = definition_problems(definition) or schema_problems(definition.input_schema, inputs, "$.inputs")
    said = None if problems else render_problem(definition, inputs)
    if said is not None:
        problems = [Problem("$.inputs", f"give no request: {said}")]
    if problems:
        raise InvalidDefinitionError(problems)
    return Preview(render_example(definition, inputs), named_secrets([definition])[0])


def named_secrets(definitions: Sequence[HttpDefinition]) -> list[dict[str, str]]:
    """Return of each definition the secrets that it names, with what is known of each. One query for all."""
    names = [sorted(secrets_used(definition.sent)) for definition in definitions]
    wanted = Secret.objects.filter(name__in={name for group in names for name in group})
    there = {name: (for_all, executors) for name, for_all, executors in wanted.values_list(*_GRANTS)}
    return [
        {name: _known_of(there.get(name), definition.id) for name in group}
        for definition, group in zip(definitions, names, strict=True)
    ]


def _known_of(secret: tuple[bool, list[str]] | None, executor: str) -> str:
    if secret is None:
        return "not made yet"
    for_all, executors = secret
    return "granted" if for_all or executor in executors else "not granted to this executor"


def _taken(executor: str) -> Problem:
    return Problem("$.id", f"there is an executor {executor!r} already that was made here; change that one")


def _facts(made: HttpExecutor) -> dict[str, Any]:
    return {name: getattr(made, name) for name in FIELDS}


def _tell() -> None:
    """Let this process know at once; others look within a second."""
    transaction.on_commit(lambda: refresh_executors(at_once=True))
