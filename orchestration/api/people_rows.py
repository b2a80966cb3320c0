"""Users and groups as the API takes and shows them. A password is taken, and shown by nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from django.contrib.auth.models import Group, Permission, User
from pydantic import ConfigDict, Field

from orchestration.actions.row_facts import permission_name
from orchestration.engine.errors import InvalidDefinitionError, Problem

from .schemas import Fields, Flag, Moment, Text

_MAX_LINKS: Final = 1_000
_EXAMPLE: Final[dict[str, Any]] = {"username": "ada", "email": "ada@example.org", "groups": ["editor"]}

UserName = Annotated[Text, Field(min_length=1, max_length=150, description="they sign in by it", examples=["ada"])]
Email = Annotated[Text, Field(max_length=254, examples=["ada@example.org"])]
PersonalName = Annotated[Text, Field(max_length=150, examples=["Ada"])]
Active = Annotated[Flag, Field(description="false: they can't come in, nor can their tokens", examples=[True])]
Staff = Annotated[Flag, Field(description="may open the administration, and see there what else they may")]
Superuser = Annotated[Flag, Field(description="may do everything, whatever the groups say")]
Password = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=1_000,
        description="nobody can read it again",
        examples=["correct horse battery"],
        json_schema_extra={"writeOnly": True},
    ),
]
GroupName = Annotated[Text, Field(min_length=1, max_length=150, examples=["night shift"])]
GroupNames = Annotated[
    list[Text],
    Field(max_length=_MAX_LINKS, description="names of groups; four of them are roles", examples=[["editor"]]),
]
PermissionNames = Annotated[
    list[Text],
    Field(max_length=_MAX_LINKS, description="names of Django's permissions", examples=[["orchestration.add_run"]]),
]


class NewUserIn(Fields):
    """A new user. Without a password they come in by single sign-on, or when they are given one."""

    model_config = ConfigDict(title="NewUser", json_schema_extra={"example": _EXAMPLE})

    username: UserName
    password: Password | None = None
    email: Email = ""
    first_name: PersonalName = ""
    last_name: PersonalName = ""
    is_active: Active = True
    is_staff: Staff = False
    is_superuser: Superuser = False
    groups: GroupNames = []
    permissions: PermissionNames = []


class UserChanges(Fields):
    """What is to change of a user; what is absent or null stays. Lists are sent as a whole."""

    model_config = ConfigDict(json_schema_extra={"example": {"groups": ["editor"], "is_active": True}})

    username: UserName | None = None
    email: Email | None = None
    first_name: PersonalName | None = None
    last_name: PersonalName | None = None
    is_active: Active | None = None
    is_staff: Staff | None = None
    is_superuser: Superuser | None = None
    groups: GroupNames | None = None
    permissions: PermissionNames | None = None


class NewPasswordIn(Fields):
    """A new password; null: none, so that they come in by single sign-on alone."""

    model_config = ConfigDict(title="NewPassword", json_schema_extra={"example": {"password": "correct horse battery"}})

    password: Password | None


class UserOut(Fields):
    """A user, with the groups that they are in and permissions of their own."""

    model_config = ConfigDict(title="User")

    id: int = Field(examples=[7])
    username: UserName
    email: Email
    first_name: PersonalName
    last_name: PersonalName
    is_active: Active
    is_staff: Staff
    is_superuser: Superuser
    groups: GroupNames
    permissions: PermissionNames
    has_password: bool = Field(description="false: they come in by single sign-on alone")
    date_joined: Moment
    last_login: Moment | None


class NewGroupIn(Fields):
    """A new group."""

    model_config = ConfigDict(title="NewGroup", json_schema_extra={"example": {"name": "night shift"}})

    name: GroupName
    permissions: PermissionNames = []


class GroupChanges(Fields):
    """What is to change of a group; what is absent or null stays. Permissions are sent as a whole."""

    model_config = ConfigDict(json_schema_extra={"example": {"permissions": ["orchestration.add_run"]}})

    name: GroupName | None = None
    permissions: PermissionNames | None = None


class GroupOut(Fields):
    """A group: one of the four roles, or one that trees are shared with."""

    model_config = ConfigDict(title="Group")

    id: int = Field(examples=[3])
    name: GroupName
    permissions: PermissionNames
    members: int = Field(description="how many users are in it", examples=[2])


def user_rows(people: Sequence[User]) -> list[Any]:
    """Return users as UserOut; their groups and permissions are loaded."""
    same = set(UserOut.model_fields) - {"groups", "permissions", "has_password"}
    return [
        {name: getattr(person, name) for name in same}
        | {
            "groups": sorted(group.name for group in person.groups.all()),
            "permissions": _names(person.user_permissions.all()),
            "has_password": person.has_usable_password(),
        }
        for person in people
    ]


def group_rows(groups: Sequence[Group]) -> list[Any]:
    """Return groups as GroupOut; their permissions are loaded, and `members` is counted."""
    return [
        {
            "id": group.pk,
            "name": group.name,
            "permissions": _names(group.permissions.all()),
            "members": vars(group)["members"],
        }
        for group in groups
    ]


def groups_named(names: Sequence[str]) -> list[Group]:
    """Return the groups of these names. Raises InvalidDefinitionError for those that are not there."""
    found = {group.name: group for group in Group.objects.filter(name__in=names)}
    _require(names, found, "groups", "group")
    return list(found.values())


def permissions_named(names: Sequence[str]) -> list[Permission]:
    """Return the permissions of these names, `app.codename`. Raises InvalidDefinitionError for unknown ones."""
    wanted = Permission.objects.filter(codename__in={name.partition(".")[2] for name in names})
    found = {permission_name(permission): permission for permission in wanted}
    _require(names, found, "permissions", "permission")
    return [permission for name, permission in found.items() if name in names]


def _require(names: Sequence[str], found: dict[str, Any], field: str, what: str) -> None:
    missing = [index for index, name in enumerate(names) if name not in found]
    if missing:
        problems = [Problem(f"$.{field}[{index}]", f"there is no {what} {names[index]!r}") for index in missing]
        raise InvalidDefinitionError(problems)


def _names(permissions: Any) -> list[str]:
    return sorted(permission_name(permission) for permission in permissions)
