"""HTTP executors in the admin: made by administrators, shown before they are sent, refused beside the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.engine.registry import default_registry
from orchestration.models import AuditEntry, HttpExecutor, Secret
from orchestration.store.vault import seal
from tests.pages.scene import HOSTILE, make_user

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {"person": {"type": "integer"}, "a": {}, "text": {"type": "string"}}}
FIELDS: dict[str, Any] = {
    "executor": "crm_note",
    "name": "Note in the CRM",
    "description": "Writes a note.",
    "enabled": "on",
    "method": "POST",
    "url": "https://crm.example.org/people/{{ inputs.person }}/notes",
    "query": "",
    "headers": '{"Authorization": "Bearer {{ secrets.CRM_TOKEN }}"}',
    "body_kind": "json",
    "body": '{"text": "{{ inputs.text }}"}',
    "input_schema": json.dumps(SCHEMA),
    "result": '{"note": "{{ body.id }}"}',
    "success": "2xx",
    "timeout_seconds": "30",
    "idempotent": "unknown",
    "examples": '[{"person": 42, "text": "Has called"}]',
    "preview_inputs": "",
}


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    yield
    default_registry.replace_made([], "")


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:orchestration_httpexecutor_{name}", args=args)


def make(browser: Client, **fields: Any) -> HttpExecutor:
    answer = browser.post(page("add"), {**FIELDS, **fields})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return HttpExecutor.objects.get()


def mistakes(browser: Client, address: str | None = None, **fields: Any) -> dict[str, list[str]]:
    answer = browser.post(address or page("add"), {**FIELDS, **fields})
    assert answer.status_code == 200
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def test_it_is_made_changed_and_deleted(browser: Client, ada: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = make(browser)
    assert (made.version, made.created_by, made.updated_by, made.idempotent) == (1, ada, ada, None)
    assert made.body == {"text": "{{ inputs.text }}"}
    assert list(made.input_schema["properties"]) == ["person", "a", "text"]
    assert default_registry.get("crm_note").name == "Note in the CRM"
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(page("change", made.pk), {**FIELDS, "executor": "other", "name": "Kept"})
    assert answer.status_code == 302
    changed = HttpExecutor.objects.get()
    assert (changed.executor, changed.name, changed.version) == ("crm_note", "Kept", 2)
    assert default_registry.get("crm_note").version == "2"
    history = browser.get(page("history", made.pk)).content.decode()
    assert "Added." in history and "Changed Name." in history
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(page("delete", made.pk), {"post": "yes"}).status_code == 302
    assert not HttpExecutor.objects.exists() and "crm_note" not in default_registry
    acts = AuditEntry.objects.filter(act__startswith="http_executor").order_by("pk")
    assert [entry.act for entry in acts] == ["http_executor.create", "http_executor.change", "http_executor.delete"]


def test_many_are_deleted_one_by_one(browser: Client) -> None:
    made = make(browser)
    chosen = {"action": "delete_selected", "_selected_action": [str(made.pk)], "post": "yes"}
    assert browser.post(page("changelist"), chosen).status_code == 302
    assert AuditEntry.objects.filter(act="http_executor.delete").count() == 1


def test_saving_what_was_shown_changes_nothing(browser: Client) -> None:
    made = make(browser, body_kind="text", body="a\r\nb", result="")
    form = browser.get(page("change", made.pk)).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in typed.items() if value is not None}
    typed |= {name: form.fields[name].prepare_value(typed[name]) for name in typed}
    typed |= {"enabled": "on", "idempotent": "unknown"}
    assert browser.post(page("change", made.pk), typed).status_code == 302
    kept = HttpExecutor.objects.get()
    assert (kept.version, kept.body) == (1, "a\nb")


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"executor": "rest_executor"}, "executor", "This is the id of an executor that is built-in already"),
        ({"executor": "not an id"}, "executor", "This must be 1 to 255 letters, digits"),
        ({"url": "https://{{ inputs.text }}/"}, "url", "This must begin with http:// or https:// and a host"),
        ({"url": "https://crm.example.org/{{ inputs.who }}"}, "url", "The input schema has no 'who'; it has person"),
        ({"url": "https://crm.example.org/{{ inputs.text"}, "url", "The expression can't be read"),
        ({"headers": '{"Host": "evil.example"}'}, "headers", "Host: may not be set; the client sets it"),
        ({"headers": '["a"]'}, "headers", "must be a JSON object"),
        ({"headers": '{"A": 1, "A": 2}'}, "headers", 'the key "A" stands twice'),
        ({"query": '{"q": "{{ nobody.x }}"}'}, "query", "q: there is no 'nobody' here"),
        ({"body": "{"}, "body", "the document is not JSON"),
        (
            {"body": '{"a": ["{{ inputs.text | nope }}"]}'},
            "body",
            "a[0]: the expression can't be read: No filter named",
        ),
        ({"body_kind": "text", "headers": '{"Content-Type": "application/json"}'}, "body_kind", "This must be json"),
        ({"method": "GET"}, "body_kind", "This must be none: GET sends no body"),
        ({"input_schema": '{"type": "objekt"}'}, "input_schema", "type: this is not a JSON Schema"),
        ({"examples": '{"person": 1}'}, "examples", "This must be a list of inputs"),
        ({"examples": '[{"person": "x"}]'}, "examples", "[0].person: 'x' is not of type 'integer'"),
        ({"examples": "[{}]"}, "examples", "[0]: gives no request: $.url"),
        ({"result": '{"a": "{{ secrets.CRM_TOKEN }}"}'}, "result", "a: there is no 'secrets' here"),
        ({"success": "fine"}, "success", "'fine' is no status code"),
        ({"timeout_seconds": "0"}, "timeout_seconds", "This must be more than 0"),
        ({"name": "x" * 256}, "name", "at most 255 characters"),
    ],
)
def test_every_mistake_stands_beside_its_field(browser: Client, fields: dict[str, Any], field: str, said: str) -> None:
    found = mistakes(browser, **fields)
    assert field in found, found
    assert said in " ".join(found[field])
    assert not HttpExecutor.objects.exists()


def test_an_id_is_given_once(browser: Client) -> None:
    make(browser)
    assert mistakes(browser)["executor"] == [
        "There is an executor 'crm_note' already that was made here; change that one."
    ]


def test_the_request_is_shown_and_not_sent_and_not_saved(browser: Client) -> None:
    Secret.objects.create(name="CRM_TOKEN", ciphertext=seal("t0k3n-of-crm"), updated_at=timezone.now())
    shown = browser.post(page("preview_new"), FIELDS).content.decode()
    assert "<strong>POST https://crm.example.org/people/42/notes</strong>" in shown
    assert "Authorization: Bearer •••" in shown and "{&quot;text&quot;:&quot;Has called&quot;}" in shown
    assert "not granted to this executor" in shown
    assert not HttpExecutor.objects.exists()
    made = make(browser)
    other = {"name": "Not saved", "preview_inputs": json.dumps({"person": 7, "text": HOSTILE})}
    shown = browser.post(page("preview", made.pk), {**FIELDS, **other}).content.decode()
    assert (
        "/people/7/notes" in shown and 'value="Not saved"' in shown and f'action="{page("change", made.pk)}"' in shown
    )
    assert "<script>alert" not in shown
    assert HttpExecutor.objects.get().name == "Note in the CRM"
    assert browser.get(page("preview", made.pk)).status_code == 302


def test_a_preview_of_mistakes_says_where_they_are(browser: Client) -> None:
    found = mistakes(browser, page("preview_new"), url="nonsense")
    assert list(found) == ["url"]
    found = mistakes(browser, page("preview_new"), preview_inputs='{"person": "x"}')
    assert found["preview_inputs"] == ["$.inputs.person: 'x' is not of type 'integer'"]


def test_its_page_says_which_secrets_are_granted(browser: Client) -> None:
    made = make(browser)
    assert "<code>CRM_TOKEN</code>: not made yet" in browser.get(page("change", made.pk)).content.decode()
    Secret.objects.create(
        name="CRM_TOKEN", ciphertext=seal("t0k3n-of-crm"), updated_at=timezone.now(), executors=["crm_note"]
    )
    assert "<code>CRM_TOKEN</code>: granted" in browser.get(page("change", made.pk)).content.decode()


def test_pages_take_few_queries(browser: Client, django_assert_max_num_queries: Any) -> None:
    made = make(browser)
    with django_assert_max_num_queries(12):
        assert browser.get(page("changelist"), {"q": "crm"}).status_code == 200
    with django_assert_max_num_queries(12):
        assert browser.get(page("change", made.pk)).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", "everything but that"])
def test_nobody_else_gets_in(browser: Client, role: str) -> None:
    made = make(browser)
    other = make_user("ben", is_staff=True)
    if role == "everything but that":
        other.user_permissions.set(Permission.objects.filter(content_type__model="httpexecutor"))
    else:
        other.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(other)
    for address in (
        *(page("changelist"), page("add"), page("change", made.pk), page("delete", made.pk)),
        *(page("history", made.pk), page("preview", made.pk), page("preview_new")),
    ):
        assert client.get(address).status_code == 403, address
        assert client.post(address, FIELDS).status_code == 403, address
    assert HttpExecutor.objects.get().version == 1
    assert page("changelist") not in client.get("/admin/").content.decode()


def test_strangers_are_asked_to_sign_in(browser: Client) -> None:
    made = make(browser)
    for address in (page("changelist"), page("preview", made.pk)):
        assert "/login/" in Client().get(address).headers["Location"]
