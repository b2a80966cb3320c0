"""Who has a tree open: each of the others once, until they leave or fall silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from orchestration.actions.keeping import delete_tree
from orchestration.actions.presence import Other, be_present, leave
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.models import Presence, Tree
from orchestration.models.presence import GONE_AFTER
from tests.lock_race import act_after_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> Tree:
    """A tree that people open."""
    return create_tree(TreeSpec("Open", (TaskSpec("a", "a", executor="echo"),)), user=None)


@pytest.fixture
def person() -> Callable[[str], User]:
    """Makes people."""
    return lambda name: User.objects.create(username=name)


def be_silent(page: UUID, longer: timedelta) -> None:
    """Let time go by for a page that says nothing."""
    Presence.objects.filter(page=page).update(seen_at=F("seen_at") - longer)


def test_one_hears_of_the_others_and_not_of_oneself(tree: Tree, person: Callable[[str], User]) -> None:
    ada, bob = person("ada"), person("bob")
    assert be_present(tree, ada, uuid4(), editing=True) == []
    assert be_present(tree, ada, uuid4(), editing=False) == []
    assert be_present(tree, bob, uuid4(), editing=False) == [Other("ada", True)]
    assert be_present(tree, ada, uuid4(), editing=False) == [Other("bob", False)]


def test_somebody_edits_when_one_of_their_pages_does(tree: Tree, person: Callable[[str], User]) -> None:
    ada, bob, page = person("ada"), person("bob"), uuid4()
    be_present(tree, ada, page, editing=True)
    be_present(tree, ada, uuid4(), editing=False)
    assert be_present(tree, bob, uuid4(), editing=False) == [Other("ada", True)]
    be_present(tree, ada, page, editing=False)
    assert be_present(tree, bob, uuid4(), editing=False) == [Other("ada", False)]
    assert Presence.objects.filter(page=page).count() == 1


def test_people_are_in_order(tree: Tree, person: Callable[[str], User]) -> None:
    for name in ("cleo", "ada", "bob"):
        be_present(tree, person(name), uuid4(), editing=False)
    others = be_present(tree, person("zoe"), uuid4(), editing=False)
    assert [other.user for other in others] == ["ada", "bob", "cleo"]


def test_a_page_that_is_closed_or_silent_is_gone(tree: Tree, person: Callable[[str], User]) -> None:
    ada, bob, cleo = person("ada"), person("bob"), person("cleo")
    closed, silent = uuid4(), uuid4()
    be_present(tree, ada, closed, editing=True)
    be_present(tree, bob, silent, editing=True)
    leave(tree, ada, closed)
    be_silent(silent, GONE_AFTER - timedelta(seconds=5))
    assert be_present(tree, cleo, uuid4(), editing=False) == [Other("bob", True)]
    be_silent(silent, timedelta(seconds=10))
    assert be_present(tree, cleo, uuid4(), editing=False) == []
    assert not Presence.objects.filter(page=silent).exists()


def test_nobody_can_close_the_page_of_another(tree: Tree, person: Callable[[str], User]) -> None:
    ada, bob, page = person("ada"), person("bob"), uuid4()
    be_present(tree, ada, page, editing=True)
    leave(tree, bob, page)
    leave(tree, ada, uuid4())
    assert be_present(tree, bob, uuid4(), editing=False) == [Other("ada", True)]


def test_trees_are_told_apart(tree: Tree, person: Callable[[str], User]) -> None:
    other = create_tree(TreeSpec("Other", (TaskSpec("a", "a", executor="echo"),)), user=None)
    be_present(tree, person("ada"), uuid4(), editing=True)
    assert be_present(other, person("bob"), uuid4(), editing=False) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said_before", [True, False])
def test_a_tree_that_is_deleted_meanwhile_is_not_there(
    tree: Tree, person: Callable[[str], User], said_before: bool
) -> None:
    ada, page = person("ada"), uuid4()
    if said_before:
        be_present(tree, ada, page, editing=False)
    row = Presence.objects.get() if said_before else tree
    with pytest.raises(Tree.DoesNotExist):
        act_after_waiting(row, lambda: delete_tree(tree), lambda: be_present(tree, ada, page, editing=True))
    assert not Presence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_deleted_meanwhile_is_nowhere(tree: Tree, person: Callable[[str], User]) -> None:
    ada = person("ada")
    with pytest.raises(Tree.DoesNotExist):
        act_after_waiting(
            ada, lambda: User.objects.all().delete(), lambda: be_present(tree, ada, uuid4(), editing=True)
        )
    assert not Presence.objects.exists()
