"""Who may see and do what on the pages: the rules of `orchestration.access`, as views and templates ask them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.models import Run, Tree

F = TypeVar("F")
V = TypeVar("V")
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
    return _or_404(rules.find_tree(Actor(user), pk), "There is no such tree, or it is not shared with you.")


def visible_run(user: User, pk: UUID) -> Run:
    """Return a run; one that the user may not see is a 404 like one that isn't there."""
    return _or_404(rules.find_run(Actor(user), pk), "There is no such run, or its tree is not shared with you.")


def sees_tree(user: User, run: Run) -> bool:
    """Tell whether the user may open a run's tree. Who started a run sees the run even when the tree is private now."""
    return run.tree_id is not None and rules.find_tree(Actor(user), run.tree_id) is not None


def may_start(user: User) -> bool:
    """Tell whether the user may start runs."""
    return rules.may_start(Actor(user))


def may_cancel(user: User, run: Run) -> bool:
    """Tell whether the user may cancel a run."""
    return rules.may_steer(Actor(user), run)


def may_see_values(user: User) -> bool:
    """Tell whether the user is shown literal secrets."""
    return rules.may_see_values(Actor(user))


def shown_to(user: User, value: V, *known: Any) -> V:
    """Return a JSON value as the user may see it; see `orchestration.access.shown`."""
    return shown_value(Actor(user), value, *known)


class Shown:
    """Which of our models the admin pages show somebody, by name."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def __getitem__(self, name: str) -> bool:
        return rules.may_see_in_admin(self._actor, apps.get_model("orchestration", name))


class May:
    """What the one who looks at a page may do, for templates: each is asked when it is used."""

    def __init__(self, user: User) -> None:
        self._actor = Actor(user)

    @property
    def enter_admin(self) -> bool:
        """True when the admin pages let them in."""
        return rules.may_enter_admin(self._actor)

    @property
    def see_in_admin(self) -> Shown:
        """What of it the admin shows them: `may.see_in_admin.tree`."""
        return Shown(self._actor)

    @property
    def create_trees(self) -> bool:
        """True when they may make trees."""
        return rules.may_create_trees(self._actor)

    @property
    def edit_trees(self) -> bool:
        """True when they may change trees that they see."""
        return self._actor.can("change_tree")

    @property
    def edit_schedules(self) -> bool:
        """True when they may make and change schedules."""
        return rules.may_edit_schedules(self._actor)

    @property
    def start_runs(self) -> bool:
        """True when they may start runs."""
        return rules.may_start(self._actor)


def may(request: HttpRequest) -> dict[str, May]:
    """Give templates `may`, which a stranger's page does not have: a context processor."""
    user = getattr(request, "user", None)
    return {"may": May(user)} if isinstance(user, User) else {}


def _or_404(found: F | None, otherwise: str) -> F:
    if found is None:
        raise Http404(otherwise)
    return found
