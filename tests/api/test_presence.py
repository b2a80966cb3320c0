"""Presence over HTTP: who may say that they have a tree open, and what they hear."""

from __future__ import annotations

from uuid import uuid4

import pytest

from orchestration.actions.keeping import delete_tree
from orchestration.models import Presence, Tree
from tests.lock_race import act_after_waiting

from .conftest import Caller, document, person, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(editor: Caller) -> str:
    """Where one says that the editor's tree is open."""
    made = editor("POST", "/trees", document(task("a")))
    return f"/trees/{made.body['id']}/presence"


def test_people_hear_of_each_other(editor: Caller, admin: Caller, address: str) -> None:
    page = str(uuid4())
    assert editor("PUT", address, {"page": page, "editing": True}).body == {"others": []}
    heard = admin("PUT", address, {"page": str(uuid4())})
    assert (heard.status, heard.body) == (200, {"others": [{"user": "edda", "editing": True}]})
    assert editor("PUT", address, {"page": page}).body == {"others": [{"user": "ada", "editing": False}]}
    assert editor("DELETE", f"{address}/{page}").status == 204
    assert admin("PUT", address, {"page": str(uuid4())}).body == {"others": []}


def test_who_may_look_only_is_there_as_well(editor: Caller, viewer: Caller, address: str) -> None:
    Tree.objects.update(visibility="everyone")
    assert viewer("PUT", address, {"page": str(uuid4())}).status == 200
    assert editor("PUT", address, {"page": str(uuid4())}).body["others"] == [{"user": "vic", "editing": False}]


def test_a_tree_that_one_may_not_see_does_not_exist(editor: Caller, address: str) -> None:
    Tree.objects.update(visibility="private")
    stranger, page = Caller(person("emil", "editor")), str(uuid4())
    editor("PUT", address, {"page": page, "editing": True})
    assert stranger("PUT", address, {"page": str(uuid4())}).code == "not_found"
    assert stranger("DELETE", f"{address}/{page}").code == "not_found"
    assert Presence.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_tree_that_is_deleted_meanwhile_does_not_exist(editor: Caller, address: str) -> None:
    tree, page = Tree.objects.get(), str(uuid4())
    heard = act_after_waiting(tree, lambda: delete_tree(tree), lambda: editor("PUT", address, {"page": page}))
    assert (heard.status, heard.code) == (404, "not_found")


def test_what_is_said_is_checked(editor: Caller, address: str) -> None:
    assert editor("PUT", address, {}).paths == ["$.page"]
    assert editor("PUT", address, {"page": "mine"}).paths == ["$.page"]
    assert editor("PUT", address, {"page": str(uuid4()), "editing": "perhaps"}).paths == ["$.editing"]
    assert editor("DELETE", f"{address}/mine").status == 404
    assert not Presence.objects.exists()
