"""Groups: the four roles, and those that trees are shared with."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from ninja import Path, Query, Router, Status

from orchestration.access import rules
from orchestration.actions.groups import change_group, create_group, delete_group

from .door import ApiRequest
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .people_rows import GroupChanges, GroupOut, NewGroupIn, group_rows, permissions_named

router = Router(tags=["people"])

_BY_NAME: Final = Order(("name", "id"))
GroupId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/groups", response=Page[GroupOut], summary="List groups")
def list_groups(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List groups by name, with what their members may."""
    _require_sight(request)
    return _BY_NAME.page(_groups(), query, group_rows)


@router.post("/groups", response={201: GroupOut}, summary="Make a group")
def make_group(request: ApiRequest, body: NewGroupIn) -> Status[Any]:
    """Make a group. Users are put into it by changing them."""
    _require_right(request, "add")
    made = create_group(body.name, permissions_named(body.permissions), user=request.auth.user)
    return Status(201, _shown(made.pk))


@router.get("/groups/{int:id}", response=GroupOut, summary="Read a group")
def read_group(request: ApiRequest, id: GroupId) -> Any:
    """Return a group."""
    _require_sight(request)
    return _shown(_found(id).pk)


@router.patch("/groups/{int:id}", response=GroupOut, summary="Change a group")
def update_group(request: ApiRequest, id: GroupId, body: GroupChanges) -> Any:
    """Change what is sent of a group. 409 when nobody would be left who administers the site."""
    _require_right(request, "change")
    permissions = None if body.permissions is None else permissions_named(body.permissions)
    change_group(_found(id), name=body.name, permissions=permissions, user=request.auth.user)
    return _shown(id)


@router.delete("/groups/{int:id}", response={204: None}, summary="Delete a group")
def remove_group(request: ApiRequest, id: GroupId) -> Status[None]:
    """Delete a group; its members stay. 409 when nobody would be left who administers the site."""
    _require_right(request, "delete")
    delete_group(_found(id), user=request.auth.user)
    return Status(204, None)


def _require_sight(request: ApiRequest) -> None:
    if not rules.may_see_people(request.auth, Group):
        raise forbidden("Groups are for administrators.")


def _require_right(request: ApiRequest, act: Literal["add", "change", "delete"]) -> None:
    if not rules.may_manage_people(request.auth, act, Group):
        raise forbidden("Groups are made, changed and deleted by administrators.")


def _groups() -> QuerySet[Group]:
    return Group.objects.annotate(members=Count("user")).prefetch_related("permissions")


def _shown(pk: int) -> Any:
    return group_rows([_groups().get(pk=pk)])[0]


def _found(pk: int) -> Group:
    group = Group.objects.filter(pk=pk).first()
    if group is None:
        raise not_found("group")
    return group
