"""What an installation decides about executors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from psycopg.errors import ForeignKeyViolation

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.fields import Fields
from orchestration.engine.json_values import JSONValue, find_problem
from orchestration.engine.masking import redact
from orchestration.engine.validation import mask_problems, read_retry
from orchestration.models import ExecutorConfig
from orchestration.store.statements import WAKE_WORKERS

from . import audit

#: What can be decided; besides, `allowed_groups` by their names.
DECISIONS: Final = (
    *("enabled", "max_concurrency", "rate_count", "rate_seconds", "default_timeout_seconds", "default_retry"),
    *("default_params", "breaker_failures", "breaker_seconds"),
)
_CLOSED: Final[dict[str, Any]] = {"breaker_count": 0, "breaker_retry_at": None, "breaker_prober": None}


def decide(executor: str, changes: Mapping[str, Any], user: AbstractBaseUser | None = None) -> ExecutorConfig:
    """Change some of DECISIONS and `allowed_groups`; an executor without a row gets one. Workers follow in seconds.

    Raises InvalidDefinitionError, naming each place in `changes`; nothing is changed then.
    """
    values = dict(changes)
    problems = _complete(values)
    groups = _groups(values.pop("allowed_groups", None), problems)
    if problems:
        raise InvalidDefinitionError(problems)
    with transaction.atomic():
        config = _locked(executor)
        before = decisions_of(config)
        for name, value in values.items():
            setattr(config, name, value)
        if config.breaker_failures is None:
            values |= _close(config)
        config.save(update_fields=[*values, "updated_at"])
        if groups is not None:
            _allow(config, groups)
        after = decisions_of(config)
        if after != before:
            audit.record("executor.limit", config, user=user, detail=redact({"before": before, "after": after}))
    return config


def _complete(values: dict[str, Any]) -> list[Problem]:
    """Check the JSON among the values, and put whole policies in the place of partial ones."""
    problems: list[Problem] = []
    fields = Fields(values, "$", problems)
    if values.get("default_retry") is not None:
        values["default_retry"] = asdict(read_retry(fields, "default_retry"))
    if "default_params" in values:
        params = values["default_params"]
        unstorable = find_problem(params, "$.default_params")
        problems += [unstorable] if unstorable else mask_problems(params, "$.default_params")
        values["default_params"] = fields.object("default_params") or {}
    return problems


def _groups(names: Iterable[str] | None, problems: list[Problem]) -> list[Group] | None:
    if names is None:
        return None
    found = {group.name: group for group in Group.objects.filter(name__in=set(names))}
    problems += [
        Problem(f"$.allowed_groups[{index}]", f"there is no group {name!r}")
        for index, name in enumerate(names)
        if name not in found
    ]
    return list(found.values())


def _allow(config: ExecutorConfig, groups: list[Group]) -> None:
    """Let groups use it, and nobody else. Raises InvalidDefinitionError when one was deleted since it was looked up.

    A new reference is checked at once, not at the end of the transaction: it waits for whoever deletes its group, and
    keeps others from it. They hold the group and wait for its executors, but for none that it is new to.
    """
    config.allowed_groups.set(groups)
    try:
        connection.check_constraints()
    except IntegrityError as error:
        if not isinstance(error.__cause__, ForeignKeyViolation):
            raise
        raise InvalidDefinitionError([Problem("$.allowed_groups", "one of them has just been deleted")]) from error


def _locked(executor: str) -> ExecutorConfig:
    ExecutorConfig.objects.get_or_create(executor=executor)
    return ExecutorConfig.objects.select_for_update().get(executor=executor)


def _close(config: ExecutorConfig) -> dict[str, JSONValue]:
    for name, value in _CLOSED.items():
        setattr(config, name, value)
    return _CLOSED


def reset_breaker(executor: str, user: AbstractBaseUser | None = None) -> ExecutorConfig:
    """Close the circuit breaker of an executor and forget its failures; one that is closed stays so."""
    with transaction.atomic():
        config = _locked(executor)
        before = {"failures": config.breaker_count, "state": config.breaker_state}
        if config.breaker_count or config.breaker_retry_at is not None:
            config.save(update_fields=list(_close(config)))
            audit.record("executor.reset_breaker", config, user=user, detail=before)
            with connection.cursor() as cursor:
                cursor.execute(WAKE_WORKERS)
    return config


def decisions_of(config: ExecutorConfig) -> dict[str, Any]:
    """Return what is decided, by name; of one that is not stored that is nothing."""
    groups = [] if config.pk is None else sorted(group.name for group in config.allowed_groups.all())
    return {name: getattr(config, name) for name in DECISIONS} | {"allowed_groups": groups}
