"""Who may see and do what on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache

from orchestration.models import Run, Tree

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


def page(
    view: Callable[Concatenate[PageRequest, P], HttpResponse],
) -> Callable[Concatenate[PageRequest, P], HttpResponse]:
    """Make a view that asks strangers to sign in, and whose answer no cache keeps."""
    return never_cache(login_required(view))


def visible_tree(user: User, pk: UUID) -> Tree:
    """Return a tree; one that the user may not see is a 404 like one that isn't there."""
    return get_object_or_404(Tree.objects.visible_to(user).select_related("owner"), pk=pk)


def visible_run(user: User, pk: UUID) -> Run:
    """Return a run; one that the user may not see is a 404 like one that isn't there."""
    return get_object_or_404(Run.objects.visible_to(user).select_related("requested_by", "owner", "parent_run"), pk=pk)


def may_start(user: User) -> bool:
    """Tell whether the user may start runs."""
    return user.has_perm("orchestration.add_run")


def may_cancel(user: User, run: Run) -> bool:
    """Tell whether the user may cancel a run: their own, or any with the permission to change runs."""
    return run.requested_by_id == user.pk or user.has_perm("orchestration.change_run")
