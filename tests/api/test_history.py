"""The event log through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestration.actions.runs import RunRequest, start_spec
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.models import Run, RunEvent, TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(django_user_model: type[User]) -> Run:
    ann = django_user_model.objects.create_user("ann")
    made = start_spec(TreeSpec("Tree", (TaskSpec("a", "A", executor="echo"),)), RunRequest(ann))
    task = TaskRun.objects.get(run=made)
    first = RunEvent.objects.get(run=made, seq=1)
    RunEvent.objects.bulk_create(
        RunEvent(run=made, seq=seq, type="task.progress", task_run=task, data={"progress": seq / 100}, at=first.at)
        for seq in range(2, 31)
    )
    Run.objects.filter(pk=made.pk).update(last_seq=30)
    return made


@pytest.fixture
def get(run: Run, client: Client) -> Callable[[str], Any]:
    assert run.requested_by is not None
    client.force_login(run.requested_by)
    return lambda query: client.get(f"/api/v1/runs/{run.pk}/history?{query}")


def test_pages_hold_every_event_once(get: Callable[[str], Any]) -> None:
    seen: list[Any] = []
    after: str | None = "0"
    while after is not None:
        page = get(f"after={after}&limit=7").json()
        seen += page["items"]
        after = page["next"]
    assert [event["seq"] for event in seen] == list(range(1, 31))
    assert seen[0]["type"] == "run.created"
    assert (seen[5]["task"], seen[5]["data"]) == ("a", {"progress": 0.06})


def test_the_end_for_now_is_told(get: Callable[[str], Any]) -> None:
    assert get("after=30").json() == {"items": [], "next": None}
    assert get("after=99").json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=5001", "since=1"])
def test_what_can_not_be_read_is_refused(get: Callable[[str], Any], query: str) -> None:
    answer = get(query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unreadable")


def test_others_do_not_see_it(run: Run, client: Client, django_user_model: type[User]) -> None:
    client.force_login(django_user_model.objects.create_user("bob"))
    assert client.get(f"/api/v1/runs/{run.pk}/history").status_code == 404
