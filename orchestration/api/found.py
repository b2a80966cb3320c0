"""The tree that a request is about, and whether the caller may do what they ask with it."""

from __future__ import annotations

from uuid import UUID

from orchestration.access import rules
from orchestration.models import Tree

from .door import ApiRequest
from .errors import forbidden, not_found


def visible_tree(request: ApiRequest, pk: UUID) -> Tree:
    """Return a tree that the caller may see. Raises ApiError 404."""
    tree = rules.find_tree(request.auth, pk)
    if tree is None:
        raise not_found("tree")
    return tree


def editable_tree(request: ApiRequest, pk: UUID) -> Tree:
    """Return a tree that the caller may change. Raises ApiError 404 and 403."""
    tree = visible_tree(request, pk)
    if not rules.may_edit_tree(request.auth, tree):
        raise forbidden("You may look at this tree, but not change it; that takes the role editor.")
    return tree


def manageable_tree(request: ApiRequest, pk: UUID) -> Tree:
    """Return a tree that the caller may delete, share and give away. Raises ApiError 404 and 403."""
    tree = visible_tree(request, pk)
    if not rules.may_manage_tree(request.auth, tree):
        raise forbidden("Only a tree's owner, as an editor, and administrators may do this.")
    return tree


def require_creator(request: ApiRequest) -> None:
    """Raise ApiError 403 for who may not make trees."""
    if not rules.may_create_trees(request.auth):
        raise forbidden("You may not make trees; that takes the role editor.")
