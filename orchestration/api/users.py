"""Users: whom administrators let in, what they may, and letting them go."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.accounts import change_password, password_problems
from orchestration.actions.people import FIELDS, change_person, create_person, delete_person
from orchestration.actions.sessions import end_sessions
from orchestration.engine.errors import InvalidDefinitionError

from .door import ApiRequest, own_session_key
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .people_rows import NewPasswordIn, NewUserIn, UserChanges, UserOut, groups_named, permissions_named, user_rows
from .schemas import Text
from .sessions import EndedOut

router = Router(tags=["people"])

_BY_NAME: Final = Order(("username", "id"))
_SEARCHED: Final = ("username", "first_name", "last_name", "email")
UserId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class UserQuery(PageQuery):
    """What a list of users is narrowed by."""

    q: Text | None = Field(None, max_length=200, description="a part of a name or of the e-mail address")
    active: bool | None = None
    group: Text | None = Field(None, max_length=150, description="the name of a group, such as a role")


@router.get("/users", response=Page[UserOut], summary="List users")
def list_users(request: ApiRequest, query: Query[UserQuery]) -> Page[Any]:
    """List users by name."""
    _require_sight(request)
    found = _people()
    if query.q:
        words = Q()
        for name in _SEARCHED:
            words |= Q((f"{name}__icontains", query.q))
        found = found.filter(words)
    if query.active is not None:
        found = found.filter(is_active=query.active)
    if query.group is not None:
        found = found.filter(groups__name=query.group)
    return _BY_NAME.page(found, query, user_rows)


@router.post("/users", response={201: UserOut}, summary="Make a user")
def make_user(request: ApiRequest, body: NewUserIn) -> Status[Any]:
    """Let somebody in, with the roles and groups that are sent."""
    _require_right(request, "add")
    # What somebody is given at first is given as by a change.
    _require_right(request, "change")
    values = {name: getattr(body, name) for name in FIELDS}
    made = create_person(values, body.password, **_rights(body), user=request.auth.user)
    return Status(201, _shown(made.pk))


@router.get("/users/{int:id}", response=UserOut, summary="Read a user")
def read_user(request: ApiRequest, id: UserId) -> Any:
    """Return a user."""
    _require_sight(request)
    return _shown(_found(id).pk)


@router.patch("/users/{int:id}", response=UserOut, summary="Change a user")
def update_user(request: ApiRequest, id: UserId, body: UserChanges) -> Any:
    """Change what is sent of a user. Who is deactivated is signed out. 409 for the last administrator's rights."""
    _require_right(request, "change")
    values = {name: getattr(body, name) for name in FIELDS if getattr(body, name) is not None}
    change_person(_found(id), values, **_rights(body), user=request.auth.user)
    return _shown(id)


@router.delete("/users/{int:id}", response={204: None}, summary="Delete a user")
def remove_user(request: ApiRequest, id: UserId) -> Status[None]:
    """Delete a user with their tokens and sessions; their trees and runs stay. 409 for the last administrator."""
    _require_right(request, "delete")
    delete_person(_found(id), user=request.auth.user)
    return Status(204, None)


@router.put("/users/{int:id}/password", response=UserOut, summary="Give somebody a password")
def set_user_password(request: ApiRequest, id: UserId, body: NewPasswordIn) -> Any:
    """Give somebody a new password, or take it away. Their sessions end, but the one that the request came with."""
    _require_right(request, "change")
    person = _found(id)
    if body.password is not None and (problems := password_problems(body.password, person)):
        raise InvalidDefinitionError(problems)
    change_password(person, body.password, user=request.auth.user, keep=own_session_key(request))
    if request.auth.token is None and person == request.auth.user:
        update_session_auth_hash(request, person)
    return _shown(id)


@router.delete("/users/{int:id}/sessions", response=EndedOut, summary="Sign somebody out everywhere")
def end_users_sessions(request: ApiRequest, id: UserId) -> dict[str, int]:
    """End all sessions of somebody, but the one that the request came with."""
    _require_right(request, "change")
    return {"ended": end_sessions(_found(id), user=request.auth.user, but=own_session_key(request))}


def _require_sight(request: ApiRequest) -> None:
    if not rules.may_see_people(request.auth, User):
        raise forbidden("Users are for administrators.")


def _require_right(request: ApiRequest, act: Literal["add", "change", "delete"]) -> None:
    if not rules.may_manage_people(request.auth, act, User):
        raise forbidden("Users are made, changed and deleted by administrators.")


def _people() -> QuerySet[User]:
    return User.objects.prefetch_related("groups", "user_permissions")


def _shown(pk: int) -> Any:
    return user_rows([_people().get(pk=pk)])[0]


def _found(pk: int) -> User:
    person = User.objects.filter(pk=pk).first()
    if person is None:
        raise not_found("user")
    return person


def _rights(body: NewUserIn | UserChanges) -> dict[str, Any]:
    """Return what was sent of groups and permissions. Raises InvalidDefinitionError for unknown names."""
    return {
        "groups": None if body.groups is None else groups_named(body.groups),
        "permissions": None if body.permissions is None else permissions_named(body.permissions),
    }
