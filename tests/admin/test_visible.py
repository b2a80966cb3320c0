"""Staff see and change in the admin what they see and may change elsewhere, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orchestration.models import Dependency, Task, Tree
from tests.pages.scene import make_run, make_tree, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ed() -> User:
    """An editor who is staff."""
    user = make_user("ed", is_staff=True)
    user.groups.add(Group.objects.get(name="editor"))
    return user


@pytest.fixture
def browser(ed: User) -> Client:
    client = Client()
    client.force_login(ed)
    return client


@pytest.fixture
def secret() -> Tree:
    return make_tree("Secret plan", owner=make_user("owner"), visibility="private")


@pytest.fixture
def shared() -> Tree:
    return make_tree("Shared", owner=User.objects.get_or_create(username="owner")[0])


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:orchestration_{name}", args=args)


def tree_form(**fields: Any) -> dict[str, Any]:
    return {"name": "Renamed", "tags": "", "visibility": "everyone", "initial-tags": "", **fields}


def test_what_is_somebody_elses_is_in_no_list_and_on_no_page(browser: Client, secret: Tree, shared: Tree) -> None:
    runs = {tree: make_run(tree, tasks=1) for tree in (secret, shared)}
    rows: dict[str, dict[Tree, Any]] = {
        "tree": {tree: tree.pk for tree in runs},
        "task": {tree: tree.tasks.order_by("ordinal")[0].pk for tree in runs},
        "dependency": {tree: tree.dependencies.all()[0].pk for tree in runs},
        "run": {tree: run.pk for tree, run in runs.items()},
        "taskrun": {tree: run.task_runs.get().pk for tree, run in runs.items()},
    }
    for model, pks in rows.items():
        listed = browser.get(page(f"{model}_changelist")).context["cl"].queryset
        assert pks[shared] in listed.values_list("pk", flat=True)
        assert pks[secret] not in listed.values_list("pk", flat=True)
        assert browser.get(page(f"{model}_change", pks[shared])).status_code == 200
        assert browser.get(page(f"{model}_change", pks[secret])).status_code == 302  # as one that is not there


def test_an_administrator_sees_all(secret: Tree) -> None:
    ada = make_user("ada")
    ada.groups.add(Group.objects.get(name="admin"))
    client = Client()
    client.force_login(ada)
    assert client.get(page("tree_change", secret.pk)).status_code == 200


def test_tasks_are_not_put_into_trees_that_one_does_not_see(browser: Client, secret: Tree) -> None:
    data = {
        "tree": secret.pk, "uid": "x", "name": "Intruder", "executor": "echo", "enabled": "on", "priority": 2,
        "retry_max_attempts": 1, "retry_backoff": "exponential", "retry_base_seconds": 1, "retry_cap_seconds": 300,
        "retry_jitter": 0.1, "dependencies-TOTAL_FORMS": 0, "dependencies-INITIAL_FORMS": 0,
    }  # fmt: skip
    response = browser.post(page("task_add"), data)
    assert "Select a valid choice" in str(response.context["errors"])
    first, second = secret.tasks.order_by("ordinal")[:2]
    Dependency.objects.all().delete()
    response = browser.post(page("dependency_add"), {"task": second.pk, "depends_on": first.pk, "required": "on"})
    assert "Select a valid choice" in str(response.context["errors"])
    assert (Task.objects.count(), Dependency.objects.count()) == (3, 0)


def test_who_sees_a_tree_is_its_owners_business(browser: Client, ed: User, shared: Tree) -> None:
    owner = shared.owner
    browser.post(page("tree_change", shared.pk), tree_form(owner=ed.pk, visibility="private"))
    shared.refresh_from_db()
    assert (shared.name, shared.owner, shared.visibility) == ("Renamed", owner, "everyone")
    assert browser.get(page("tree_delete", shared.pk)).status_code == 403
    browser.post(page("tree_changelist"), {"action": "delete_selected", "_selected_action": [shared.pk], "post": "yes"})
    assert Tree.objects.filter(pk=shared.pk).exists()


def test_an_owner_shares_and_deletes(browser: Client, ed: User) -> None:
    tree = make_tree("Mine", owner=ed)
    viewers = Group.objects.get(name="viewer")
    form = tree_form(owner=ed.pk, visibility="groups")
    response = browser.post(page("tree_change", tree.pk), form)
    assert "Choose a group" in str(response.context["errors"])
    assert browser.post(page("tree_change", tree.pk), form | {"shared_with": [viewers.pk]}).status_code == 302
    tree.refresh_from_db()
    assert (tree.visibility, list(tree.shared_with.all())) == ("groups", [viewers])
    assert browser.post(page("tree_delete", tree.pk), {"post": "yes"}).status_code == 302
    assert not Tree.objects.exists()


def test_a_new_tree_belongs_to_who_makes_it(browser: Client, ed: User) -> None:
    assert browser.post(page("tree_add"), tree_form(owner=make_user("ben").pk)).status_code == 302
    assert Tree.objects.get().owner == ed


def test_a_member_of_the_admin_role_enters_without_being_staff(secret: Tree) -> None:
    ada = make_user("ada")
    client = Client()
    client.force_login(ada)
    assert client.get("/admin/").status_code == 302
    ada.groups.add(Group.objects.get(name="admin"))
    assert client.get("/admin/").status_code == 200
    assert 'href="/admin/"' in client.get("/").content.decode()
