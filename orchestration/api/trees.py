"""One tree: make, read, save, share, archive, delete."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpResponse
from ninja import Body, Status
from pydantic import ConfigDict, Field

from orchestration.access import rules
from orchestration.actions import keeping, trees
from orchestration.engine import validation
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.registry import default_registry
from orchestration.models import Tree

from . import tree_list
from .documents import NewTree, TreeDocument, empty_document
from .door import ApiRequest
from .errors import forbidden
from .found import editable_tree, manageable_tree, require_creator, visible_tree
from .preconditions import IfMatch, expected_version, set_etag
from .schemas import Fields, Flag, Text, Username
from .tree_answers import Definition, TreeOut, whole_tree

# An address belongs to one router, and the list has that of `POST`.
router = tree_list.router


class Saving(Fields):
    """A whole definition, and why it is saved."""

    definition: TreeDocument
    message: Text = Field("", max_length=500, examples=["Load the orders twice a day"])


class Keeping(Fields):
    """What of a tree is to change; its definition stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visibility": "groups", "shared_with": ["operations"]}]})

    visibility: Literal["private", "groups", "everyone"] | None = None
    shared_with: list[Text] | None = Field(
        None, max_length=100, description="names of groups; they see it when its visibility is `groups`"
    )
    owner: Username | None = None
    archived: Flag | None = None


@router.post("/trees", response={201: TreeOut}, summary="Make a tree")
def create_tree(
    request: ApiRequest, response: HttpResponse, document: Body[NewTree], draft: bool = False
) -> Status[Any]:
    """Make a tree from a document, or an empty one from `{"name": …}`. `draft` allows what keeps it from running."""
    require_creator(request)
    empty = set(document) == {"name"}
    definition = read_definition(empty_document(document["name"]) if empty else document, draft=draft or empty)
    tree = trees.create_tree(definition.spec, user=request.auth.user, message="Created")
    return created(request, response, tree, definition)


@router.get("/trees/{uuid:id}", response=TreeOut, summary="Read a tree")
def read_tree(request: ApiRequest, response: HttpResponse, id: UUID) -> dict[str, Any]:
    """Return a tree with its definition, what keeps it from running, and what you may do. `ETag` is its version."""
    return shown(request, response, visible_tree(request, id))


@router.put("/trees/{uuid:id}", response=TreeOut, summary="Save a definition")
def save_tree(
    request: ApiRequest,
    response: HttpResponse,
    id: UUID,
    body: Saving,
    if_match: IfMatch = None,
    draft: bool = False,
) -> dict[str, Any]:
    """Save a whole definition as a new version. `draft` allows what keeps it from running."""
    tree = editable_tree(request, id)
    expected = expected_version(if_match)
    definition = read_definition(body.definition, draft=draft, below="$.definition")
    user = request.auth.user
    trees.save_definition(tree, definition.spec, user=user, message=body.message, expected_version=expected)
    return shown(request, response, tree, definition)


@router.patch("/trees/{uuid:id}", response=TreeOut, summary="Share, give away or archive a tree")
def change_tree(request: ApiRequest, response: HttpResponse, id: UUID, body: Keeping) -> dict[str, Any]:
    """Change who sees a tree, whose it is, or whether it is in the archive; its definition and version stay."""
    user = request.auth.user
    with transaction.atomic():
        trees.lock_tree(visible_tree(request, id))
        # Read again: whoever was waited for may have shared it, or given it away.
        tree = visible_tree(request, id)
        _require_rights(request, tree, body.model_fields_set)
        if body.visibility is not None or body.shared_with is not None:
            groups = _groups(tree, body.shared_with)
            keeping.share_tree(tree, body.visibility or tree.visibility, groups, user)
        if body.archived is not None:
            keeping.archive_tree(tree, user, body.archived)
        if body.owner is not None:
            keeping.give_tree(tree, _user(body.owner), user)
    # Whoever gave a private tree away does not see it any more; this once they are told how it is now.
    return shown(request, response, tree)


@router.delete("/trees/{uuid:id}", response={204: None}, summary="Delete a tree")
def delete_tree(request: ApiRequest, id: UUID) -> Status[None]:
    """Delete a tree with its versions. Its runs stay."""
    tree = manageable_tree(request, id)
    with transaction.atomic():
        keeping.lock_for_deletion([tree.pk])
        keeping.delete_locked_tree(manageable_tree(request, id), request.auth.user)
    return Status(204, None)


def created(
    request: ApiRequest, response: HttpResponse, tree: Tree, definition: Definition | None = None
) -> Status[Any]:
    """Answer with a tree that was just made."""
    response.headers["Location"] = f"/api/v1/trees/{tree.pk}"
    return Status(201, shown(request, response, tree, definition))


def shown(
    request: ApiRequest, response: HttpResponse, tree: Tree, definition: Definition | None = None
) -> dict[str, Any]:
    """Answer with a whole tree and its version; `definition` is what was just stored, where it is known."""
    whole = whole_tree(request.auth, tree, definition)
    tree.version = whole["version"]
    set_etag(response, tree)
    return whole


def read_definition(document: Any, *, draft: bool, below: str = "$") -> Definition:
    """Read a definition; problems are told by their place in the body. Raises InvalidDefinitionError."""
    try:
        if draft:
            return Definition(*validation.read_draft(document, default_registry))
        return Definition(validation.read_tree(document, default_registry), [])
    except InvalidDefinitionError as error:
        problems = [Problem(below + problem.path.removeprefix("$"), problem.message) for problem in error.problems]
        raise InvalidDefinitionError(problems) from error


def _require_rights(request: ApiRequest, tree: Tree, fields: set[str]) -> None:
    managing = fields - {"archived"}
    if managing and not rules.may_manage_tree(request.auth, tree):
        raise forbidden("Only a tree's owner, as an editor, and administrators may share it or give it away.")
    if not rules.may_edit_tree(request.auth, tree):
        raise forbidden("You may look at this tree, but not archive it; that takes the role editor.")


def _groups(tree: Tree, names: list[str] | None) -> list[Group]:
    if names is None:
        return list(tree.shared_with.all())
    found = {group.name: group for group in Group.objects.filter(name__in=names)}
    unknown = sorted(set(names) - found.keys())
    if unknown:
        raise InvalidDefinitionError([Problem("$.shared_with", f"there is no group {name!r}") for name in unknown])
    return list(found.values())


def _user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise InvalidDefinitionError([Problem("$.owner", f"there is no user {name!r}")])
    return user
