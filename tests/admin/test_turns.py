"""Two administrators on one page: nobody overwrites unseen what the other has saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orchestration.actions.hooks import hooks_version
from orchestration.actions.http_executors import make_http_executor
from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.engine.registry import default_registry
from orchestration.models import AuditEntry, ExecutorConfig, Secret, Task, Tree
from orchestration.store.vault import seal
from tests.hook_scene import FUNCTIONS, allowing, make_hook
from tests.lock_race import act_after_waiting
from tests.pages.scene import HOSTILE, make_tree, make_user
from tests.webhook_scene import make_webhook

from .test_definitions import task_data
from .test_hooks import FIELDS as HOOK
from .test_http_executors import FIELDS as HTTP
from .test_webhooks import INCOMING, OUTGOING

pytestmark = pytest.mark.django_db

Sent = dict[str, Any]


def tree(ada: User) -> tuple[Model, Sent]:
    return make_tree("A"), {"name": "A", "visibility": "everyone", "description": ""}


def task(ada: User) -> tuple[Model, Sent]:
    row: Task = make_tree().tasks.order_by("ordinal")[0]
    return row, task_data(row, notes="")


def dependency(ada: User) -> tuple[Model, Sent]:
    row = make_tree().dependencies.earliest("pk")
    return row, {"task": row.task_id, "depends_on": row.depends_on_id, "required": "on"}


def hook(ada: User) -> tuple[Model, Sent]:
    return make_hook(), dict(HOOK)


def outgoing(ada: User) -> tuple[Model, Sent]:
    return make_webhook("https://crm.example.org/hooks"), {**OUTGOING, "headers": ""}


def incoming(ada: User) -> tuple[Model, Sent]:
    row = create_incoming({"name": "Orders", "tree": make_tree(), "responsible": ada}, user=ada).webhook
    return row, {**INCOMING, "tree": row.tree_id, "responsible": ada.pk, "parameters": "{}"}


def http_executor(ada: User) -> tuple[Model, Sent]:
    row = make_http_executor("crm_note", {"url": "https://crm.example.org/"}, user=ada)
    return row, {**HTTP, "url": "https://crm.example.org/", "input_schema": "", "body": "", "body_kind": "none",
                 "headers": "", "examples": "", "result": ""}  # fmt: skip


def secret(ada: User) -> tuple[Model, Sent]:
    row = Secret.objects.create(name="CRM", ciphertext=seal("a good one"), updated_at=timezone.now())
    return row, {"name": "CRM", "description": "", "value": ""}


#: What makes a row and the fields of its form, a field that the other one changes, how, and how that is said.
PAGES: list[tuple[Callable[[User], tuple[Model, Sent]], str, str, str]] = [
    (tree, "description", HOSTILE, "Description is “"),
    (task, "notes", "Theirs", "Notes is “Theirs”"),
    (dependency, "required", "", "Required is off"),
    (hook, "tags", "etl", "Tags is “[&quot;etl&quot;]”"),
    (outgoing, "url", "https://erp.example.org/", "URL is “https://erp.example.org/”"),
    (incoming, "only_when", "body.ok", "Only when is “body.ok”"),
    (http_executor, "url", "https://erp.example.org/" + "a" * 80, "a" * 56 + "…”"),
    (secret, "for_all", "on", "Every task is on"),
]


@pytest.fixture
def other(ada: User) -> Client:
    """Another administrator's browser."""
    ben = make_user("ben")
    ben.groups.add(Group.objects.get(name="admin"))
    client = Client()
    client.force_login(ben)
    return client


@pytest.mark.parametrize(("make", "field", "value", "said"), PAGES)
def test_nobody_overwrites_what_they_have_not_seen(
    browser: Client, other: Client, ada: User, make: Any, field: str, value: str, said: str
) -> None:
    with allowing(FUNCTIONS):
        row, sent = make(ada)
        address = reverse(f"admin:orchestration_{row._meta.model_name}_change", args=[row.pk])
        seen = {"seen": browser.get(address).context["adminform"].form["seen"].value()}
        assert f'name="seen" value="{seen["seen"][:1]}' in browser.get(address).content.decode()
        assert other.post(address, sent | seen | {field: value}).status_code == 302
        row.refresh_from_db()
        stored = getattr(row, field)
        answer = browser.post(address, sent | seen)
        assert answer.status_code == 200
        text = answer.content.decode()
        assert "somebody else has changed this since you opened it" in text and said in text
        assert "<script>alert" not in text
        row.refresh_from_db()
        assert getattr(row, field) == stored
        # Told once, it is overwritten knowingly; what was typed is still there.
        again = {"seen": answer.context["adminform"].form["seen"].value()}
        assert browser.post(address, sent | again).status_code == 302
        row.refresh_from_db()
        assert getattr(row, field) != stored
        # Saving one's own twice is nobody else's change.
        after = {"seen": browser.get(address).context["adminform"].form["seen"].value()}
        assert browser.post(address, sent | after).status_code == 302
    default_registry.replace_made([], "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", [page[0] for page in PAGES])
def test_what_somebody_else_deletes_first_is_said_on_the_list(browser: Client, ada: User, make: Any) -> None:
    with allowing(FUNCTIONS):
        row, _ = make(ada)
        address = reverse(f"admin:orchestration_{row._meta.model_name}_delete", args=[row.pk])
        theirs = type(row)._base_manager.filter(pk=row.pk)
        answer = act_after_waiting(row, theirs.delete, lambda: browser.post(address, {"post": "yes"}, follow=True))
        assert [entry[1] for entry in answer.redirect_chain] == [302] and not theirs.exists()
        assert "is gone: somebody else has just deleted it." in answer.content.decode()
        assert not AuditEntry.objects.filter(act__endswith=".delete").exists()
    default_registry.replace_made([], "")


def test_what_is_new_and_what_has_no_marks_is_saved_as_ever(browser: Client) -> None:
    add = reverse("admin:orchestration_tree_add")
    assert "seen" not in browser.get(add).context["adminform"].form.fields
    assert browser.post(add, {"name": "A", "visibility": "everyone"}).status_code == 302
    row = Tree.objects.get()
    address = reverse("admin:orchestration_tree_change", args=[row.pk])
    for number, marks in enumerate(({}, {"seen": ""}, {"seen": "[1]"}, {"seen": "{"}, {"seen": '{"colour": "x"}'})):
        sent = {"name": f"A {number}", "visibility": "everyone", **marks}
        assert browser.post(address, sent).status_code == 302, marks
    row.refresh_from_db()
    assert row.name == "A 4"


def test_a_preview_of_what_is_stale_is_still_a_preview(browser: Client, other: Client, ada: User) -> None:
    row, sent = http_executor(ada)
    address = reverse("admin:orchestration_httpexecutor_change", args=[row.pk])
    seen = {"seen": browser.get(address).context["adminform"].form["seen"].value()}
    other.post(address, sent | seen | {"success": "204"})
    shown = browser.post(f"{address}preview/", sent | seen)
    assert "somebody else" not in shown.content.decode() and shown.context["preview"] is not None
    kept = {"seen": shown.context["adminform"].form["seen"].value()}
    assert "somebody else" in browser.post(address, sent | kept).content.decode()
    default_registry.replace_made([], "")


def test_decisions_about_an_executor_are_kept_too(browser: Client, other: Client) -> None:
    address = reverse("admin:executor", args=["echo"])
    plain = {"act": "decide", "decide-enabled": "on", "decide-rate_seconds": "60", "decide-breaker_seconds": "60"}
    plain |= {"decide-retry_backoff": "exponential", "decide-retry_base_seconds": "1"}
    plain |= {"decide-retry_cap_seconds": "300", "decide-retry_jitter": "0.1"}
    seen = {"decide-seen": browser.get(address).context["page"].decisions["seen"].value()}
    groups = [Group.objects.get(name="editor").pk]
    theirs = plain | seen | {"decide-max_concurrency": "3", "decide-allowed_groups": groups}
    assert other.post(address, theirs).status_code == 302
    answer = browser.post(address, plain | seen)
    text = answer.content.decode()
    assert answer.status_code == 200 and "At a time is “3”" in text and "Who may use it is “editor”" in text
    assert ExecutorConfig.objects.get().max_concurrency == 3
    again = {"decide-seen": answer.context["page"].decisions["seen"].value()}
    assert browser.post(address, plain | again).status_code == 302
    assert ExecutorConfig.objects.get().max_concurrency is None


@pytest.mark.parametrize(("make", "first"), [(http_executor, "httpexecutor"), (task, "tree"), (hook, "hookorder")])
def test_who_saves_waits_for_who_is_saving(browser: Client, ada: User, make: Any, first: str) -> None:
    with allowing(FUNCTIONS):
        row, sent = make(ada)
        address = reverse(f"admin:orchestration_{row._meta.model_name}_change", args=[row.pk])
        with CaptureQueriesContext(connection) as queries:
            browser.post(address, sent)
        table = row._meta.db_table
        ours = [
            query["sql"] for query in queries if "orchestration_" in query["sql"].replace("orchestration_signedin", "")
        ]
        assert f"orchestration_{first}" in ours[0] and ("UPDATE" in ours[0] or "INSERT" in ours[0]), ours[0]
        assert any(table in sql for sql in ours[1:])
        for strange in ("no-number", "0"):
            gone = reverse(f"admin:orchestration_{row._meta.model_name}_change", args=[strange])
            assert browser.post(gone, sent).status_code == 302
    default_registry.replace_made([], "")


def test_people_and_their_rights_are_kept_too(browser: Client, other: Client) -> None:
    ann, editor = make_user("ann"), Group.objects.get(name="editor")
    ann.groups.add(editor)
    address = reverse("admin:auth_user_change", args=[ann.pk])
    form = browser.get(address).context["adminform"].form
    seen = {"seen": form["seen"].value()}
    assert "password" not in seen["seen"]
    sent = {"username": "ann", "first_name": "", "last_name": "", "is_active": "on", "groups": [editor.pk]}
    assert other.post(address, {"username": "ann", **seen, "first_name": "", "last_name": ""}).status_code == 302
    answer = browser.post(address, {**sent, **seen, "email": "ann@example.org"})
    text = answer.content.decode()
    assert "somebody else has changed this" in text and "Groups is empty" in text and "Active is off" in text
    assert ann.password not in text
    ann.refresh_from_db()
    assert (ann.is_active, ann.email, ann.groups.count()) == (False, "", 0)
    again = {"seen": answer.context["adminform"].form["seen"].value()}
    assert browser.post(address, {**sent, **again}).status_code == 302
    ann.refresh_from_db()
    assert ann.is_active and ann.groups.get() == editor


def test_permissions_of_a_group_are_kept_too(browser: Client, other: Client) -> None:
    group, permission = Group.objects.create(name="night"), Permission.objects.get(codename="add_run")
    address = reverse("admin:auth_group_change", args=[group.pk])
    seen = {"seen": browser.get(address).context["adminform"].form["seen"].value()}
    assert other.post(address, {"name": "night", **seen, "permissions": [permission.pk]}).status_code == 302
    assert "Permissions is “" in browser.post(address, {"name": "day", **seen}).content.decode()
    assert (Group.objects.get(pk=group.pk).name, group.permissions.count()) == ("night", 1)


def test_what_a_task_waits_for_is_kept_too(browser: Client, other: Client) -> None:
    edge = make_tree().dependencies.earliest("pk")
    row = edge.task
    address = reverse("admin:orchestration_task_change", args=[row.pk])
    seen = {"seen": browser.get(address).context["adminform"].form["seen"].value()}
    sent = task_data(row, notes="")
    assert sent.pop("dependencies-0-required") == "on"
    assert other.post(address, {**sent, **seen}).status_code == 302
    edge.refresh_from_db()
    assert edge.required is False
    answer = browser.post(address, {**sent, **seen, "notes": "Mine", "dependencies-0-required": "on"})
    assert f"Waits for is “{edge.depends_on.name} (optional)”" in answer.content.decode()
    edge.refresh_from_db()
    assert edge.required is False


def test_a_form_of_a_hook_that_saves_nothing_is_no_change(browser: Client) -> None:
    with allowing(FUNCTIONS):
        row = make_hook()
        version = hooks_version()
        address = reverse("admin:orchestration_hookregistration_change", args=[row.pk])
        assert browser.post(address, {**HOOK, "timeout_seconds": "-1"}).status_code == 200
        assert hooks_version() == version
        assert browser.post(address, {**HOOK, "tags": "etl"}).status_code == 302
        assert hooks_version() > version
