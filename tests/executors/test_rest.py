"""rest_executor."""

from __future__ import annotations

import gzip
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.engine.schemas import check_inputs, check_outputs
from orchestration.executors.rest import RestExecutor

from .conftest import Reply, Site

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _allowed(set_config: Callable[..., None]) -> None:
    set_config(http_allowed_hosts=("127.0.0.1",), max_result_bytes=100_000)


async def call(**inputs: Any) -> dict[str, Any]:
    """Run the executor as the engine does: inputs checked and filled up first."""
    return await RestExecutor().execute(check_inputs(RestExecutor.inputs_schema, inputs))


async def test_json_answer(site: Site) -> None:
    site.replies["/user"] = Reply(headers={"Content-Type": "application/json"}, body=b'{"id": 42}')
    answer = await call(url=f"{site.origin}/user")
    assert answer["status"] == "completed"
    result = answer["result"]
    assert result["json"] == {"id": 42}
    assert (result["success"], result["status_code"], result["method"]) == (True, 200, "GET")
    assert result["url"] == f"{site.origin}/user"
    assert result["headers"]["content-type"] == "application/json"
    assert "text" not in result
    check_outputs(RestExecutor.outputs_schema, result)


async def test_request_carries_what_was_given(site: Site) -> None:
    await call(
        url=f"{site.origin}/a?x=1",
        method="post",
        params={"y": [2, 3], "on": True, "none": None},
        headers={"X-Number": 5},
        json={"a": [1]},
    )
    (seen,) = site.requests
    assert (seen.method, seen.path) == ("POST", "/a?x=1&y=2&y=3&on=true")
    assert seen.headers["x-number"] == "5"
    assert json.loads(seen.body) == {"a": [1]}
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize(
    ("data", "body", "content_type"),
    [({"a": 1, "b": "x y"}, b"a=1&b=x+y", "application/x-www-form-urlencoded"), ("plain", b"plain", None)],
)
async def test_form_and_plain_bodies(site: Site, data: Any, body: bytes, content_type: str | None) -> None:
    await call(url=site.origin, method="PUT", data=data)
    assert site.requests[0].body == body
    assert site.requests[0].headers.get("content-type") == content_type


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": "abc"}, "authorization", "Bearer abc"),
        ({"type": "basic", "username": "u", "password": "p"}, "authorization", "Basic dTpw"),
        ({"type": "apikey", "value": "k"}, "x-api-key", "k"),
        ({"type": "apikey", "key": "X-Mine", "value": "k"}, "x-mine", "k"),
    ],
)
async def test_authentication(site: Site, auth: dict[str, str], header: str, value: str) -> None:
    await call(url=site.origin, auth=auth)
    assert site.requests[0].headers[header] == value


async def test_api_key_in_the_query_is_sent_and_not_shown(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.replies["/x"] = Reply(500)
    caplog.set_level(logging.INFO)
    auth = {"type": "apikey", "key": "k", "value": "s3cret", "location": "query"}
    answer = await call(url=f"http://joe:pa55@127.0.0.1:{site.port}/x", auth=auth)
    assert site.requests[0].path == "/x?k=s3cret"
    everything = json.dumps(answer) + caplog.text
    assert "s3cret" not in everything
    assert "pa55" not in everything


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (404, False), (429, True), (408, True), (500, True), (503, True), (304, False)],
)
async def test_other_statuses_fail(site: Site, status: int, retryable: bool) -> None:
    site.replies["/x"] = Reply(status, body=b"" if status == 304 else b"why")
    answer = await call(url=f"{site.origin}/x?token=s3cret")
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "http_status", retryable)
    assert str(status) in answer["error"]
    assert "s3cret" not in answer["error"]
    assert answer["result"]["status_code"] == status
    assert answer["result"]["success"] is False


async def test_other_statuses_can_be_fine(site: Site) -> None:
    site.replies["/x"] = Reply(404)
    answer = await call(url=f"{site.origin}/x", fail_on_status=False)
    assert (answer["status"], answer["result"]["success"]) == ("completed", False)
    answer = await call(url=f"{site.origin}/x", ok_statuses=[404])
    assert (answer["status"], answer["result"]["success"]) == ("completed", True)


async def test_redirects_are_followed_or_not(site: Site) -> None:
    site.replies["/old"] = Reply(301, {"Location": "/new"})
    answer = await call(url=f"{site.origin}/old")
    assert answer["result"]["url"] == f"{site.origin}/new"
    answer = await call(url=f"{site.origin}/old", follow_redirects=False, ok_statuses=[301])
    assert answer["result"]["status_code"] == 301
    assert answer["result"]["headers"]["location"] == "/new"


async def test_silent_server_times_out_with_a_text(site: Site) -> None:
    site.replies["/slow"] = Reply(hold=True)
    answer = await call(url=f"{site.origin}/slow", timeout=0.1)
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "timeout", True)
    assert "0.1 s" in answer["error"]


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    answer = await call(url=f"http://127.0.0.1:{port}/")
    assert (answer["error_type"], answer["retryable"]) == ("connection_error", True)
    assert answer["error"].strip()


async def test_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    answer = await call(url="http://nowhere.invalid/")
    assert (answer["error_type"], answer["retryable"]) == ("connection_error", True)
    assert "nowhere.invalid" in answer["error"]


async def test_answer_over_the_limit(site: Site) -> None:
    site.replies["/big"] = Reply(body=b"x" * 100_001)
    answer = await call(url=f"{site.origin}/big")
    assert answer["error_type"] == "unusable_answer"
    assert "100,000 bytes" in answer["error"]


async def test_compressed_answer_counts_unpacked(site: Site) -> None:
    site.replies["/zip"] = Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"small"))
    assert (await call(url=f"{site.origin}/zip"))["result"]["text"] == "small"
    site.replies["/bomb"] = Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"x" * 10**6))
    assert (await call(url=f"{site.origin}/bomb"))["error_type"] == "unusable_answer"
    twice = gzip.compress(gzip.compress(b"x"))
    site.replies["/twice"] = Reply(headers={"Content-Encoding": "gzip, gzip"}, body=twice)
    assert (await call(url=f"{site.origin}/twice"))["error_type"] == "unusable_answer"
    site.replies["/broken"] = Reply(headers={"Content-Encoding": "gzip"}, body=b"no gzip")
    assert (await call(url=f"{site.origin}/broken"))["error_type"] == "unusable_answer"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain; charset=latin-1", "é".encode("latin-1"), {"text": "é"}),
        ("text/plain", b"\xff\xfe", {"base64": "//4="}),
        ("text/plain", b"a\x00b", {"base64": "YQBi"}),
        ("application/json", b"{broken", {"text": "{broken"}),
        ("application/json", b'{"x": NaN}', {"text": '{"x": NaN}'}),
        ("application/problem+json", b"[1]", {"json": [1]}),
        ("application/json", b"[" * 100_000, {"text": "[" * 100_000}),
        ("text/plain; charset=nonsense", b"x", {"text": "x"}),
    ],
)
async def test_bodies(site: Site, content_type: str, body: bytes, expected: dict[str, Any]) -> None:
    site.replies["/x"] = Reply(headers={"Content-Type": content_type}, body=body)
    result = (await call(url=f"{site.origin}/x"))["result"]
    assert {key: result[key] for key in ("json", "text", "base64") if key in result} == expected


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        ({}, "url"),
        ({"url": "http://a.example", "method": "BREW"}, "method"),
        ({"url": "http://a.example", "timeout": 0}, "timeout"),
        ({"url": "http://a.example", "headers": {"Host": "b"}}, "Host"),
        ({"url": "http://a.example", "headers": {"Content-Length": 3}}, "Content-Length"),
        ({"url": "http://a.example", "json": 1, "data": "x"}, "not both"),
        ({"url": "http://a.example", "auth": {"type": "bearer"}}, "token"),
        ({"url": "http://127.0.0.1:99999"}, "99999"),
        ({"url": "http://127.0.0.1:1/", "headers": {"X-A": "a\r\nX-B: b"}}, "X-A"),
        ({"url": "http://127.0.0.1:1/", "headers": {"X-A": "€"}}, "X-A"),
    ],
)
async def test_bad_inputs_are_named(inputs: dict[str, Any], word: str) -> None:
    answer = await RestExecutor().execute(inputs)
    assert (answer["status"], answer["retryable"]) == ("failed", False)
    assert answer["error_type"] == "validation_error"
    assert word in answer["error"]


async def test_demo_fits_the_schema() -> None:
    check_outputs(RestExecutor.outputs_schema, RestExecutor().get_demo_result())
