"""What becomes of an attempt of an executor that was made here, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from apflow.testing import ExecutorResult, run_executor
from orchestration.executors.support.http_definition import HttpDefinition
from orchestration.executors.support.http_made import make_class

from .conftest import Reply, Site

pytestmark = pytest.mark.asyncio

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def allowed(site: Site, set_config: Callable[..., None]) -> Site:
    """The server, which tasks may reach."""
    set_config(http_allowed_hosts=(f"127.0.0.1:{site.port}",))
    return site


async def run(site: Site, path: str = "/things", inputs: dict[str, Any] | None = None, **fields: Any) -> ExecutorResult:
    """Run one attempt."""
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {}, "n": {"type": "integer", "default": 3}}}
    defaults: dict[str, Any] = {"id": "made", "method": "GET", "url": f"{site.origin}{path}", "input_schema": schema}
    return await run_executor(make_class(HttpDefinition(**{**defaults, **fields})), inputs or {})


async def test_without_a_mapping_the_whole_answer_is_the_result(allowed: Site) -> None:
    allowed.replies["/things"] = Reply(headers=JSON, body=b'{"status": "failed", "n": 1}')
    ended = await run(allowed)
    assert ended.status == "completed", "what the server calls a status is none of ours"
    result = ended.result["result"]
    assert (result["status"], result["body"]) == (200, {"status": "failed", "n": 1})
    assert result["headers"]["content-type"] == "application/json"


async def test_the_mapping_names_what_is_wanted_of_the_answer(allowed: Site) -> None:
    body = {"data": [{"id": 7, "tags": ["a"]}], "items": {"x": 1}}
    allowed.replies["/things"] = Reply(status=201, headers={**JSON, "X-Page": "2"}, body=json.dumps(body).encode())
    wanted = {
        "first": "{{ body.data[0] }}",
        "page": "page {{ headers['x-page'] }} of {{ inputs.n }}",
        "status": "{{ status }}",
        "items": "{{ body['items'] }}",
        "all": [True, None, "{{ body.data | length }}"],
    }
    ended = await run(allowed, result=wanted)
    assert ended.result["result"] == {
        **{"first": {"id": 7, "tags": ["a"]}, "page": "page 2 of 3", "status": 201, "items": {"x": 1}},
        "all": [True, None, 1],
    }


async def test_an_answer_that_is_not_as_expected_fails_and_is_kept(allowed: Site) -> None:
    allowed.replies["/things"] = Reply(headers=JSON, body=b"[]")
    ended = await run(allowed, result={"id": "{{ body.id }}"})
    assert (ended.status, ended.error_type, ended.result["retryable"]) == ("failed", "answer_unexpected", False)
    assert "$.result.id" in (ended.error or "") and ended.result["result"]["body"] == []


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (429, True), (500, True), (302, False)])
async def test_other_statuses_fail_with_the_answer(allowed: Site, status: int, retryable: bool) -> None:
    allowed.replies["/things"] = Reply(status=status, body=b"no")
    ended = await run(allowed)
    assert (ended.status, ended.error_type, ended.result["retryable"]) == ("failed", "http_status", retryable)
    assert f"GET {allowed.origin}/things: the server answered {status}" in (ended.error or "")
    assert ended.result["result"]["body"] == "no"


async def test_a_status_can_be_declared_a_success(allowed: Site) -> None:
    allowed.replies["/things"] = Reply(status=404, body=b"none")
    ended = await run(allowed, success="2xx, 404", result={"there": "{{ status != 404 }}"})
    assert ended.result["result"] == {"there": False}


async def test_redirects_are_followed_for_reading_only(allowed: Site) -> None:
    allowed.replies["/things"] = Reply(status=307, headers={"Location": "/elsewhere"})
    assert (await run(allowed)).status == "completed"
    assert [seen.path for seen in allowed.requests] == ["/things", "/elsewhere"]
    ended = await run(allowed, method="POST", body_kind="json", body={"password": "x"})
    assert (ended.status, ended.error_type) == ("failed", "http_status")
    assert [seen.path for seen in allowed.requests] == ["/things", "/elsewhere", "/things"]


@pytest.mark.parametrize(
    ("fields", "retryable"),
    [({"method": "GET"}, True), ({"method": "POST"}, False), ({"method": "POST", "idempotent": True}, True)],
)
async def test_what_may_have_arrived_is_sent_again_only_where_that_does_no_harm(
    allowed: Site, fields: dict[str, Any], retryable: bool
) -> None:
    allowed.replies["/things"] = Reply(hold=True)
    ended = await run(allowed, timeout_seconds=0.2, **fields)
    assert (ended.error_type, ended.result["retryable"]) == ("timeout", retryable)
    assert ("is not sent again" in (ended.error or "")) is not retryable
    cls = make_class(HttpDefinition(id="made", url=allowed.origin, **fields))
    assert cls.idempotent is retryable


async def test_nobody_listening_is_no_doubt_about_it(allowed: Site, set_config: Callable[..., None]) -> None:
    set_config(http_allowed_hosts=("127.0.0.1",))
    ended = await run(allowed, method="POST", url="http://127.0.0.1:9/")
    assert (ended.error_type, ended.result["retryable"]) == ("connection_error", True)


async def test_a_private_address_is_refused(site: Site) -> None:
    ended = await run(site)
    assert (ended.status, ended.error_type) == ("failed", "blocked_address")
    assert site.requests == []


async def test_inputs_are_checked_and_bytes_are_base64(allowed: Site) -> None:
    allowed.replies["/things"] = Reply(body=b"\xff\x00", headers={"Content-Type": "image/png"})
    assert (await run(allowed)).result["result"]["body"] == "/wA="
    ended = await run(allowed, inputs={"n": "three"})
    assert (ended.status, ended.error_type) == ("failed", "validation_error")


async def test_a_secret_that_was_not_granted_sends_nothing(allowed: Site) -> None:
    ended = await run(allowed, headers={"X-Key": "{{ secrets.KEY }}"})
    assert (ended.status, ended.error_type) == ("failed", "binding_error")
    assert "there is no secret 'KEY' for this task" in (ended.error or "") and allowed.requests == []


async def test_what_comes_along_from_other_tasks_is_not_sent(allowed: Site) -> None:
    closed: dict[str, Any] = {"type": "object", "properties": {"x": {}}, "additionalProperties": False}
    given = {"x": 1, "another task": {"token": "t0k3n"}}
    everything: dict[str, Any] = {"method": "POST", "body_kind": "json", "body": "{{ inputs }}"}
    assert (await run(allowed, inputs=given, input_schema=closed, **everything)).status == "completed"
    assert json.loads(allowed.requests[-1].body) == {"x": 1}
    cls = make_class(HttpDefinition(id="made", url=allowed.origin, input_schema=closed, **everything))
    assert (cls.dependency_inputs, cls.get_input_schema()) == ("by_id", closed)
    open_ended = {"type": "object", "additionalProperties": True}
    await run(allowed, inputs=given, input_schema=open_ended, **everything)
    assert json.loads(allowed.requests[-1].body) == given, "its schema says that it takes everything"


async def test_a_class_says_what_the_definition_does() -> None:
    definition = HttpDefinition(
        id="crm.note-2",
        method="PATCH",
        url="https://crm.example.org/",
        query={"k": "{{ secrets.B }}"},
        headers={"A": "{{ secrets.A }}"},
        version=7,
        examples=[{"x": 1}],
    )
    cls = make_class(definition)
    assert (cls.id, cls.version, cls.idempotent) == ("crm.note-2", "7", False)
    assert cls.secret_names == frozenset({"A", "B"})
    assert (cls.__name__, cls.examples, cls.get_input_schema()) == ("CrmNote2", [{"x": 1}], {})
