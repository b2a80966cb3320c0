"""Staff who may look at trees and not change them are shown no secrets in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from orchestration.engine.secret_places import MASK
from orchestration.engine.status import Status
from orchestration.models import Task, Tree
from tests.pages.scene import make_run, make_tree, make_user

pytestmark = pytest.mark.django_db

PASSWORD = "hunter2hunter2"
SCHEMA = {"type": "object", "properties": {"token": {"type": "string", "default": PASSWORD}}}


@pytest.fixture
def addresses() -> list[str]:
    """Pages with a secret each."""
    tree = make_tree("Shared", parameters=SCHEMA)
    tree.tasks.update(
        inputs={"password": PASSWORD}, params={"api_key": PASSWORD}, pinned={"result": {"token": PASSWORD}}
    )
    run = make_run(tree, Status.COMPLETED, parameters={"token": PASSWORD})
    pks = {"tree": tree.pk, "task": first_task(tree).pk, "run": run.pk}
    return [reverse(f"admin:orchestration_{model}_change", args=[pk]) for model, pk in pks.items()]


def first_task(tree: Tree) -> Task:
    return tree.tasks.order_by("ordinal")[0]


def staff(role: str) -> tuple[User, Client]:
    user = make_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    browser = Client()
    browser.force_login(user)
    return user, browser


def test_who_may_look_sees_masks(addresses: list[str]) -> None:
    _, browser = staff("viewer")
    for address in addresses:
        text = browser.get(address).content.decode()
        assert MASK in text and PASSWORD not in text


def test_who_may_change_trees_sees_and_edits_values(addresses: list[str]) -> None:
    _, browser = staff("editor")
    for address in addresses:
        text = browser.get(address).content.decode()
        assert MASK not in text and PASSWORD in text


def test_who_may_change_tasks_alone_neither_sees_nor_overwrites_values(addresses: list[str]) -> None:
    user, browser = staff("viewer")
    user.user_permissions.add(Permission.objects.get(codename="change_task"))
    address, task = addresses[1], first_task(Tree.objects.get())
    text = browser.get(address).content.decode()
    assert 'name="name"' in text and 'name="inputs"' not in text and PASSWORD not in text
    form: dict[str, Any] = {
        **{"name": "Renamed", "executor": "echo", "enabled": "on", "priority": "2", "inputs": "{}", "params": "{}"},
        **{"retry_max_attempts": "1", "retry_backoff": "exponential", "retry_base_seconds": "1", "retry_jitter": "0"},
        **{"retry_cap_seconds": "60", "notes": "", "timeout_seconds": "", "parent": "", "position": "", "user_id": ""},
        **{"dependencies-TOTAL_FORMS": "0", "dependencies-INITIAL_FORMS": "0"},
    }
    response = browser.post(address, form)
    assert response.status_code == 302, response.context["errors"]
    task.refresh_from_db()
    assert (task.name, task.inputs, task.params) == ("Renamed", {"password": PASSWORD}, {"api_key": PASSWORD})
