"""Secrets in the admin: written by administrators, read by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orchestration.models import AuditEntry, Secret, SecretUse
from orchestration.store.vault import unseal
from tests.pages.scene import make_tree, make_user, make_worker

pytestmark = pytest.mark.django_db

VALUE = "  s3cret-value-of-the-crm\n"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:orchestration_{name}", args=args)


def send(browser: Client, address: str, **fields: Any) -> Any:
    return browser.post(address, {"name": "CRM", "description": "", "value": "", **fields})


def make(browser: Client, **fields: Any) -> Secret:
    assert send(browser, page("secret_add"), **{"value": VALUE, **fields}).status_code == 302
    return Secret.objects.get()


def problems(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def test_it_is_made_granted_and_never_shown(browser: Client, ada: User) -> None:
    tree = make_tree()
    secret = make(browser, executors=["echo"], trees=[str(tree.pk)])
    # A browser sends line ends as it likes; the value itself is kept to the character.
    assert unseal(secret) == VALUE
    assert (secret.executors, list(secret.trees.all()), secret.updated_by) == (["echo"], [tree], ada)
    for address in (page("secret_changelist"), page("secret_change", secret.pk), page("secret_history", secret.pk)):
        shown = browser.get(address).content.decode()
        assert VALUE.strip() not in shown and secret.ciphertext not in shown
    assert f"echo, tree {tree.name}" in browser.get(page("secret_changelist")).content.decode()


def test_it_is_granted_to_executors_that_only_workers_have(browser: Client) -> None:
    worker = make_worker(executors=["echo", "far_away"])
    secret = make(browser, executors=["far_away"])
    worker.delete()
    assert send(browser, page("secret_change", secret.pk), executors=["far_away"]).status_code == 302
    assert Secret.objects.get().executors == ["far_away"]


def test_without_a_new_value_the_old_one_stays(browser: Client) -> None:
    secret = make(browser)
    assert send(browser, page("secret_change", secret.pk), description="of the CRM", for_all="on").status_code == 302
    changed = Secret.objects.get()
    assert (unseal(changed), changed.description, changed.for_all) == (VALUE, "of the CRM", True)
    assert changed.updated_at == secret.updated_at
    assert send(browser, page("secret_change", secret.pk), value="another value").status_code == 302
    assert unseal(Secret.objects.get()) == "another value"
    assert Secret.objects.get().updated_at > secret.updated_at


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "value", "A secret needs a value."),
        ({"value": "12345"}, "value", "At least 6 characters"),
        ({"value": "x" * 70_000}, "value", "at most 65536 characters"),
        ({"value": VALUE, "name": "2nd"}, "name", "no digit first"),
        ({"value": VALUE, "name": "A-B"}, "name", "Letters, digits and underscores"),
        ({"value": VALUE, "executors": ["nobody-knows-it"]}, "executors", "not one of the available choices"),
    ],
)
def test_what_can_not_be_is_refused_at_its_field(
    browser: Client, fields: dict[str, Any], field: str, words: str
) -> None:
    found = problems(send(browser, page("secret_add"), **fields))
    assert list(found) == [field]
    assert words in " ".join(found[field])
    assert not Secret.objects.exists()


def test_two_of_one_name_are_refused(browser: Client) -> None:
    make(browser)
    assert "already exists" in " ".join(problems(send(browser, page("secret_add"), value=VALUE))["name"])


def test_a_refused_form_does_not_send_the_value_back(browser: Client) -> None:
    response = send(browser, page("secret_add"), value=VALUE, name="2nd")
    assert VALUE.strip() not in response.content.decode()


def test_every_write_is_in_the_trail_without_the_value(browser: Client) -> None:
    tree, other = make_tree("Nightly"), make_tree("Weekly")
    secret = make(browser, executors=["echo"], trees=[tree.pk])
    changed = {"description": "of the CRM", "trees": [other.pk], "for_all": "on", "executors": ["echo"]}
    send(browser, page("secret_change", secret.pk), value="another value", **changed)
    send(browser, page("secret_change", secret.pk), **changed)  # which changes nothing
    browser.post(page("secret_delete", secret.pk), {"post": "yes"})
    entries = AuditEntry.objects.filter(subject_type="secret").order_by("id")
    made = {"name": "CRM", "description": "", "for_all": False, "executors": ["echo"], "webhooks": []}
    one, two = [f"Nightly ({tree.pk})"], [f"Weekly ({other.pk})"]
    differs = {
        **{"description": ["", "of the CRM"], "for_all": [False, True], "trees": [one, two]},
        "value": "a new one",
    }
    assert [(entry.act, entry.subject, entry.detail) for entry in entries] == [
        ("secret.create", "CRM", {**made, "trees": one}),
        ("secret.change", "CRM", {"changed": differs}),
        ("secret.delete", "CRM", {**made, "description": "of the CRM", "for_all": True, "trees": two}),
    ]
    said = " ".join(str(entry.detail) for entry in entries)
    assert "another value" not in said and VALUE.strip() not in said


def test_uses_are_to_look_at(browser: Client, django_assert_max_num_queries: Any) -> None:
    secret = make(browser)
    for number in range(30):
        SecretUse.objects.record([secret], run=str(make_tree().pk), task_uid=f"t{number}", executor="echo")
    with django_assert_max_num_queries(14):
        response = browser.get(page("secretuse_changelist"), {"name__exact": "CRM"})
    assert response.context["cl"].result_count == 30
    assert browser.get(page("secretuse_add")).status_code == 403
    with django_assert_max_num_queries(14):
        assert browser.get(page("secret_changelist")).status_code == 200


def test_only_administrators_come_near() -> None:
    for role in ("viewer", "operator", "editor"):
        user = make_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        for name in ("secret_changelist", "secret_add", "secretuse_changelist"):
            assert client.get(page(name)).status_code == 403, (role, name)
