"""What accounts have in common: passwords, and that somebody is left who administers the site."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from orchestration.engine.errors import NotPossibleError, Problem

from . import audit
from .sessions import close_sessions

_ADMINISTERS: Final = "manage_all_trees"


class LastAdministratorError(NotPossibleError):
    """Nobody would be left who may administer this site: add somebody else to the group admin first."""


def change_password(person: User, password: str | None, *, user: AbstractBaseUser, keep: str | None = None) -> None:
    """Give somebody a new password, which has been validated; None lets them come in by single sign-on alone.

    It ends their sessions but that of the key `keep`. Raises User.DoesNotExist.
    """
    person.set_password(password)  # slow by design: nobody waits for it
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=person.pk)
        person.save(update_fields=["password"])
        password_changed(person, user=user, keep=keep)


def password_changed(person: User, *, user: AbstractBaseUser, keep: str | None = None) -> None:
    """Do what goes with a new password, in the transaction that has saved it: the end of sessions, and the entry."""
    facts = {"usable": person.has_usable_password(), "sessions_ended": close_sessions(person, keep)}
    audit.record("user.password", person, user=user, detail=facts)


def password_problems(password: str, person: User) -> list[Problem]:
    """List what is wrong with a password that somebody is to have; it is said nowhere."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        return [Problem("$.password", message) for message in error.messages]
    return []


def administers(person: User, groups: Collection[Group], permissions: Collection[Permission]) -> bool:
    """Tell whether somebody would administer the site with these groups, and these permissions of their own."""
    held = _right()
    by_group = held.filter(group__in=[group.pk for group in groups])
    by_own = held.filter(pk__in=[permission.pk for permission in permissions])
    return person.is_active and (person.is_superuser or by_own.exists() or by_group.exists())


def gives_administration(permissions: Collection[Permission]) -> bool:
    """Tell whether the members of a group with these permissions administer the site."""
    return _right().filter(pk__in=[permission.pk for permission in permissions]).exists()


def nobody_left(*, without: Collection[User] = (), without_groups: Collection[Group] = ()) -> bool:
    """Tell whether the site would lose its last administrator without some users, or without what some groups give."""
    return administrators_left() and not administrators_left(without=without, without_groups=without_groups)


def administrators_left(*, without: Collection[User] = (), without_groups: Collection[Group] = ()) -> bool:
    """Tell whether somebody administers the site without some users, and without what some groups give.

    Whoever asks inside a transaction waits here for others who ask, so that two administrators can't take each
    other's rights away at the same moment.
    """
    one_at_a_time()
    groups = Group.objects.filter(permissions__in=_right()).exclude(pk__in=[group.pk for group in without_groups])
    rights = Q(is_superuser=True) | Q(user_permissions__in=_right()) | Q(groups__in=groups)
    return User.objects.filter(rights, is_active=True).exclude(pk__in=[user.pk for user in without]).exists()


def one_at_a_time() -> None:
    """Wait for others who change people or groups, and let others wait until the transaction ends."""
    list(_right().select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _right() -> QuerySet[Permission]:
    return Permission.objects.filter(codename=_ADMINISTERS, content_type__app_label="orchestration")
