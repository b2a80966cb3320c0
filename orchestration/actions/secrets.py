"""Acts on secrets: make, change, delete. A value goes in and comes out nowhere. Callers ask the rules who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import text_problem
from orchestration.engine.secret_forms import MIN_CHARS
from orchestration.models import OutgoingWebhook, Secret, Tree
from orchestration.store.clock import database_now
from orchestration.store.vault import seal

from . import audit
from .executor_catalogue import known_executors
from .field_problems import field_problems, unless_taken
from .row_facts import A_NEW_ONE, changes, facts_of, kept

#: What people decide about a secret, besides its value, its trees and its webhooks.
FIELDS: Final = ("name", "description", "for_all", "executors")
#: A key or a certificate is far smaller.
MAX_VALUE_CHARS: Final = 64 * 1024
TOO_SHORT: Final = f"At least {MIN_CHARS} characters: what is shorter can't be kept out of logs and errors."


def create_secret(
    values: Mapping[str, Any],
    value: str,
    *,
    trees: Sequence[Tree] | None = None,
    webhooks: Sequence[OutgoingWebhook] | None = None,
    user: AbstractBaseUser,
) -> Secret:
    """Make a secret; `values` holds FIELDS. Raises InvalidDefinitionError; nothing is stored then."""
    secret = Secret(**values)
    with transaction.atomic():
        _save(secret, value, user)
        _grant(secret, trees, webhooks)
        audit.record("secret.create", secret, user=user, detail=kept(facts_of(secret)))
    return secret


def change_secret(
    secret: Secret,
    values: Mapping[str, Any],
    *,
    value: str | None = None,
    trees: Sequence[Tree] | None = None,
    webhooks: Sequence[OutgoingWebhook] | None = None,
    user: AbstractBaseUser,
) -> Secret:
    """Change some of FIELDS, what it is granted to, or its value; None leaves that as it is.

    Nothing is written when nothing changes. Raises InvalidDefinitionError and Secret.DoesNotExist.
    """
    with transaction.atomic():
        now = Secret.objects.select_for_update().get(pk=secret.pk)
        before = facts_of(now)
        for name, given in values.items():
            setattr(now, name, given)
        _save(now, value, user, granted=before["executors"])
        _grant(now, trees, webhooks)
        changed = changes(before, facts_of(now)) | ({} if value is None else {"value": A_NEW_ONE})
        if changed:
            audit.record("secret.change", now, user=user, detail={"changed": changed})
    return now


def delete_secret(secret: Secret, *, user: AbstractBaseUser) -> None:
    """Delete a secret; attempts that name it fail from now on. The log of its uses stays."""
    with transaction.atomic():
        now = Secret.objects.select_for_update().get(pk=secret.pk)
        audit.record("secret.delete", now, user=user, detail=kept(facts_of(now)))
        now.delete()


def value_problems(value: str) -> list[Problem]:
    """List what is wrong with a new value; what it is is said nowhere."""
    if text_problem(value) is not None:
        return [Problem("$.value", "This has a character that can't be stored.")]
    if len(value.strip()) < MIN_CHARS:
        return [Problem("$.value", TOO_SHORT)]
    if len(value) > MAX_VALUE_CHARS:
        return [Problem("$.value", f"At most {MAX_VALUE_CHARS} characters.")]
    return []


def grantable_executors(granted: Sequence[str] = ()) -> set[str]:
    """Return the executors that a secret can be granted to: those that are known, and those that have it already."""
    return {*known_executors(), *granted}


def _save(secret: Secret, value: str | None, user: AbstractBaseUser, granted: Sequence[str] = ()) -> None:
    problems = [*field_problems(secret, FIELDS), *(value_problems(value) if value is not None else [])]
    known = grantable_executors(granted)
    problems += [
        Problem(f"$.executors[{index}]", f"there is no executor {name!r}")
        for index, name in enumerate(secret.executors)
        if name not in known
    ]
    if problems:
        raise InvalidDefinitionError(problems)
    if value is not None:
        secret.ciphertext, secret.updated_at, secret.updated_by_id = seal(value), database_now(), user.pk
    with unless_taken("$.name"):
        secret.save()


def _grant(secret: Secret, trees: Sequence[Tree] | None, webhooks: Sequence[OutgoingWebhook] | None) -> None:
    if trees is not None:
        secret.trees.set(trees)
    if webhooks is not None:
        secret.webhooks.set(webhooks)
