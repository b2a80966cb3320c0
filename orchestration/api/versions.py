"""Versions of a tree: list, read, compare, go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpResponse
from ninja import Path, Query, Router
from pydantic import Field

from orchestration.access.shown import shown_value
from orchestration.actions import keeping
from orchestration.actions.keeping import VersionNotFoundError
from orchestration.engine.diff import diff_trees
from orchestration.models import Tree, TreeVersion

from .documents import TreeDocument
from .door import ApiRequest
from .found import editable_tree, visible_tree
from .paging import Order, Page, PageQuery
from .preconditions import IfMatch, expected_version
from .schemas import Fields, Json, Moment, Name, TaskId, Text, Username
from .tree_answers import TreeOut
from .trees import shown

router = Router(tags=["versions"])

_LARGEST: Final = 2**31 - 1
_NEWEST: Final = Order(("-number",))
Number = Annotated[int, Field(ge=1, le=_LARGEST, examples=[1])]


class VersionLine(Fields):
    """A version in a list."""

    number: int = Field(examples=[7])
    message: str = Field(examples=["Load the orders twice a day"])
    author: Username | None
    created_at: Moment


class VersionOut(VersionLine):
    """A version with the definition as it was."""

    definition: TreeDocument


class Change(Fields):
    """A field before and after."""

    # `from` is a word of Python.
    before: Json = Field(alias="from", examples=[2])
    after: Json = Field(alias="to", examples=[0])


class TaskName(Fields):
    """A task that came or went."""

    id: TaskId
    name: Name


class TaskChange(TaskName):
    """What changed in a task that both have."""

    fields: dict[str, Change]


class VersionEdge(Fields):
    """A dependency: `task` waits for `depends_on`."""

    task: TaskId
    depends_on: TaskId
    required: bool


class TaskChanges(Fields):
    """Tasks by what happened to them."""

    added: list[TaskName]
    removed: list[TaskName]
    changed: list[TaskChange]


class EdgeChanges(Fields):
    """Dependencies by what happened to them."""

    added: list[VersionEdge]
    removed: list[VersionEdge]
    changed: list[VersionEdge]


class Diff(Fields):
    """What changed from one version to another."""

    before: int = Field(alias="from", examples=[3])
    after: int = Field(alias="to", examples=[7])
    tree: dict[str, Change] = Field(description="fields of the tree itself")
    tasks: TaskChanges
    dependencies: EdgeChanges
    reordered: bool = Field(description="the tasks that both have stand in another order")


class Restoring(Fields):
    """Which version is to be the present one again."""

    version: Annotated[int, Field(strict=True, ge=1, le=_LARGEST, examples=[1])]
    message: Text = Field("", max_length=500)


@router.get("/trees/{uuid:id}/versions", response=Page[VersionLine], summary="List versions")
def list_versions(request: ApiRequest, id: UUID, query: Query[PageQuery]) -> Page[Any]:
    """List the versions of a tree, newest first."""
    versions = visible_tree(request, id).versions.select_related("author").defer("definition")
    return _NEWEST.page(versions, query, _lines)


@router.get("/trees/{uuid:id}/versions/{int:number}", response=VersionOut, summary="Read a version")
def read_version(request: ApiRequest, id: UUID, number: Annotated[Number, Path()]) -> dict[str, Any]:
    """Return a version with its definition."""
    version = _version(visible_tree(request, id), number)
    return {**_line(version), "definition": shown_value(request.auth, version.definition)}


@router.get("/trees/{uuid:id}/diff", response=Diff, by_alias=True, summary="Compare versions")
def diff_versions(
    request: ApiRequest,
    id: UUID,
    before: Annotated[Number, Query(alias="from")],
    after: Annotated[Number, Query(alias="to")],
) -> dict[str, Any]:
    """Say what was added, removed and changed between two versions."""
    tree = visible_tree(request, id)
    old, new = _version(tree, before).definition, _version(tree, after).definition
    changes = shown_value(request.auth, diff_trees(old, new), old, new)
    return {"from": before, "to": after, **changes}


@router.post("/trees/{uuid:id}/restore", response=TreeOut, summary="Go back to a version")
def restore_version(
    request: ApiRequest, response: HttpResponse, id: UUID, body: Restoring, if_match: IfMatch = None
) -> dict[str, Any]:
    """Make a new version with the definition of an old one."""
    tree = editable_tree(request, id)
    expected = expected_version(if_match)
    keeping.restore_version(tree, body.version, request.auth.user, message=body.message, expected_version=expected)
    return shown(request, response, tree)


def _version(tree: Tree, number: int) -> TreeVersion:
    version = tree.versions.select_related("author").filter(number=number).first()
    if version is None:
        raise VersionNotFoundError(f"The tree has no version {number}")
    return version


def _lines(versions: Sequence[TreeVersion]) -> list[Any]:
    return [_line(version) for version in versions]


def _line(version: TreeVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "message": version.message,
        "author": version.author.get_username() if version.author else None,
        "created_at": version.created_at,
    }
