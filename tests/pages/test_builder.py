"""The builder's pages: who may open them, and what they tell their script."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orchestration.models import Tree

from .conftest import signed_in, text_of
from .scene import HOSTILE, make_tree, make_user

pytestmark = pytest.mark.django_db

NEW = "/trees/new/"


def edit_address(tree: Tree) -> str:
    """Where a tree is edited."""
    return reverse("tree-edit", args=[tree.pk])


def boot_in(response: Any) -> dict[str, Any]:
    """Return what a page tells its script."""
    found = re.search(r'<script id="boot" type="application/json">(.*?)</script>', text_of(response), re.DOTALL)
    assert found
    boot: dict[str, Any] = json.loads(found.group(1))
    return boot


@pytest.fixture
def editor() -> User:
    """Somebody who may make trees."""
    user = make_user("edda")
    user.groups.add(Group.objects.get(name="editor"))
    return user


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    for address in (NEW, edit_address(make_tree())):
        response = client.get(address)
        assert (response.status_code, response.headers["Location"]) == (302, f"/login/?next={address}")


def test_a_new_tree_is_for_those_who_may_make_one(as_viewer: Client, as_operator: Client, editor: User) -> None:
    assert signed_in(editor).get(NEW).status_code == 200
    for browser in (as_viewer, as_operator):
        refused = browser.get(NEW)
        assert refused.status_code == 403
        assert "needs the role editor" in text_of(refused)


def test_who_may_only_look_can_open_the_drawing(as_viewer: Client) -> None:
    assert as_viewer.get(edit_address(make_tree())).status_code == 200


def test_what_is_private_or_gone_is_a_404(as_viewer: Client) -> None:
    private = make_tree(visibility="private", owner=make_user("olaf"))
    for address in (edit_address(private), reverse("tree-edit", args=[uuid4()])):
        assert as_viewer.get(address).status_code == 404


def test_pages_are_only_read(as_admin: Client) -> None:
    for address in (NEW, edit_address(make_tree())):
        assert as_admin.post(address).status_code == 405
        assert "no-store" in as_admin.get(address).headers["Cache-Control"]


def test_the_script_is_told_where_it_is_and_who_looks(as_viewer: Client, viewer: User) -> None:
    tree = make_tree()
    boot = boot_in(as_viewer.get(edit_address(tree)))
    assert (boot["treeId"], boot["runId"], boot["user"]) == (str(tree.pk), None, viewer.get_username())
    assert as_viewer.get(f"{boot['apiBase']}/trees/{tree.pk}").status_code == 200
    assert boot["pages"] == {"trees": "/trees/", "runs": "/runs/"}
    assert boot["csrf"]


def test_the_script_is_told_what_one_may_do(editor: User, as_admin: Client, as_viewer: Client) -> None:
    tree = make_tree()
    may = {
        name: set(boot_in(browser.get(edit_address(tree)))["permissions"])
        for name, browser in (("viewer", as_viewer), ("editor", signed_in(editor)), ("admin", as_admin))
    }
    assert "change_tree" not in may["viewer"]
    assert {"add_tree", "change_tree"} <= may["editor"] < may["admin"]


def test_a_new_tree_has_no_id(as_admin: Client) -> None:
    assert boot_in(as_admin.get(NEW))["treeId"] is None


def test_names_are_texts_and_nothing_is_inline(as_admin: Client) -> None:
    text = text_of(as_admin.get(edit_address(make_tree(HOSTILE))))
    assert HOSTILE not in text
    assert not re.findall(r"<script(?! id=\"boot\"| type=\"module\" src=| src=)", text)
    assert " style=" not in text


def test_the_data_itself_is_asked_for_and_not_in_the_page(as_admin: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree(tasks=200)
    with django_assert_max_num_queries(8):
        assert len(as_admin.get(edit_address(tree)).content) < 10_000
