"""The audit trail and the tokens in the admin; and that what is done in the admin is in the trail."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orchestration.access import actor_of_token
from orchestration.actions.tokens import create_token
from orchestration.models import ApiToken, AuditEntry, ExecutorConfig, Tree
from tests.pages.scene import PASSWORD, make_tree, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    user = make_user("ada")
    user.groups.add(Group.objects.get(name="admin"))
    return user


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client(REMOTE_ADDR="10.0.0.1")
    client.force_login(ada)
    return client


def entries() -> list[tuple[str, str, str, str]]:
    rows = AuditEntry.objects.exclude(act__startswith="session.").order_by("id")
    return list(rows.values_list("act", "username", "via", "subject"))


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def chosen(action: str, *pks: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(pk) for pk in pks], "post": "yes"}


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["orchestration_auditentry", "orchestration_apitoken", "auth_user", "auth_group", "axes_accessattempt"]
)
def test_lists_take_few_queries_whatever_they_hold(
    browser: Client, name: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        user = make_user(f"user {number}")
        user.groups.add(Group.objects.create(name=f"group {number}"))
        create_token(user, "token", "read")
        AccessAttempt.objects.create(username=user.username, ip_address="10.0.0.1", failures_since_start=1)
    for query in ({}, {"q": "user"}, {"q": "a\x00b"}):
        with django_assert_max_num_queries(14):
            assert browser.get(page(f"{name}_changelist"), query).status_code == 200


def test_the_trail_is_found_by_who_what_and_when(browser: Client, ada: User) -> None:
    create_token(make_user("ann"), "nightly", "read")
    address = page("orchestration_auditentry_changelist")
    for query, count in (({"q": "ann"}, 1), ({"q": "token.create"}, 1), ({"q": "nightly"}, 1), ({"q": "ben"}, 0)):
        assert browser.get(address, query).context["cl"].result_count == count, query
    assert browser.get(address, {"at__gte": "2000-01-01T00:00:00+00:00"}).context["cl"].result_count >= 1
    assert browser.get(address, {"at__gte": "2999-01-01T00:00:00+00:00"}).context["cl"].result_count == 0


def test_nobody_adds_changes_or_deletes_entries_or_tokens(browser: Client) -> None:
    token = create_token(make_user("ann"), "nightly", "read").token
    for model, pk in (("auditentry", AuditEntry.objects.latest("id").pk), ("apitoken", token.pk)):
        assert browser.get(page(f"orchestration_{model}_change", pk)).status_code == 200
        assert browser.get(page(f"orchestration_{model}_add")).status_code == 403
        assert browser.post(page(f"orchestration_{model}_change", pk), {}).status_code == 403
        assert browser.post(page(f"orchestration_{model}_delete", pk), {"post": "yes"}).status_code == 403
        browser.post(page(f"orchestration_{model}_changelist"), chosen("delete_selected", pk))
    assert (ApiToken.objects.count(), AuditEntry.objects.filter(act="token.create").count()) == (1, 1)


def test_the_digest_is_never_shown(browser: Client) -> None:
    token = create_token(make_user("ann"), "nightly", "read").token
    for address in (page("orchestration_apitoken_changelist"), page("orchestration_apitoken_change", token.pk)):
        assert token.digest not in browser.get(address).content.decode()


def test_only_administrators_read_the_trail_and_the_tokens() -> None:
    for role in ("viewer", "operator", "editor"):
        user = make_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        for name in ("orchestration_auditentry", "orchestration_apitoken", "axes_accessattempt", "auth_user"):
            assert client.get(page(f"{name}_changelist")).status_code == 403, (role, name)


# --- acting -----------------------------------------------------------------------------------------------------------


def test_tokens_are_revoked(browser: Client) -> None:
    made = [create_token(make_user(name), name, "read") for name in ("ann", "ben")]
    browser.post(page("orchestration_apitoken_changelist"), chosen("revoke", made[0].token.pk))
    assert [actor_of_token(one.secret) is None for one in made] == [True, False]
    assert entries()[-1] == ("token.revoke", "ada", "admin", str(made[0].token))


def test_a_wait_is_ended(browser: Client) -> None:
    attempt = AccessAttempt.objects.create(username="ann", ip_address="10.0.0.7", failures_since_start=9)
    browser.post(page("axes_accessattempt_changelist"), chosen("end_wait", attempt.pk))
    assert not AccessAttempt.objects.exists()
    entry = AuditEntry.objects.get(act="session.unlock")
    assert (entry.username, entry.detail) == ("ada", {"username": "ann", "address": "10.0.0.7"})


def test_what_is_added_changed_and_deleted_is_in_the_trail(browser: Client) -> None:
    data = {"executor": "echo", "enabled": "on", "rate_seconds": 1}
    browser.post(page("orchestration_executorconfig_add"), data)
    config = ExecutorConfig.objects.get()
    browser.post(page("orchestration_executorconfig_change", config.pk), data | {"max_concurrency": 3})
    browser.post(page("orchestration_executorconfig_delete", config.pk), {"post": "yes"})
    assert [entry[:3] for entry in entries()] == [
        ("executorconfig.add", "ada", "admin"),
        ("executorconfig.change", "ada", "admin"),
        ("executorconfig.delete", "ada", "admin"),
    ]
    changed = AuditEntry.objects.get(act="executorconfig.change")
    assert changed.detail == {"message": [{"changed": {"fields": ["Max concurrency"]}}]}
    assert changed.address == "10.0.0.1"


def test_many_deleted_at_once_have_an_entry_each(browser: Client) -> None:
    trees = [make_tree(name) for name in ("One", "Two")]
    browser.post(page("orchestration_tree_changelist"), chosen("delete_selected", *(tree.pk for tree in trees)))
    assert not Tree.objects.exists()
    assert sorted(entries()) == [("tree.delete", "ada", "admin", "One"), ("tree.delete", "ada", "admin", "Two")]


def test_people_and_their_roles_are_in_the_trail(browser: Client) -> None:
    new = {"username": "ann", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    browser.post(page("auth_user_add"), new)
    ann = User.objects.get(username="ann")
    roles = {"username": "ann", "is_active": "on", "groups": [Group.objects.get(name="editor").pk]}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    browser.post(page("auth_user_change", ann.pk), roles | joined)
    password = {"usable_password": "true", "password1": "another good one", "password2": "another good one"}
    browser.post(page("auth_user_password_change", ann.pk), password)
    create_token(ann, "nightly", "read")
    browser.post(page("auth_user_delete", ann.pk), {"post": "yes"})
    assert not User.objects.filter(username="ann").exists()
    assert [entry[0] for entry in entries()] == [
        "user.add",
        "user.change",
        "user.change",
        "token.create",
        "user.delete",
    ]
    messages = str(list(AuditEntry.objects.values_list("detail", flat=True)))
    assert "Groups" in messages
    assert "another good one" not in messages
