"""Acts on groups, roles among them: make, change, delete. Callers ask the rules first who may."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError, Problem
from orchestration.models import ExecutorConfig

from . import audit
from .accounts import LastAdministratorError, gives_administration, nobody_left, one_at_a_time
from .executor_rights import LAST_GROUP
from .field_problems import field_problems, unless_taken
from .row_facts import changes, facts_of, kept

_FIELDS: Final = ("name",)


def create_group(name: str, permissions: Collection[Permission] = (), *, user: AbstractBaseUser) -> Group:
    """Make a group. Raises InvalidDefinitionError."""
    group = Group(name=name.strip())
    with transaction.atomic():
        _save(group)
        group.permissions.set(permissions)
        audit.record("group.create", group, user=user, detail=kept(facts_of(group)))
    return group


def change_group(
    group: Group, *, name: str | None = None, permissions: Collection[Permission] | None = None, user: AbstractBaseUser
) -> Group:
    """Change the name of a group or its permissions; None leaves that as it is. Members follow at once.

    Nothing is written when nothing changes. Raises InvalidDefinitionError, LastAdministratorError, Group.DoesNotExist.
    """
    with transaction.atomic():
        one_at_a_time()
        now = Group.objects.get(pk=group.pk)
        before = facts_of(now)
        if permissions is not None and is_last_of_administrators(now, permissions):
            raise LastAdministratorError
        if name is not None:
            now.name = name.strip()
            _save(now)
        if permissions is not None:
            now.permissions.set(permissions)
        changed = changes(before, facts_of(now))
        if changed:
            audit.record("group.change", now, user=user, detail={"changed": changed})
    return now


def delete_group(group: Group, *, user: AbstractBaseUser) -> None:
    """Delete a group; its members stay, without what it gave them.

    Raises LastAdministratorError, Group.DoesNotExist, and NotPossibleError while an executor is for it alone.
    """
    with transaction.atomic():
        one_at_a_time()
        # From here on, nobody else can say that an executor is for it.
        now = Group.objects.select_for_update().get(pk=group.pk)
        if nobody_left(without_groups=[now]):
            raise LastAdministratorError
        # Whoever decides about such an executor locks it too, and can't take another group from it meanwhile.
        list(ExecutorConfig.objects.filter(allowed_groups=now).order_by("pk").select_for_update(of=("self",)))
        kept_by = sorted(config.executor for config in ExecutorConfig.objects.open_without([now]))
        if kept_by:
            raise NotPossibleError(f"{', '.join(kept_by)}: {LAST_GROUP}")
        members = sorted(now.user_set.values_list("username", flat=True))
        facts: dict[str, Any] = facts_of(now) | {"members": members}
        audit.record("group.delete", now, user=user, detail=kept(facts))
        now.delete()


def group_problems(group: Group) -> list[Problem]:
    """List what is wrong with a group before it is saved."""
    return field_problems(group, _FIELDS)


def is_last_of_administrators(group: Group, permissions: Collection[Permission]) -> bool:
    """Tell whether nobody would administer the site if a group had these permissions and no others."""
    return not gives_administration(permissions) and nobody_left(without_groups=[group])


def _save(group: Group) -> None:
    problems = group_problems(group)
    if problems:
        raise InvalidDefinitionError(problems)
    with unless_taken("$.name"):
        group.save()
