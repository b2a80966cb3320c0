"""Single tasks and dependencies of a tree. Each change makes a new version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpResponse
from ninja import Body, Path, Query, Router, Status
from pydantic import Field

from orchestration.access import Actor
from orchestration.access.shown import shown_value
from orchestration.actions.edits import Editor
from orchestration.actions.trees import at_one_version, stored_spec, task_specs
from orchestration.engine.definition import TaskSpec
from orchestration.engine.errors import TaskNotFoundError
from orchestration.models import Task, Tree

from .documents import TaskDocument, TaskFields
from .door import ApiRequest
from .found import editable_tree, visible_tree
from .paging import Order, Page, PageQuery
from .preconditions import IfMatch, expected_version, set_etag
from .schemas import Fields, Flag, TaskId

router = Router(tags=["tasks"])

_IN_ORDER: Final = Order(("ordinal", "id"))
TaskInPath = Annotated[TaskId, Path(description="the task's id")]
OtherInPath = Annotated[TaskId, Path(description="the id of the task that is waited for", examples=["load"])]


Reconnect = Annotated[bool, Query(description="what waited for it waits for what it waited for")]


class Waiting(Fields):
    """How a task waits for another: for its success, or for its end."""

    required: Flag = Field(True, description="false: wait for its end, whatever that is")


class DependencyOut(Fields):
    """A dependency, as it stands in a task."""

    id: TaskId
    required: bool = Field(examples=[True])


@router.get("/trees/{uuid:id}/tasks", response=Page[TaskDocument], summary="List tasks")
def list_tasks(request: ApiRequest, id: UUID, query: Query[PageQuery]) -> Page[Any]:
    """List the tasks of a tree, in their order."""
    return _IN_ORDER.page(visible_tree(request, id).tasks.all(), query, partial(_documents, request.auth))


@router.post("/trees/{uuid:id}/tasks", response={201: TaskDocument}, summary="Add a task")
def add_task(
    request: ApiRequest, response: HttpResponse, id: UUID, task: Body[TaskDocument], if_match: IfMatch = None
) -> Status[Any]:
    """Put a task at the end of a tree."""
    tree = editable_tree(request, id)
    spec = _editor(request, if_match).add_task(tree, task)
    set_etag(response, tree)
    return Status(201, spec.as_json())


# Ids of tasks may hold slashes; the addresses of dependencies come first, because they are the longer ones.


@router.put(
    "/trees/{uuid:id}/tasks/{path:task}/dependencies/{path:other}",
    response={200: DependencyOut, 201: DependencyOut},
    summary="Let a task wait for another",
)
def put_dependency(
    request: ApiRequest,
    response: HttpResponse,
    id: UUID,
    task: TaskInPath,
    other: OtherInPath,
    body: Waiting,
    if_match: IfMatch = None,
) -> Status[Any]:
    """Add a dependency (201), or change whether it is required (200)."""
    tree = editable_tree(request, id)
    new = _editor(request, if_match).set_dependency(tree, task, other, required=body.required)
    set_etag(response, tree)
    return Status(201 if new else 200, {"id": other, "required": body.required})


@router.delete(
    "/trees/{uuid:id}/tasks/{path:task}/dependencies/{path:other}",
    response={204: None},
    summary="Let a task wait no more",
)
def delete_dependency(
    request: ApiRequest,
    response: HttpResponse,
    id: UUID,
    task: TaskInPath,
    other: OtherInPath,
    if_match: IfMatch = None,
) -> Status[None]:
    """Take a dependency away."""
    tree = editable_tree(request, id)
    _editor(request, if_match).remove_dependency(tree, task, other)
    set_etag(response, tree)
    return Status(204, None)


@router.get("/trees/{uuid:id}/tasks/{path:task}", response=TaskDocument, summary="Read a task")
def read_task(request: ApiRequest, response: HttpResponse, id: UUID, task: TaskInPath) -> dict[str, Any]:
    """Return one task as it stands in the document."""
    tree = visible_tree(request, id)
    spec = at_one_version(tree, lambda: _found(tree, task))
    set_etag(response, tree)
    return shown_value(request.auth, spec.as_json())


@router.patch("/trees/{uuid:id}/tasks/{path:task}", response=TaskDocument, summary="Change a task")
def change_task(
    request: ApiRequest,
    response: HttpResponse,
    id: UUID,
    task: TaskInPath,
    fields: Body[TaskFields],
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change fields of a task; null gives a field its default. Its id and its dependencies stay."""
    tree = editable_tree(request, id)
    spec = _editor(request, if_match).change_task(tree, task, fields)
    set_etag(response, tree)
    return spec.as_json()


@router.delete("/trees/{uuid:id}/tasks/{path:task}", response={204: None}, summary="Delete a task")
def delete_task(
    request: ApiRequest,
    response: HttpResponse,
    id: UUID,
    task: TaskInPath,
    reconnect: Reconnect = False,
    if_match: IfMatch = None,
) -> Status[None]:
    """Delete a task and the dependencies on it; its children move up to its parent."""
    tree = editable_tree(request, id)
    _editor(request, if_match).remove_task(tree, task, reconnect=reconnect)
    set_etag(response, tree)
    return Status(204, None)


def _editor(request: ApiRequest, if_match: str | None) -> Editor:
    return Editor(request.auth.user, expected_version(if_match))


def _found(tree: Tree, uid: str) -> TaskSpec:
    found = tree.tasks.filter(uid=uid).first()
    if found is None:
        raise TaskNotFoundError(f"The tree has no task {uid!r}")
    return stored_spec(found)


def _documents(actor: Actor, tasks: Sequence[Task]) -> list[Any]:
    return shown_value(actor, [spec.as_json() for spec in task_specs(tasks)])
