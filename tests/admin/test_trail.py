"""The audit trail and the tokens in the admin; and that what is done in the admin is in the trail."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from orchestration.access import actor_of_token
from orchestration.actions import audit
from orchestration.actions.tokens import create_token
from orchestration.admin.audited import Audited
from orchestration.admin.executors import ExecutorConfigAdmin
from orchestration.admin.hooks import HookAdmin
from orchestration.admin.read_only import ReadOnlyAdmin
from orchestration.models import ApiToken, AuditEntry, Dependency, OidcIdentity, Task, Tree
from tests.pages.scene import HOSTILE, PASSWORD, make_tree, make_user

pytestmark = pytest.mark.django_db


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
    browser.post(page("auth_group_add"), {"name": "ops"})
    group = Group.objects.get(name="ops")
    right = Permission.objects.get(codename="add_run")
    browser.post(page("auth_group_change", group.pk), {"name": "night", "permissions": [right.pk]})
    browser.post(page("auth_group_delete", group.pk), {"post": "yes"})
    assert [entry[:3] for entry in entries()] == [
        ("group.create", "ada", "admin"),
        ("group.change", "ada", "admin"),
        ("group.delete", "ada", "admin"),
    ]
    details = [entry.detail for entry in AuditEntry.objects.filter(act__startswith="group.").order_by("id")]
    assert details == [
        {"name": "ops", "permissions": []},
        {"changed": {"name": ["ops", "night"], "permissions": [[], ["orchestration.add_run"]]}},
        {"name": "night", "permissions": ["orchestration.add_run"], "members": []},
    ]
    assert AuditEntry.objects.get(act="group.change").address == "10.0.0.1"


def test_many_deleted_at_once_have_an_entry_each(browser: Client) -> None:
    trees = [make_tree(name) for name in ("One", "Two")]
    browser.post(page("orchestration_tree_changelist"), chosen("delete_selected", *(tree.pk for tree in trees)))
    assert not Tree.objects.exists()
    assert sorted(entries()) == [("tree.delete", "ada", "admin", "One"), ("tree.delete", "ada", "admin", "Two")]


def test_people_and_their_roles_are_in_the_trail(browser: Client) -> None:
    new = {"username": "ann", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    browser.post(page("auth_user_add"), new)
    ann = User.objects.get(username="ann")
    roles = {
        "username": "ann",
        "email": "ann@example.org",
        "is_active": "on",
        "groups": [Group.objects.get(name="editor").pk],
    }
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    browser.post(page("auth_user_change", ann.pk), roles | joined)
    password = {"usable_password": "true", "password1": "another good one", "password2": "another good one"}
    browser.post(page("auth_user_password_change", ann.pk), password)
    create_token(ann, "nightly", "read")
    browser.post(page("auth_user_delete", ann.pk), {"post": "yes"})
    assert not User.objects.filter(username="ann").exists()
    assert [entry[0] for entry in entries()] == [
        "user.create",
        "user.change",
        "user.password",
        "token.create",
        "user.delete",
    ]
    details = dict(AuditEntry.objects.values_list("act", "detail"))
    assert details["user.change"]["changed"] == {"email": ["", "ann@example.org"], "groups": [[], ["editor"]]}
    assert details["user.password"] == {"usable": True, "sessions_ended": 0}
    made, gone = details["user.create"], details["user.delete"]
    assert (made["username"], made["groups"], made["is_superuser"]) == ("ann", [], False)
    assert (gone["email"], gone["groups"], gone["is_active"]) == ("ann@example.org", ["editor"], True)
    messages = str(details)
    assert "another good one" not in messages and PASSWORD not in messages and ann.password not in messages


def test_a_password_that_is_not_changed_is_not_said_to_be(browser: Client) -> None:
    ann = make_user("ann")
    Client().force_login(ann)
    # The button that sets a password, with the choice that takes it away: Django asks again.
    browser.post(page("auth_user_password_change", ann.pk), {"usable_password": "false"})
    assert not AuditEntry.objects.filter(act="user.password").exists()
    browser.post(page("auth_user_password_change", ann.pk), {"usable_password": "false", "unset-password": "x"})
    entry = AuditEntry.objects.get(act="user.password")
    assert (entry.username, entry.subject, entry.detail["usable"]) == ("ada", "ann", False)


def test_links_are_kept_with_what_they_link(browser: Client) -> None:
    ann = make_user("ann")
    link = {"user": ann.pk, "issuer": "https://login.example.org", "subject": "4711"}
    browser.post(page("orchestration_oidcidentity_add"), link)
    pk = OidcIdentity.objects.get().pk
    browser.post(page("orchestration_oidcidentity_delete", pk), {"post": "yes"})
    said = {"user": "ann", "issuer": "https://login.example.org", "subject": "4711"}
    kept = AuditEntry.objects.filter(subject_type="oidcidentity").order_by("id").values_list("act", "detail")
    assert list(kept) == [("oidcidentity.add", said), ("oidcidentity.delete", said)]


def test_a_tree_and_its_tasks_are_kept_with_their_links_and_without_secrets(browser: Client) -> None:
    tree = make_tree("Nightly", tasks=2)
    first, second = Task.objects.filter(tree=tree).order_by("ordinal")
    form = {"name": "Weekly", "visibility": "groups", "shared_with": [Group.objects.get(name="viewer").pk]}
    assert browser.post(page("orchestration_tree_change", tree.pk), form).status_code == 302
    changed = AuditEntry.objects.get(act="tree.change").detail["changed"]
    assert changed["name"] == ["Nightly", "Weekly"]
    assert (changed["visibility"], changed["shared_with"]) == (["everyone", "groups"], [[], ["viewer"]])

    sent = {
        **{name: value for name, value in vars(second).items() if isinstance(value, int | float | str)},
        **{"inputs": '{"password": "hunter2hunter2", "n": 1}', "params": "{}", "schemas": "{}", "enabled": "on"},
        **{"executor": "echo", "dependencies-TOTAL_FORMS": 1, "dependencies-INITIAL_FORMS": 0},
        **{"dependencies-0-depends_on": first.pk, "dependencies-0-required": "on"},
    }
    Dependency.objects.filter(task=second).delete()
    assert browser.post(page("orchestration_task_change", second.pk), sent).status_code == 302
    changed = AuditEntry.objects.get(act="task.change").detail["changed"]
    assert changed["inputs"][1] == {"password": "•••", "n": 1}
    assert [edge["depends_on"] for edge in changed["dependencies"][1]] == [f"{first} ({first.pk})"]
    assert changed["dependencies"][0] == [] and "name" not in changed
    assert browser.post(page("orchestration_task_change", second.pk), sent | {"dependencies-TOTAL_FORMS": 0})
    assert AuditEntry.objects.filter(act="task.change").count() == 1  # nothing else was sent


#: Their lists and pages are drawn and saved by views of their own, which call acts.
_OWN_PAGES = (ExecutorConfigAdmin, HookAdmin)


def test_all_that_is_saved_here_is_audited_or_saved_by_an_act() -> None:
    for pages in admin.site._registry.values():
        if isinstance(pages, (Audited, ReadOnlyAdmin, *_OWN_PAGES)):
            continue
        for name in ("save_model", "delete_model", "delete_queryset"):
            assert getattr(type(pages), name) is not getattr(admin.ModelAdmin, name), (pages, name)


def test_an_entry_shows_what_changed_and_escapes_it(browser: Client) -> None:
    detail = {
        "changed": {
            "first_name": ["", HOSTILE],
            "groups": [["viewer", "ops"], ["ops", "editor"]],
            "is_active": [True, False],
            "value": "a new one",
        },
        "version": 7,
    }
    audit.record("user.change", detail=detail)
    audit.record("executor.limit", detail={"before": {"rate": None, "n": 1}, "after": {"rate": 5, "n": 1}})
    audit.record("note.some", detail={"n": 1})
    shown = {
        entry.act: browser.get(page("orchestration_auditentry_change", entry.pk)).content.decode()
        for entry in AuditEntry.objects.filter(act__in=["user.change", "executor.limit", "note.some"])
    }
    row = '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>'
    for cells in (
        ("first name", "empty", escape(HOSTILE)),
        ("groups", "viewer (and 1 more that stays)", "editor (and 1 more that stays)"),
        ("is active", "yes", "no"),
        ("value", "not kept", "a new one"),
    ):
        assert row.format(*cells) in shown["user.change"]
    assert "&quot;version&quot;: 7" in shown["user.change"] and HOSTILE not in shown["user.change"]
    assert row.format("rate", "empty", "5") in shown["executor.limit"]
    assert "<pre>" not in shown["executor.limit"] and ">n</th>" not in shown["executor.limit"]
    assert "&quot;n&quot;: 1" in shown["note.some"] and ">Before</th>" not in shown["note.some"]
