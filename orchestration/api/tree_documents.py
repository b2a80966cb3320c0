"""Documents of trees: check, import, export, copy, forecast."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from ninja import Body, Query, Router, Status
from pydantic import Field

from orchestration.access.shown import shown_value
from orchestration.actions import keeping, trees
from orchestration.actions.executor_rights import executor_problems
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import text_problem
from orchestration.engine.registry import default_registry
from orchestration.engine.start_order import start_order
from orchestration.engine.validation import read_draft
from orchestration.models import Tree

from .documents import AnyDocument, ImportDocument, TreeDocument
from .door import ApiRequest
from .found import require_creator, visible_tree
from .schemas import Fields, Name, TaskId
from .tree_answers import ProblemOut, TreeOut, listed_problems
from .trees import created, read_definition

router = Router(tags=["trees"])

_UNSAFE_IN_FILE: Final = re.compile(r"[^A-Za-z0-9._-]+")


Slots = Annotated[int, Query(ge=1, le=10_000, description="tasks at the same time")]


class Verdict(Fields):
    """What the validator says. `definition` is the document as it would be stored; null when it can't be."""

    valid: bool = Field(description="it could be run", examples=[True])
    problems: list[ProblemOut] = Field(examples=[[]])
    definition: TreeDocument | None


class Copying(Fields):
    """The copy's name."""

    name: Name


class NeverStarts(Fields):
    """A task that no executor would be started for."""

    task: TaskId
    why: str = Field(examples=["Not run: the task is disabled"])


class StartOrderOut(Fields):
    """Which tasks start together, step by step."""

    slots: int = Field(examples=[4])
    steps: list[list[str]] = Field(description="ids of tasks", examples=[[["fetch"], ["load"]]])
    never: list[NeverStarts] = Field(examples=[[]])


@router.post("/trees/validate", response=Verdict, summary="Check a document")
def validate_tree(request: ApiRequest, document: Body[AnyDocument]) -> dict[str, Any]:
    """Say what is wrong with a document, also with apflow's plain array. Nothing is stored."""
    try:
        spec, problems = read_draft(document, default_registry)
    except InvalidDefinitionError as error:
        return {"valid": False, "problems": listed_problems(error.problems), "definition": None}
    problems = [*problems, *executor_problems(spec, request.auth.user)]
    return {"valid": not problems, "problems": listed_problems(problems), "definition": spec.as_json()}


@router.post("/trees/import", response={201: TreeOut}, summary="Import a tree")
def import_tree(
    request: ApiRequest, response: HttpResponse, document: Body[ImportDocument], draft: bool = False
) -> Status[Any]:
    """Make a tree from a document, or from apflow's plain array of tasks. `draft` allows unknown executors and such."""
    require_creator(request)
    definition = read_definition(document, draft=draft)
    tree = trees.create_tree(definition.spec, user=request.auth.user, message="Imported", act="tree.import")
    return created(request, response, tree, definition)


@router.get("/trees/{uuid:id}/export", response=TreeDocument, summary="Export a tree")
def export_tree(request: ApiRequest, response: HttpResponse, id: UUID) -> dict[str, Any]:
    """Return the portable document, as a file to keep; without secrets to who may not change trees."""
    tree = visible_tree(request, id)
    response.headers["Content-Disposition"] = _as_file(tree)
    return shown_value(request.auth, trees.export_tree(tree))


@router.post("/trees/{uuid:id}/copy", response={201: TreeOut}, summary="Copy a tree")
def copy_tree(request: ApiRequest, response: HttpResponse, id: UUID, body: Copying) -> Status[Any]:
    """Make a tree of your own that is like this one."""
    tree = visible_tree(request, id)
    require_creator(request)
    _check_name(body.name)
    return created(request, response, keeping.copy_tree(tree, request.auth.user, body.name))


@router.get("/trees/{uuid:id}/start-order", response=StartOrderOut, summary="Forecast the order of starts")
def forecast_starts(request: ApiRequest, id: UUID, slots: Slots = 4) -> dict[str, Any]:
    """Say in which order the tasks would start on one worker, if all succeed and all last equally long."""
    order = start_order(trees.consistent_spec(visible_tree(request, id)), slots, default_registry)
    never = [{"task": task, "why": why} for task, why in order.never.items()]
    return {"slots": slots, "steps": order.steps, "never": never}


def _check_name(name: str) -> None:
    """Names of copies keep the rules of names in documents."""
    if not name.strip() or any(ord(char) < 32 or ord(char) == 127 for char in name) or text_problem(name):
        raise InvalidDefinitionError([Problem("$.name", "must be one line of text that is not empty")])


def _as_file(tree: Tree) -> str:
    """Name the file after the tree, in a form that every browser reads and that can't break the header."""
    plain = _UNSAFE_IN_FILE.sub("-", tree.name).strip("-.")[:80] or "tree"
    whole = quote(f"{tree.name[:80]}.json", safe="")
    return f"attachment; filename=\"{plain}.json\"; filename*=UTF-8''{whole}"
