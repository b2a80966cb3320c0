"""The overview's stream, and the self-test of the three ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from orchestration.models import Tree
from tests.live.support.clients import Caller, receive, receive_until, say

pytestmark = pytest.mark.django_db(transaction=True)


def is_overview(frame: dict[str, Any]) -> bool:
    return bool(frame["type"] == "overview")


def has_completed(frame: dict[str, Any]) -> bool:
    return is_overview(frame) and bool(frame["counts"]["completed"])


def test_the_overview_in_three_ways(caller: Caller, scribe: Scribe) -> None:
    polled = caller.get("/api/v1/overview").json()
    with caller.socket("/ws/overview/") as socket, caller.events("/api/v1/overview") as frames:
        for frame in (receive_until(socket, is_overview), next(frames), polled):
            assert frame["type"] == "overview"
            assert frame["counts"] == {"pending": 0, "in_progress": 1, "completed": 0, "failed": 0, "cancelled": 0}
            [run] = frame["active"]
            assert (run["id"], run["tree_name"], run["progress"]) == (scribe.run_id, "written", 0.0)
            assert run["tasks"] == {"in_progress": 3}
            assert (len(run["running"]), run["cancelling"], run["paused"]) == (3, False, False)
            [worker] = frame["workers"]
            assert (worker["name"], worker["slots"]) == ("scribe", 1)
        scribe.end()
        for ended in (receive_until(socket, has_completed), next(filter(has_completed, frames))):
            assert ended["active"] == []
        say(socket, type="ping")
        receive_until(socket, lambda frame: frame["type"] == "ping")


def test_the_overview_shows_only_what_its_watcher_may_see(
    caller: Caller, scribe: Scribe, tree: Tree, token_of: Callable[[User], Caller]
) -> None:
    Tree.objects.filter(pk=tree.pk).update(visibility="private")
    assert tree.owner is not None
    with caller.socket("/ws/overview/") as strangers, token_of(tree.owner).socket("/ws/overview/") as owners:
        theirs, own = receive_until(strangers, is_overview), receive_until(owners, is_overview)
    assert (theirs["counts"]["in_progress"], theirs["active"]) == (0, [])
    assert (own["counts"]["in_progress"], len(own["active"])) == (1, 1)


def test_the_self_test(web: WebProcess, user: User, page_of: Callable[[User], Caller]) -> None:
    page = page_of(user)
    with page.socket("/ws/selftest/") as socket:
        hello = receive(socket)
        assert (hello["type"], hello["headers"]["host"]) == ("hello", web.host)
        for text in ("first", "second"):
            say(socket, type="echo", text=text)
            assert receive(socket) == {"type": "echo", "text": text}
    with page.events("/api/v1/selftest/sse") as frames:
        assert [frame["number"] for frame in frames] == [1, 2, 3]
    first, second = (page.get("/api/v1/selftest/poll", **{"X-Forwarded-Proto": "https"}).json() for _ in range(2))
    assert first["now"] != second["now"]
    assert first["headers"] == {"host": web.host, "origin": f"http://{web.host}", "x-forwarded-proto": "https"} | {
        "connection": "keep-alive"
    }
