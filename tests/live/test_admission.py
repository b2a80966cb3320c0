"""Who gets a stream, and who loses it."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.test import Client
from websockets.exceptions import InvalidStatus

from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from orchestration.actions.sessions import end_sessions
from orchestration.live.limits import MAX_STREAMS
from orchestration.models import ApiToken, Tree
from tests.live.support.clients import SECONDS, Caller, closing_of, receive, receive_any, say

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[[User], Caller]


def path_of(scribe: Scribe) -> str:
    return f"/ws/runs/{scribe.run_id}/"


def refusal_of(caller: Caller, path: str, **headers: str) -> int:
    """The HTTP status of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as refused, caller.socket(path, **headers):
        pass
    return int(refused.value.response.status_code)


# --- at the door ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ws/overview/", "/ws/selftest/"])
def test_only_pages_of_this_site_may_open_sockets(web: WebProcess, user: User, page_of: Make, path: str) -> None:
    page = page_of(user)
    with page.socket(path) as socket:
        assert receive(socket)["type"] in ("overview", "hello")
    for origin in ("http://evil.example", f"http://evil.{web.host}", "null", f"ftp://{web.host}"):
        assert refusal_of(page, path, Origin=origin) == 403
    without = Caller(web.host, {"Cookie": page.headers["Cookie"]})
    assert refusal_of(without, path) == 403


def test_a_foreign_host_is_refused(web: WebProcess, user: User, page_of: Make) -> None:
    page = page_of(user)
    connection = http.client.HTTPConnection(web.host, timeout=SECONDS)
    connection.putrequest("GET", "/ws/overview/", skip_host=True)
    sent = {"Host": "evil.example", "Origin": "http://evil.example", "Cookie": page.headers["Cookie"]}
    sent |= {"Upgrade": "websocket", "Connection": "Upgrade"}
    sent |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode()}
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 403
    connection.close()


def test_an_unknown_address_is_refused(caller: Caller) -> None:
    assert refusal_of(caller, "/ws/nothing/") == 403


def test_strangers_are_told_to_sign_in(web: WebProcess, scribe: Scribe) -> None:
    page = Caller(web.host, {"Origin": f"http://{web.host}"})
    for path in (path_of(scribe), "/ws/overview/"):
        with page.socket(path) as socket:
            code, error = closing_of(socket)
        assert (code, error and error["code"]) == (4401, "not_signed_in")
    for path in (f"/api/v1/runs/{scribe.run_id}/events", "/api/v1/overview", "/api/v1/selftest/poll"):
        for accept in ("application/json", "text/event-stream"):
            answer = page.get(path, Accept=accept)
            assert answer.status_code == 401
            assert sorted(answer.json()["error"]) == ["code", "hint", "message", "path"]


def test_a_token_that_is_not_valid_is_told_so(web: WebProcess, scribe: Scribe) -> None:
    program = Caller(web.host, {"Authorization": "Bearer apf_nonsense"})
    with program.socket(path_of(scribe)) as socket:
        code, error = closing_of(socket)
    assert code == 4401
    assert error is not None and "token" in error["message"]
    assert program.get("/api/v1/overview").status_code == 401


@pytest.mark.parametrize("run_id", ["00000000-0000-4000-8000-000000000000", "no-uuid", "0"])
def test_a_run_that_is_not_there(caller: Caller, run_id: str) -> None:
    with caller.socket(f"/ws/runs/{run_id}/") as socket:
        code, error = closing_of(socket)
    assert (code, error and error["code"]) == (4404, "not_found")
    for accept in ("application/json", "text/event-stream"):
        assert caller.get(f"/api/v1/runs/{run_id}/events", Accept=accept).status_code == 404


def test_a_run_of_a_private_tree_is_not_there(caller: Caller, scribe: Scribe, tree: Tree) -> None:
    Tree.objects.filter(pk=tree.pk).update(visibility="private")
    with caller.socket(path_of(scribe)) as socket:
        assert closing_of(socket)[0] == 4404
    assert caller.get(f"/api/v1/runs/{scribe.run_id}/events").status_code == 404


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1e3", "after=99999999999999999999", "limit=-1", "limit=2001"]
)
def test_parameters_that_can_not_be_used(caller: Caller, scribe: Scribe, query: str) -> None:
    answer = caller.get(f"/api/v1/runs/{scribe.run_id}/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["path"] == f"$.{query.partition('=')[0]}"


def test_only_get_is_answered(caller: Caller) -> None:
    answer = httpx.post(f"http://{caller.host}/api/v1/overview", headers=caller.headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        '{"type": "shout"}',
        '{"type": "ack"}',
        '{"type": "ack", "seq": -1}',
        '{"type": "ack", "seq": true}',
        '{"type": "ack", "seq": 1e400}',
        '{"type": "logs", "on": true, "log_after": "0"}',
        '{"type": "logs", "on": true, "task": "\\u0000"}',
        '{"type": "logs"}',
        "[" * 4000,
        " " * 10_000,
        b"\x00\x01",
    ],
)
def test_a_message_that_can_not_be_read(caller: Caller, scribe: Scribe, message: str | bytes) -> None:
    with caller.socket(path_of(scribe)) as socket:
        socket.send(message)
        code, error = closing_of(socket)
    assert (code, error and error["code"]) == (4400, "unreadable")


def test_one_user_has_so_many_streams(caller: Caller, scribe: Scribe, web: WebProcess, token_of: Make) -> None:
    other = token_of(User.objects.create_user("other"))
    with ExitStack() as stack:
        sockets = [stack.enter_context(caller.socket(path_of(scribe))) for _ in range(MAX_STREAMS)]
        with caller.socket(path_of(scribe)) as one_more:
            assert closing_of(one_more)[0] == 4429
        refused = caller.get("/api/v1/overview", Accept="text/event-stream")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert caller.get("/api/v1/overview").status_code == 200
        with other.socket(path_of(scribe)) as others:
            receive(others)
        assert receive(sockets[0])["type"] == "snapshot"
        sockets[0].close()
        say(sockets[1], type="ping")
        assert receive(sockets[1])["type"] == "snapshot"
    # All of them are counted out.
    with caller.socket(path_of(scribe)) as again:
        assert receive(again)["type"] == "snapshot"


# --- later ------------------------------------------------------------------------------------------------------


def test_who_loses_what_they_were_let_in_for_loses_the_stream(
    web: WebProcess, scribe: Scribe, tree: Tree, admins: Group, token_of: Make, page_of: Make
) -> None:
    """Every way to lose it at once: the look at permissions comes every few seconds."""
    names = ("revoked", "expired", "logged-out", "password", "deactivated", "private", "ended", "role", "stays")
    people = {name: User.objects.create_user(name, password="first password") for name in names}
    people["role"].groups.add(admins)
    group = Group.objects.create(name="watchers")
    people["stays"].groups.add(group)
    by_session = ("logged-out", "password", "private", "ended")
    callers = {name: (page_of if name in by_session else token_of)(user) for name, user in people.items()}
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(caller.socket(path_of(scribe))) for name, caller in callers.items()}
        stream = stack.enter_context(callers["revoked"].events(f"/api/v1/runs/{scribe.run_id}/events"))
        for socket in sockets.values():
            receive(socket)
        assert next(stream)["type"] == "snapshot"

        ApiToken.objects.filter(user=people["revoked"]).update(revoked_at=Now())
        ApiToken.objects.filter(user=people["expired"]).update(expires_at=Now())
        log_out(callers["logged-out"])
        end_sessions(people["ended"], user=people["stays"])
        people["password"].set_password("second password")
        people["password"].save()
        User.objects.filter(pk=people["deactivated"].pk).update(is_active=False)
        # Those with a role and those of the group still see it.
        tree.shared_with.add(group)
        Tree.objects.filter(pk=tree.pk).update(visibility="groups")
        codes = {name: closing_of(sockets[name])[0] for name in names[:7]}
        assert [frame["error"]["code"] for frame in stream] == ["not_signed_in"]

        say(sockets["role"], type="ping")
        assert receive_any(sockets["role"])["type"] == "ping"
        people["role"].groups.clear()
        codes["role"] = closing_of(sockets["role"])[0]
        scribe.write(1)
        assert receive(sockets["stays"])["type"] == "events"
    assert codes == {
        "revoked": 4401,
        "expired": 4401,
        "logged-out": 4401,
        "password": 4401,
        "deactivated": 4401,
        "ended": 4401,
        "private": 4404,
        "role": 4404,
    }


def log_out(caller: Caller) -> None:
    """Sign out as a page does."""
    client = Client()
    client.cookies["sessionid"] = caller.headers["Cookie"].partition("=")[2]
    client.post("/logout/")
    assert not Session.objects.filter(session_key=client.cookies["sessionid"].value).exists()
