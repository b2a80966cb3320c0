"""The form of requests and errors: whatever is wrong gets a 4xx in the one shape, and stores nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client

from orchestration.access import rules
from orchestration.api.errors import ApiError
from orchestration.api.wire import StrictParser
from orchestration.models import ApiToken, AuditEntry, Tree, TreeVersion
from tests.engine.test_validation import CYCLES, NOT_JSON, WRONG_FIELDS, echo

from .conftest import Answer, Caller, document, person, task

pytestmark = pytest.mark.django_db


def check_shape(answer: Answer) -> None:
    """Look that an error has the documented fields and no others."""
    assert 400 <= answer.status < 500, answer.body
    assert answer.body.keys() == {"error"}
    error = answer.body["error"]
    assert {"code", "message"} <= error.keys() <= {"code", "message", "path", "hint", "problems", "expected", "current"}
    assert error["code"] and error["message"]
    for problem in error.get("problems", []):
        assert problem.keys() == {"path", "message"}
        assert problem["path"].startswith("$")
    assert answer.headers["Content-Type"].startswith("application/json")


def refused(caller: Caller, body: Any, path: str = "/trees") -> Answer:
    """Send what must be refused as a new tree and as a save of a stored one, and look that nothing is stored."""
    tree = Tree.objects.get()
    saved = caller("PUT", f"/trees/{tree.pk}", {"definition": body} if not isinstance(body, bytes) else body, version=1)
    made = caller("POST", path, body)
    for answer in (saved, made):
        check_shape(answer)
    tree.refresh_from_db()
    assert (tree.version, Tree.objects.count(), TreeVersion.objects.count()) == (1, 1, 1)
    return made


@pytest.fixture
def stored(editor: Caller) -> Caller:
    """An editor with a tree."""
    editor("POST", "/trees", document(task("a")))
    return editor


@pytest.mark.parametrize(("fields", "path", "part"), WRONG_FIELDS)
def test_each_wrong_field_is_named(stored: Caller, fields: dict[str, Any], path: str, part: str) -> None:
    answer = refused(stored, document({**echo("a"), **fields}))
    assert (answer.status, answer.code) == (422, "invalid")
    assert path in answer.paths
    assert part in json.dumps(answer.body["error"]["problems"])


@pytest.mark.parametrize(("edges", "route"), CYCLES)
@pytest.mark.parametrize("query", ["", "?draft=true"])
def test_a_cycle_is_named_with_its_route(stored: Caller, edges: dict[str, list[str]], route: str, query: str) -> None:
    tasks = [echo(uid, *upstream) for uid, upstream in edges.items()]
    for path in ("/trees", "/trees/import"):
        assert route in refused(stored, document(*tasks), path + query).body["error"]["message"]
    assert route in json.dumps(stored("POST", "/trees/validate", document(*tasks)).body, ensure_ascii=False)


@pytest.mark.parametrize(
    "raw",
    [
        *(raw for raw in NOT_JSON if raw),
        b'{"format": "apflow-tree", "format": "apflow-tree"}',
        b'{"name": NaN}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b'{"name": 1e}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"tasks": ' + b"[" * 101 + b"]" * 101 + b"}",
    ],
)
def test_what_is_no_strict_json_is_unreadable(stored: Caller, raw: bytes) -> None:
    answer = refused(stored, raw)
    assert (answer.status, answer.code) == (400, "unreadable")


def test_an_empty_body_is_not_valid(stored: Caller) -> None:
    for method, path in (("POST", "/trees"), ("POST", "/tokens")):
        answer = stored(method, path, b"")
        check_shape(answer)
        assert answer.status == 422


def test_a_body_over_the_limit_is_too_large(stored: Caller) -> None:
    large = document(task("a", inputs={"text": "x" * (10 * 1024 * 1024)}))
    for path in ("/trees", "/trees/import", "/trees/validate"):
        answer = stored("POST", path, large)
        check_shape(answer)
        assert (answer.status, answer.code) == (413, "too_large")
    just_fits = document(task("a", inputs={"text": "x" * (10 * 1024 * 1024 - 1000)}))
    assert stored("POST", "/trees/validate", just_fits).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_other_kinds_of_bodies_are_refused(stored: Caller, kind: str) -> None:
    response: Any = stored.client.generic("POST", "/api/v1/trees", b'{"name": "x"}', content_type=kind)
    answer = Answer(response.status_code, response.json(), response.headers)
    check_shape(answer)
    assert (answer.status, answer.code) == (415, "not_json")


def test_wrong_methods_and_addresses(editor: Caller) -> None:
    wrong = editor("PUT", "/trees", {"name": "x"})
    check_shape(wrong)
    assert (wrong.status, wrong.code, ", ".join(sorted(wrong.headers["Allow"].split(", ")))) == (
        405,
        "method_not_allowed",
        "GET, POST",
    )
    for path in ("/nothing", "/trees/7", "/trees/not-a-uuid/tasks", "/", "/trees/"):
        answer = editor("GET", path)
        check_shape(answer)
        assert answer.status == 404


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=-1", "limit=abc", "limit=201", "limit=1000000000", "limit=1.5", "limit="),
        *("offset=3", "sort=colour", "archived=maybe", "prioriti=1", "q=%00", "tag=%ED%A0%80%00"),
        *("cursor=x", "cursor=", "cursor=%F0%9F%8D%92", "cursor=bnVsbA", "cursor=WzFd", "cursor=" + "W1tb" * 240),
        # ["\u0000", "id"], [null, null], [NaN, Infinity], {"a": 1, "b": 2}
        *("cursor=WyJcdTAwMDAiLCAiaWQiXQ", "cursor=W251bGwsIG51bGxd", "cursor=W05hTiwgSW5maW5pdHld"),
        *("cursor=eyJhIjogMSwgImIiOiAyfQ", "cursor=" + "a" * 1001),
    ],
)
def test_parameters_that_cannot_be_read(editor: Caller, query: str) -> None:
    answer = editor("GET", f"/trees?{query}")
    check_shape(answer)
    assert (answer.status, answer.code) == (400, "unreadable")


def test_a_cursor_of_another_order_or_without_a_zone_is_refused(editor: Caller) -> None:
    for name in ("a", "b"):
        editor("POST", "/trees", {"name": name})
    cursor = editor("GET", "/trees?limit=1").body["next"]
    assert editor("GET", f"/trees?limit=1&cursor={cursor}").body["items"][0]["name"] == "b"
    assert editor("GET", f"/trees?limit=1&sort=-updated_at&cursor={cursor}").status == 400
    # ["2026-01-01T00:00:00", "3f0c0f4e-3b8a-4bb2-9a53-0c4be4f6a3b1"]
    plain = "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgIjNmMGMwZjRlLTNiOGEtNGJiMi05YTUzLTBjNGJlNGY2YTNiMSJd"
    assert editor("GET", f"/trees?sort=-updated_at&cursor={plain}").status == 400


def test_strangers_and_wrong_tokens_are_not_signed_in() -> None:
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
        response = Client().get("/api/v1/trees", headers=headers)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "not_signed_in"
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_sessions_write_needs_the_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person("edda", "editor"))
    browser.cookies["csrftoken"] = "c" * 32

    def send(token: str | None) -> Any:
        headers = {} if token is None else {"X-CSRFToken": token}
        return browser.post("/api/v1/trees", {"name": "x"}, content_type="application/json", headers=headers)

    for token in (None, "", "d" * 32, "short"):
        answer = send(token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")
    assert not Tree.objects.exists()
    assert send("c" * 32).status_code == 201


def test_a_token_needs_no_csrf_token_and_beats_the_session(editor: Caller) -> None:
    secret = ApiToken.new_secret()
    owner = person("emil", "editor")
    token = {"name": "t", "hint": secret[:8], "digest": ApiToken.digest_of(secret), "scope": "edit"}
    ApiToken.objects.create(user=owner, **token)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor.user)
    headers = {"Authorization": f"Bearer {secret}"}
    made = browser.post("/api/v1/trees", {"name": "x"}, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()["owner"]) == (201, "emil")
    assert browser.get("/api/v1/me", headers=headers).json()["token"] == {"name": "t", "scope": "edit"}
    ApiToken.objects.update(scope="read")
    made = browser.post("/api/v1/trees", {"name": "x"}, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()["error"]["code"]) == (403, "forbidden")


def test_a_missing_database_is_said_and_a_fault_of_ours_tells_nothing(
    editor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection at /secret/path")

    monkeypatch.setattr(rules, "trees_of", away)
    answer = editor("GET", "/trees")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "database_away", "2")
    assert "secret" not in json.dumps(answer.body)

    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(rules, "trees_of", broken)
    editor.client.raise_request_exception = False
    answer = editor("GET", "/trees")
    assert (answer.status, answer.code) == (500, "internal")
    assert "secret" not in json.dumps(answer.body)


def test_secrets_of_tokens_are_shown_once(editor: Caller) -> None:
    made = editor("POST", "/tokens", {"name": "nightly", "scope": "read", "expires_in_days": 3}).body
    assert made["secret"].startswith(made["hint"])
    listed = editor("GET", "/tokens").body["items"]
    assert [line["name"] for line in listed] == ["nightly"]
    assert made["secret"] not in json.dumps(listed)
    assert editor("DELETE", f"/tokens/{made['id']}").status == 204
    response = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {made['secret']}"})
    assert response.status_code == 401
    for wrong in ({"name": "", "scope": "read"}, {"name": "x", "scope": "all"}, {"name": "x", "scope": "read", "a": 1}):
        check_shape(editor("POST", "/tokens", wrong))
    for days in (0, -1, 99999, "3", 1.5, True):
        answer = editor("POST", "/tokens", {"name": "x", "scope": "read", "expires_in_days": days})
        assert answer.status == 422, days


def test_the_audit_trail_has_filters(admin: Caller, editor: Caller) -> None:
    tree = editor("POST", "/trees", {"name": "One"}).body
    admin("PATCH", f"/trees/{tree['id']}", {"archived": True})

    def acts(query: str) -> list[str]:
        return [entry["act"] for entry in admin("GET", f"/audit?{query}").body["items"]]

    assert acts("act=tree.") == ["tree.archive", "tree.create"]
    assert acts("user=edda&act=tree.") == ["tree.create"]
    assert acts(f"subject={tree['id']}") == ["tree.archive", "tree.create"]
    assert acts("since=2100-01-01T00:00:00Z") == []
    assert admin("GET", "/audit?since=2100-01-01").status == 400
    assert admin("GET", "/audit?act=tree.create").body["items"][0]["via"] == "api"
    assert editor("GET", "/audit").status == 403


@pytest.mark.parametrize("via", AuditEntry.Via.values)
def test_the_audit_trail_is_narrowed_to_every_way(admin: Caller, via: str) -> None:
    AuditEntry.objects.bulk_create(AuditEntry(act="run.start", via=way) for way in AuditEntry.Via.values)
    entries = admin("GET", f"/audit?act=run.start&via={via}").body["items"]
    assert [entry["via"] for entry in entries] == [via]
    assert admin("GET", f"/audit/export?act=run.start&via={via}").status == 200
    assert AuditEntry.objects.get(act="audit.export").detail["filter"] == {"act": "run.start", "via": via}
    assert admin("GET", "/audit?via=pigeon").status == 400


def test_a_body_without_a_length_has_the_limit_too() -> None:
    """Sent in chunks, it comes without the header that Django looks at."""
    request = HttpRequest()
    request.content_type = "application/json"
    request._body = b" " * (10 * 1024 * 1024 + 1)
    with pytest.raises(ApiError) as refusal:
        StrictParser().parse_body(request)
    assert refusal.value.status == 413


@pytest.mark.parametrize("body", [[], [1], [1, 2], {}, "x", 7, None, True, {"jsonrpc": "2.0", "method": "x", "id": 1}])
def test_bodies_of_another_type_are_not_valid(stored: Caller, body: Any) -> None:
    answer = refused(stored, body if body is not None else b"null")
    assert (answer.status, answer.code) == (422, "invalid")


@pytest.mark.parametrize(
    "since", ["0230-03-29T05:52:20%2B19:08", "0001-01-01T00:00:00%2B23:00", "9999-12-31T23:00:00-23:59"]
)
def test_moments_that_postgresql_cannot_read(admin: Caller, since: str) -> None:
    assert admin("GET", f"/audit?since={since}").status in (200, 400)
