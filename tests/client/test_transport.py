"""Requests: what is tried again, what errors say, and where a token goes."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from apflow.client import (
    AmbiguousError,
    ApiError,
    Client,
    ClientError,
    MissingError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from apflow.client.address import AddressError, server_address
from apflow.client.patience import Backoff, Patience, retry_after

from .scripted import RUN, Answer, ScriptedServer, as_json, refusal

TOKEN = "apf_very-secret"
AWAY = refusal(503, "database_away")


def _client(server: ScriptedServer, pauses: list[float], patience_seconds: float = 20.0) -> Client:
    return Client(server.url, TOKEN, sleep=pauses.append, patience_seconds=patience_seconds)


def _page(*items: Any, following: str | None = None) -> Answer:
    return as_json({"items": items, "next": following})


# --- trying again -----------------------------------------------------------------------------------------------------


def test_a_get_is_tried_again_with_growing_pauses() -> None:
    pauses: list[float] = []
    script = [AWAY, Answer(502, "text/html"), AWAY, as_json({"username": "ada"})]
    with ScriptedServer(script) as server, _client(server, pauses) as client:
        assert client.me()["username"] == "ada"
    assert len(pauses) == 3
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0 <= pauses[2] <= 2.0


def test_patience_ends() -> None:
    pauses: list[float] = []
    server = ScriptedServer(lambda asked: AWAY)
    with server, _client(server, pauses, 3.0) as client, pytest.raises(ApiError) as caught:
        client.me()
    assert caught.value.code == "database_away"
    assert len(pauses) >= 2
    assert sum(pauses) <= 3.0


def test_a_pause_that_is_longer_than_the_patience_is_not_begun() -> None:
    pauses: list[float] = []
    server = ScriptedServer([refusal(429, "too_many", retry_after="60")])
    with server, _client(server, pauses) as client, pytest.raises(ApiError) as caught:
        client.me()
    assert (caught.value.retry_after, pauses) == (60.0, [])


def test_a_start_is_tried_again_under_one_key() -> None:
    pauses: list[float] = []
    with ScriptedServer([AWAY, as_json({"id": RUN}, status=201)]) as server, _client(server, pauses) as client:
        assert client.start("t", {"day": 1}, priority=0)["id"] == RUN
        keys = {asked.headers["idempotency-key"] for asked in server.asked}
    assert len(keys) == 1
    assert json.loads(server.asked[1].body) == {"parameters": {"day": 1}, "priority": 0}


def test_two_starts_without_a_key_are_two_runs() -> None:
    with ScriptedServer(lambda asked: as_json({"id": RUN})) as server, _client(server, []) as client:
        client.start("t")
        client.start("t")
        first, second = (asked.headers["idempotency-key"] for asked in server.asked)
    assert first != second


def test_what_could_do_harm_twice_is_sent_once() -> None:
    with ScriptedServer([AWAY]) as server, _client(server, []) as client:
        with pytest.raises(ApiError):
            client.rerun(RUN)
        assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with ScriptedServer([]) as server:
        url = server.url
    with (
        Client(url, TOKEN, patience_seconds=0) as client,
        pytest.raises(NoAnswerError, match=f"No server answers at {url}"),
    ):
        client.me()


# --- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_has_everything_that_the_server_said() -> None:
    problems = [{"path": "$.name", "message": "is missing"}]
    said = refusal(409, "version_conflict", "Changed.", path="$", hint="Reload.", problems=problems, current=7)
    with ScriptedServer([said]) as server, _client(server, []) as client, pytest.raises(ApiError) as caught:
        client.import_tree([])
    error = caught.value
    assert (error.status, error.code, error.message, error.path, error.hint) == (
        *(409, "version_conflict", "Changed.", "$", "Reload."),
    )
    assert [(problem.path, problem.message) for problem in error.problems] == [("$.name", "is missing")]
    assert error.more == {"current": 7}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(200, "text/html", pieces=[b"<p>Hello</p>"]), "not JSON"),
        (Answer(404, "text/html", pieces=[b"<p>Hello</p>"]), "404, and not from an apflow server"),
        (Answer(301, headers={"Location": "https://elsewhere.example/"}), "sends on to https://elsewhere.example/"),
    ],
)
def test_something_else_than_an_apflow_server_is_told_apart(answer: Answer, sentence: str) -> None:
    with ScriptedServer([answer]) as server, _client(server, []) as client:
        with pytest.raises(UnexpectedAnswerError, match=sentence):
            client.me()
        assert len(server.asked) == 1


# --- the token --------------------------------------------------------------------------------------------------------


def test_the_token_is_in_the_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ScriptedServer([refusal(401, "not_signed_in")]) as server, _client(server, []) as client:
        with pytest.raises(ApiError) as caught:
            client.me()
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
        shown = [repr(client), repr(vars(client)), caplog.text, *traceback.format_exception(caught.value)]
    assert caplog.text
    assert TOKEN not in "".join(shown)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ünicode"])
def test_what_can_be_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ClientError, match="not a token") as caught:
        Client("https://apflow.example.org", token)
    assert token == "" or token not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("apflow.example.org", "https://apflow.example.org"),
        ("https://apflow.example.org/base/", "https://apflow.example.org/base"),
    ],
)
def test_addresses_are_brought_to_one_form(given: str, address: str) -> None:
    assert server_address(given) == address


@pytest.mark.parametrize(
    "given",
    [
        *("http://apflow.example.org", "http://10.0.0.7:8000", "http://127.0.0.1.example.org", "ftp://localhost"),
        *("", "https://", "https://ada:secret@example.org", "https://example.org/?a=1", "https://example.org:99999"),
    ],
)
def test_addresses_that_would_show_the_token_or_make_no_sense_are_refused(given: str) -> None:
    with pytest.raises(AddressError):
        server_address(given)


def test_a_network_may_be_trusted() -> None:
    assert server_address("http://10.0.0.7:8000", insecure=True) == "http://10.0.0.7:8000"


# --- lists and look-ups -----------------------------------------------------------------------------------------------


def test_pages_are_asked_for_as_they_are_needed() -> None:
    script = [_page({"id": "1"}, {"id": "2"}, following="c"), _page({"id": "3"})]
    with ScriptedServer(script) as server, _client(server, []) as client:
        runs = client.runs(status=["failed", "cancelled"])
        assert next(runs)["id"] == "1"
        assert len(server.asked) == 1
        assert [run["id"] for run in runs] == ["2", "3"]
    assert server.asked[0].query == {"status": ["failed", "cancelled"], "limit": ["200"]}
    assert server.asked[1].query["cursor"] == ["c"]


def test_a_run_is_found_by_how_its_id_begins() -> None:
    other = "9b2f" + RUN[4:]
    script = [_page({"id": other}, {"id": RUN}), as_json({"id": RUN})]
    with ScriptedServer(script) as server, _client(server, []) as client:
        assert client.find_run("9B2E")["id"] == RUN
    assert server.asked[1].path == f"/api/v1/runs/{RUN}"


@pytest.mark.parametrize(("text", "error"), [("9b2e", AmbiguousError), ("ffff", MissingError), ("9b", MissingError)])
def test_a_beginning_that_names_no_single_run_is_refused(text: str, error: type[Exception]) -> None:
    other = RUN[:-1] + "0"
    server = ScriptedServer([_page({"id": RUN}, {"id": other})])
    with server, _client(server, []) as client, pytest.raises(error):
        client.find_run(text)


def test_a_tree_is_found_by_its_whole_name() -> None:
    trees = [{"id": "1", "name": "Nightly import 2"}, {"id": "2", "name": "Nightly import"}]
    with ScriptedServer([_page(*trees), as_json(trees[1])]) as server, _client(server, []) as client:
        assert client.find_tree("Nightly import")["id"] == "2"
    assert server.asked[0].query["q"] == ["Nightly import"]


def test_two_trees_of_one_name_are_not_guessed_between() -> None:
    trees = [{"id": "1", "name": "Same"}, {"id": "2", "name": "Same"}]
    with ScriptedServer([_page(*trees)]) as server, _client(server, []) as client, pytest.raises(AmbiguousError):
        client.find_tree("Same")


def test_ids_of_tasks_may_have_any_characters() -> None:
    with ScriptedServer([as_json({"command": 1, "run": RUN})]) as server, _client(server, []) as client:
        client.retry(RUN, "a/b?c#d é")
    assert server.asked[0].path == f"/api/v1/runs/{RUN}/tasks/a%2Fb%3Fc%23d%20%C3%A9/retry"


# --- log lines --------------------------------------------------------------------------------------------------------


def _line(number: int) -> dict[str, Any]:
    return {"id": number, "task": "a", "attempt": 1, "level": 20, "logger": "", "message": "", "at": ""}


def test_log_lines_are_followed_to_the_end_through_a_restart() -> None:
    pauses: list[float] = []
    script = [
        *(as_json({"status": "in_progress"}), _page(_line(3), following="3"), _page(_line(5))),
        *(AWAY, as_json({"status": "completed"}), _page(_line(9))),
    ]
    with ScriptedServer(script) as server, _client(server, pauses, 0.0) as client:
        assert [line["id"] for line in client.logs(RUN, follow=True, task="a", level="info")] == [3, 5, 9]
    logs = [asked.query for asked in server.asked if asked.path.endswith("/logs")]
    assert [query["after"] for query in logs] == [["0"], ["3"], ["5"]]
    assert logs[0]["task"] == ["a"] and logs[0]["level"] == ["info"]


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_pauses_double_to_their_cap_and_start_again() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.pause() for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    backoff.reset()
    assert backoff.pause() == 0.5
    assert Backoff(chance=lambda: 1.0).pause() == 0.25


def test_patience_counts_the_pauses_that_a_server_asks_for() -> None:
    patience = Patience(10.0, Backoff(chance=lambda: 0.0))
    assert (patience.pause(6.0), patience.pause(6.0), patience.pause()) == (6.0, None, 2.0)


def test_retry_after_is_a_number_or_a_date() -> None:
    assert [retry_after(text) for text in ("5", " 7 ", "99999", None, "soon", "-3")] == [5, 7, 300, 0, 0, 0]
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 0 < retry_after(soon) <= 100
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
