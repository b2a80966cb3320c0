"""The builder: the page that draws a tree. Its script asks the HTTP API for everything."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .access import May, PageRequest, page, visible_tree
from .boot import boot_of


@require_safe
@page
def tree_new(request: PageRequest) -> HttpResponse:
    """Open the builder on a tree that is not stored yet."""
    if not May(request.user).create_trees:
        raise PermissionDenied("Your account may not make trees: it needs the role editor.")
    return _builder(request, "New tree", None)


@require_safe
@page
def tree_edit(request: PageRequest, pk: UUID) -> HttpResponse:
    """Open the builder on a stored tree; who may not change it can look and run."""
    tree = visible_tree(request.user, pk)
    return _builder(request, tree.name, str(tree.pk))


def _builder(request: PageRequest, title: str, tree_id: str | None) -> HttpResponse:
    boot = boot_of(request, treeId=tree_id)
    return render(request, "pages/builder.html", {"section": "trees", "title": title, "boot": boot})
