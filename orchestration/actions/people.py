"""Acts on people: let them in, change what they may, let them go. Callers ask the rules first who may."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, Problem

from . import audit
from .accounts import LastAdministratorError, administers, nobody_left, one_at_a_time, password_problems
from .field_problems import field_problems, unless_taken
from .row_facts import A_NEW_ONE, changes, facts_of, kept
from .sessions import close_sessions

#: What is decided about somebody, besides their password, their groups, and permissions of their own.
FIELDS: Final = ("username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser")


def create_person(
    values: Mapping[str, Any],
    password: str | None = None,
    *,
    groups: Collection[Group] | None = None,
    permissions: Collection[Permission] | None = None,
    user: AbstractBaseUser,
) -> User:
    """Make a user of FIELDS. Without a password they come in by single sign-on, or when they are given one.

    Raises InvalidDefinitionError; nothing is stored then.
    """
    person = User(**values)
    with transaction.atomic():
        one_at_a_time()
        problems = person_problems(person) + _group_problems(groups)
        if password is not None:
            problems += password_problems(password, person)
        if problems:
            raise InvalidDefinitionError(problems)
        person.set_password(password)
        with unless_taken("$.username"):
            person.save()
        person.groups.set(groups or ())
        person.user_permissions.set(permissions or ())
        said = {"password": A_NEW_ONE} if password is not None else {}
        audit.record("user.create", person, user=user, detail=kept(facts_of(person)) | said)
    return person


def change_person(
    person: User,
    values: Mapping[str, Any],
    *,
    groups: Collection[Group] | None = None,
    permissions: Collection[Permission] | None = None,
    user: AbstractBaseUser,
) -> User:
    """Change some of FIELDS, the groups, or permissions of their own; None leaves those as they are.

    Who is deactivated is signed out: activated again, they have to sign in. Nothing is written when nothing changes.
    Raises InvalidDefinitionError, LastAdministratorError, and User.DoesNotExist.
    """
    with transaction.atomic():
        one_at_a_time()
        now = User.objects.get(pk=person.pk)
        before = facts_of(now)
        for name, value in values.items():
            setattr(now, name, value)
        problems = person_problems(now, tuple(values)) + _group_problems(groups)
        if problems:
            raise InvalidDefinitionError(problems)
        if is_last_administrator(now, groups, permissions):
            raise LastAdministratorError
        with unless_taken("$.username"):
            now.save(update_fields=list(FIELDS))
        if groups is not None:
            now.groups.set(groups)
        if permissions is not None:
            now.user_permissions.set(permissions)
        if not now.is_active:
            close_sessions(now)
        changed = changes(before, facts_of(now))
        if changed:
            audit.record("user.change", now, user=user, detail={"changed": changed})
    return now


def delete_person(person: User, *, user: AbstractBaseUser) -> None:
    """Delete a user with their tokens and sessions; their trees and runs stay.

    Raises LastAdministratorError and User.DoesNotExist.
    """
    with transaction.atomic():
        one_at_a_time()
        # Nothing becomes theirs from here on: it would be missed by what looks for all that is.
        now = User.objects.select_for_update().get(pk=person.pk)
        if nobody_left(without=[now]):
            raise LastAdministratorError
        audit.record("user.delete", now, user=user, detail=kept(facts_of(now)))
        now.delete()


def person_problems(person: User, names: tuple[str, ...] = FIELDS) -> list[Problem]:
    """List what is wrong with some of FIELDS before somebody is saved."""
    problems = field_problems(person, names)
    stored = User.objects.filter(pk=person.pk).values_list("username", flat=True).first()
    # Names that differ in their case alone would be taken for each other; of old there may be some.
    alike = User.objects.filter(username__iexact=person.username).exclude(pk=person.pk)
    if not problems and person.username != stored and alike.exists():
        problems.append(Problem("$.username", "somebody else is called so"))
    return problems


def _group_problems(groups: Collection[Group] | None) -> list[Problem]:
    """List the groups that were deleted while somebody waited for their turn; after it, none is."""
    asked = {group.pk: group.name for group in groups or ()}
    there = set(Group.objects.filter(pk__in=asked).values_list("pk", flat=True))
    return [
        Problem("$.groups", f"there is no group {name!r} any more") for pk, name in asked.items() if pk not in there
    ]


def is_last_administrator(
    person: User, groups: Collection[Group] | None, permissions: Collection[Permission] | None
) -> bool:
    """Tell whether nobody would administer the site if somebody became as they are in hand, with these groups.

    None stands for those that they have.
    """
    after = administers(
        person,
        person.groups.all() if groups is None else groups,
        person.user_permissions.all() if permissions is None else permissions,
    )
    return not after and nobody_left(without=[person])
