"""Who sees what: strangers sign in, viewers look, and what is not theirs does not exist."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orchestration.engine.status import Status
from orchestration.models import RunCommand, Tree

from .conftest import text_of
from .scene import Scene, make_run, make_tree, make_user


def addresses(scene: Scene) -> list[str]:
    task = scene.live.task_runs.get(name="Fetch orders")
    return [
        reverse("overview"),
        reverse("trees"),
        reverse("tree", args=[scene.tree.pk]),
        reverse("tree", args=[scene.with_parameters.pk]),
        reverse("runs"),
        reverse("run", args=[scene.live.pk]),
        reverse("run", args=[scene.failed.pk]),
        reverse("task-run", args=[scene.live.pk, task.pk]),
        reverse("task-run-result", args=[scene.live.pk, task.pk]),
    ]


def test_strangers_are_asked_to_sign_in(scene: Scene, client: Client) -> None:
    for address in addresses(scene):
        response = client.get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/?next=")


def test_viewers_and_superusers_see_every_page(scene: Scene, as_viewer: Client, as_admin: Client) -> None:
    for address in addresses(scene):
        for browser in (as_viewer, as_admin):
            response = browser.get(address)
            assert response.status_code == 200, address
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
            assert "no-store" in response.headers["Cache-Control"]


def test_pages_have_nothing_inline(scene: Scene, as_admin: Client) -> None:
    for address in addresses(scene)[:-1]:
        text = text_of(as_admin.get(address))
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text
        # Scripts have addresses of their own; what a page tells them is data, which no browser runs.
        data = text.count('<script id="boot" type="application/json">')
        assert text.count("<script") == len(re.findall(r'<script[^>]* src="/static/', text)) + data


@pytest.mark.django_db
def test_what_is_private_is_a_404_for_others(admin: User, as_viewer: Client, as_admin: Client) -> None:
    tree = make_tree("Secret plan", owner=admin, visibility=Tree.Visibility.PRIVATE)
    run = make_run(tree, Status.COMPLETED, tasks=1, requested_by=admin)
    task = run.task_runs.get()
    for address in (
        reverse("tree", args=[tree.pk]),
        reverse("run", args=[run.pk]),
        reverse("task-run", args=[run.pk, task.pk]),
        reverse("task-run-result", args=[run.pk, task.pk]),
    ):
        assert as_viewer.get(address).status_code == 404
    for address in (reverse("tree-run", args=[tree.pk]), reverse("run-cancel", args=[run.pk])):
        assert as_viewer.post(address).status_code == 404
    for address in (reverse("overview"), reverse("trees"), reverse("runs")):
        assert "Secret plan" not in text_of(as_viewer.get(address))
        assert "Secret plan" in text_of(as_admin.get(address))


@pytest.mark.django_db
def test_a_task_run_is_found_under_its_own_run_only(scene: Scene, as_admin: Client) -> None:
    other = scene.failed.task_runs.get()
    assert as_admin.get(reverse("task-run", args=[scene.live.pk, other.pk])).status_code == 404
    assert as_admin.get(reverse("task-run", args=[scene.live.pk, 10**30])).status_code == 404
    assert as_admin.get(reverse("task-run-result", args=[scene.live.pk, 10**30])).status_code == 404


@pytest.mark.django_db
def test_what_is_not_there_is_a_404_with_a_way_out(as_viewer: Client, client: Client) -> None:
    for browser in (as_viewer, client):
        response = browser.get("/nothing/")
        assert response.status_code == 404
        assert "There is nothing here" in text_of(response)
    assert as_viewer.get(reverse("run", args=[uuid4()])).status_code == 404


@pytest.mark.django_db
def test_acts_need_post(scene: Scene, as_admin: Client) -> None:
    assert as_admin.get(reverse("tree-run", args=[scene.tree.pk])).status_code == 405
    assert as_admin.get(reverse("run-cancel", args=[scene.live.pk])).status_code == 405
    assert as_admin.get(reverse("logout")).status_code == 405


def test_acts_need_the_form(scene: Scene, admin: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    response = browser.post(reverse("tree-run", args=[scene.tree.pk]))
    assert response.status_code == 403
    assert "This form is out of date" in text_of(response)


@pytest.mark.django_db
def test_signing_in_and_out() -> None:
    make_user("ines")
    browser = Client()
    wrong = browser.post("/login/", {"username": "ines", "password": "no"})
    assert "Please enter a correct username" in text_of(wrong)
    right = browser.post("/login/?next=/runs/", {"username": "ines", "password": "correct horse battery"})
    assert right.headers["Location"] == "/runs/"
    assert browser.get("/login/").headers["Location"] == "/"
    assert browser.post("/logout/").headers["Location"] == "/login/"
    assert browser.get("/").status_code == 302


@pytest.mark.django_db
def test_a_hostile_next_is_ignored() -> None:
    make_user("ines")
    response = Client().post(
        "/login/", {"username": "ines", "password": "correct horse battery", "next": "https://evil.example/"}
    )
    assert response.headers["Location"] == "/"


def test_the_admin_is_linked_for_staff_only(scene: Scene, as_viewer: Client, as_admin: Client) -> None:
    assert 'href="/admin/"' in text_of(as_admin.get("/"))
    assert 'href="/admin/"' not in text_of(as_viewer.get("/"))


@pytest.mark.django_db
def test_a_tree_that_is_no_longer_shared_is_not_linked_from_ones_own_run(
    admin: User, operator: User, as_operator: Client
) -> None:
    tree = make_tree("Was shared", owner=admin)
    address = reverse("run", args=[make_run(tree, Status.COMPLETED, tasks=1, requested_by=operator).pk])
    assert reverse("tree", args=[tree.pk]) in text_of(as_operator.get(address))
    Tree.objects.update(visibility=Tree.Visibility.PRIVATE)
    page = as_operator.get(address)
    assert page.status_code == 200
    assert reverse("tree", args=[tree.pk]) not in text_of(page)


@pytest.mark.django_db
def test_buttons_are_shown_to_those_who_may_press_them(scene: Scene) -> None:
    shown = {
        # who: start a run, cancel somebody else's run, edit a tree (in the administration, by staff)
        "viewer": (False, False, False),
        "operator": (True, True, False),
        "editor": (True, True, True),
        "admin": (True, True, True),
    }
    for role, expected in shown.items():
        RunCommand.objects.all().delete()  # a cancel that was asked for before hides the button
        user = make_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        browser = Client()
        browser.force_login(user)
        tree, run = (text_of(browser.get(reverse(name, args=[pk]))) for name, pk in _pair(scene))
        start, cancel = reverse("tree-run", args=[scene.tree.pk]), reverse("run-cancel", args=[scene.live.pk])
        edit = f'href="{reverse("tree-edit", args=[scene.tree.pk])}">'
        assert (f'action="{start}"' in tree, f'action="{cancel}"' in run, f"{edit}Edit<" in tree) == expected, role
        assert edit in tree  # the drawing can be looked at by all
        assert (browser.post(start).status_code != 403, browser.post(cancel).status_code != 403) == expected[:2], role


def _pair(scene: Scene) -> list[tuple[str, object]]:
    return [("tree", scene.tree.pk), ("run", scene.live.pk)]
