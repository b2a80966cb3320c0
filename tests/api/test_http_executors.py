"""Executors made over the API: in the catalogue at once, refused at the place of each mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from orchestration.engine.registry import default_registry
from orchestration.models import AuditEntry, HttpExecutor, Secret
from orchestration.store.vault import seal

from .conftest import Caller

pytestmark = pytest.mark.django_db

NOTE: dict[str, Any] = {
    "id": "crm_note",
    "name": "Note in the CRM",
    "description": "Writes a note.",
    "method": "POST",
    "url": "https://crm.example.org/people/{{ inputs.person }}/notes",
    "headers": {"Authorization": "Bearer {{ secrets.CRM_TOKEN }}"},
    "body_kind": "json",
    "body": {"text": "{{ inputs.text }}", "about": "{{ inputs.about }}"},
    "input_schema": {
        "type": "object",
        # The shorter names come later: a column of the type jsonb would turn them round.
        "properties": {"person": {"type": "integer"}, "about": {"type": "string", "default": "call"}, "text": {}},
        "required": ["person", "text"],
    },
    "result": {"note": "{{ body.id }}"},
    "examples": [{"person": 42, "text": "Has called"}],
}


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    yield
    default_registry.replace_made([], "")


@pytest.fixture
def committing(django_capture_on_commit_callbacks: Any) -> Any:
    """Let what is to follow a commit follow it: in a test nothing is committed."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_one_from_its_making_to_its_end(admin: Caller, viewer: Caller, committing: Any) -> None:
    with committing():
        made = admin("POST", "/http-executors", NOTE)
    assert (made.status, made.headers["ETag"], made.body["version"]) == (201, '"1"', 1)
    assert made.body["created_by"] == made.body["updated_by"] == "ada"
    assert made.body["secrets"] == {"CRM_TOKEN": "not made yet"}
    in_catalogue = viewer("GET", "/executors/crm_note").body
    assert (in_catalogue["origin"], in_catalogue["version"], in_catalogue["idempotent"]) == ("made here", "1", False)
    assert (in_catalogue["name"], in_catalogue["docs"]) == ("Note in the CRM", "Writes a note.")
    assert list(in_catalogue["input_schema"]["properties"]) == ["person", "about", "text"]
    assert in_catalogue["example"] == {"person": 42, "text": "Has called"}
    assert "CRM_TOKEN" not in str(in_catalogue) and "crm.example.org" not in str(in_catalogue)
    with committing():
        changed = admin("PATCH", "/http-executors/crm_note", {"method": "PUT", "name": "Kept note"}, version=1)
    assert (changed.body["version"], changed.headers["ETag"]) == (2, '"2"')
    assert viewer("GET", "/executors/crm_note").body["idempotent"] is True
    assert admin("PATCH", "/http-executors/crm_note", {"method": "PUT"}, version="*").body["version"] == 2
    with committing():
        admin("PATCH", "/http-executors/crm_note", {"enabled": False}, version="*")
    assert viewer("GET", "/executors/crm_note").status == 404
    assert admin("GET", "/http-executors").body["items"][0]["enabled"] is False
    with committing():
        assert admin("DELETE", "/http-executors/crm_note").status == 204
    assert admin("GET", "/http-executors/crm_note").status == 404
    acts = AuditEntry.objects.filter(act__startswith="http_executor").order_by("pk")
    assert [entry.act.partition(".")[2] for entry in acts] == ["create", "change", "change", "delete"]
    assert acts[1].detail["changed"] == {"method": ["POST", "PUT"], "name": ["Note in the CRM", "Kept note"]}


def test_what_is_exported_makes_the_same_elsewhere(admin: Caller) -> None:
    exported = admin("POST", "/http-executors", NOTE).body["definition"]
    assert {name: exported[name] for name in NOTE} == NOTE
    admin("DELETE", "/http-executors/crm_note")
    assert admin("POST", "/http-executors", exported).body["definition"] == exported


def test_a_change_that_somebody_else_was_faster_with(admin: Caller) -> None:
    admin("POST", "/http-executors", NOTE)
    admin("PATCH", "/http-executors/crm_note", {"name": "One"}, version=1)
    late = admin("PATCH", "/http-executors/crm_note", {"name": "Two"}, version=1)
    assert (late.status, late.body["error"]["current"]) == (409, 2)
    assert late.body["error"]["message"].startswith("The executor is at version 2, not 1")
    assert admin("PATCH", "/http-executors/crm_note", {"name": "Two"}).status == 428


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"id": "rest_executor"}, "$.id"),
        ({"id": "not an id"}, "$.id"),
        ({"url": "https://{{ inputs.text }}/"}, "$.url"),
        ({"url": "https://crm.example.org/{{ inputs.nobody }}"}, "$.url"),
        ({"headers": {"Host": "evil.example"}}, "$.headers.Host"),
        ({"body": {"a": "{{ inputs.text"}}, "$.body.a"),
        ({"input_schema": {**NOTE["input_schema"], "type": "objekt"}}, "$.input_schema.type"),
        ({"method": "BREW"}, "$.method"),
        ({"timeout_seconds": 0}, "$.timeout_seconds"),
        ({"success": "ok"}, "$.success"),
        ({"colour": "red"}, "$.colour"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(admin: Caller, fields: dict[str, Any], path: str) -> None:
    answer = admin("POST", "/http-executors", {**NOTE, **fields})
    assert (answer.status, answer.paths) == (422, [path])
    assert not HttpExecutor.objects.exists()


def test_an_id_is_given_once(admin: Caller) -> None:
    assert admin("POST", "/http-executors", NOTE).status == 201
    again = admin("POST", "/http-executors", NOTE)
    assert again.paths == ["$.id"] and "already" in again.body["error"]["message"]


def test_the_request_is_shown_and_no_secret(admin: Caller) -> None:
    Secret.objects.create(
        name="CRM_TOKEN", ciphertext=seal("t0k3n-of-crm"), updated_at=timezone.now(), executors=["crm_note"]
    )
    shown = admin("POST", "/http-executor-preview", {"definition": NOTE, "inputs": {"person": 7, "text": 'a"b'}})
    assert shown.body == {
        "method": "POST",
        "url": "https://crm.example.org/people/7/notes",
        "headers": {"Authorization": "Bearer •••", "Content-Type": "application/json"},
        "body": '{"text":"a\\"b","about":"call"}',
        "secrets": {"CRM_TOKEN": "granted"},
    }
    wrong = admin("POST", "/http-executor-preview", {"definition": NOTE, "inputs": {"person": "seven", "text": ""}})
    assert wrong.paths == ["$.inputs.person"]
    assert not HttpExecutor.objects.exists()


def test_secrets_that_were_written_out_stay_out_of_the_trail(admin: Caller) -> None:
    admin("POST", "/http-executors", {**NOTE, "headers": {"Authorization": "Bearer correct-horse"}})
    admin("PATCH", "/http-executors/crm_note", {"headers": {"Authorization": "Bearer battery-staple"}}, version=1)
    created, changed = AuditEntry.objects.filter(act__startswith="http_executor").order_by("pk")
    assert "horse" not in str(created.detail) and "headers" in changed.detail["changed"]
    assert "staple" not in str(changed.detail)
