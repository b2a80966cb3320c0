"""Log lines over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import AsyncClient
from django.utils import timezone

from orchestration.models import Run, TaskLog
from orchestration.store.run_logs import LogFilter, all_lines
from tests.pages.scene import make_live_run, make_run, make_tree

from .conftest import Caller, person


@pytest.fixture
def run(editor: Caller) -> Run:
    """A run whose tasks t1 and t3 have logged by turns, beside another run."""
    run = make_live_run(make_tree(), editor.user)
    TaskLog.objects.all().delete()
    other = make_run(run.tree, tasks=1)
    rows = [run.task_runs.get(task_uid=uid) for uid in ("t1", "t3")]
    levels = (10, 20, 30, 40)
    TaskLog.objects.bulk_create(
        TaskLog(
            task_run=other.task_runs.get() if n == 5 else rows[n % 2], attempt=1 + n // 6, level=levels[n % 4],
            message=f"Line {n} 100%", at=timezone.now(),
        )
        for n in range(12)
    )  # fmt: skip
    return run


def numbers(answer: Any) -> list[int]:
    return [int(line["message"].split()[1]) for line in answer.body["items"]]


@pytest.mark.django_db
def test_lines_come_in_order_behind_a_cursor(editor: Caller, run: Run) -> None:
    answer = editor("GET", f"/runs/{run.pk}/logs?limit=4")
    seen = numbers(answer)
    while answer.body["next"] is not None:
        answer = editor("GET", f"/runs/{run.pk}/logs?limit=4&after={answer.body['next']}")
        seen += numbers(answer)
    assert seen == [n for n in range(12) if n != 5]
    at_end = answer.body["log_after"]
    assert editor("GET", f"/runs/{run.pk}/logs?after={at_end}").body == {
        "items": [],
        "next": None,
        "log_after": at_end,
    }


@pytest.mark.django_db
def test_lines_come_from_the_end_in_front_of_a_cursor(editor: Caller, run: Run) -> None:
    answer = editor("GET", f"/runs/{run.pk}/logs?limit=4&before={2**63 - 1}")
    pages = [numbers(answer)]
    last = answer.body["items"][-1]["id"]
    assert answer.body["log_after"] == last
    while answer.body["next"] is not None:
        answer = editor("GET", f"/runs/{run.pk}/logs?limit=4&before={answer.body['next']}")
        pages.append(numbers(answer))
    assert pages == [[8, 9, 10, 11], [3, 4, 6, 7], [0, 1, 2]]
    assert numbers(editor("GET", f"/runs/{run.pk}/logs?before={last}&after={last - 3}&level=warning")) == [10]


@pytest.mark.django_db
def test_lines_are_filtered(editor: Caller, run: Run) -> None:
    for query, found in {
        "level=warning": [2, 3, 6, 7, 10, 11],
        "task=t1": [0, 2, 4, 6, 8, 10],
        "attempt=2&level=error": [7, 11],
        "q=LINE%201%20": [1],
        "q=%25": [n for n in range(12) if n != 5],
        "q=_": [],
    }.items():
        assert numbers(editor("GET", f"/runs/{run.pk}/logs?{query}")) == found, query


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "before=-1", "after=99999999999999999999", "limit=5001", "limit=0", "level=loud",
     "attempt=0", "attempt=99999999999", "q=%00", "task=%00", "format=xml", "colour=1"],
)  # fmt: skip
def test_a_wrong_parameter_is_refused(editor: Caller, run: Run, query: str) -> None:
    assert editor("GET", f"/runs/{run.pk}/logs?{query}").status == 400


@pytest.mark.django_db
def test_a_task_that_is_not_there_is_a_404(editor: Caller, run: Run) -> None:
    assert editor("GET", f"/runs/{run.pk}/logs?task=nobody").status == 404


@pytest.mark.django_db(transaction=True)
def test_the_download_is_sent_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    editor = person("edna", "editor")
    run = make_live_run(make_tree(), editor)
    monkeypatch.setattr("orchestration.api.logs._PORTION", 5)
    parts = download(editor, f"/api/v1/runs/{run.pk}/logs?format=text&task=t1")
    assert len(parts) == 3
    lines = b"".join(parts).decode().splitlines()
    assert len(lines) == 12
    assert lines[3].endswith("ERROR    [t1 #1] checked batch 3 of orders") and "Z ERROR" in lines[3]


def download(user: Any, path: str) -> list[bytes]:
    """Fetch a streamed answer as the web server does: asynchronously."""
    from asgiref.sync import async_to_sync

    async def fetch() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(user)
        response: Any = await client.get(path)
        assert response["Content-Disposition"].startswith("attachment")
        return [part async for part in response.streaming_content]

    return async_to_sync(fetch)()


@pytest.mark.django_db
def test_lines_end_at_a_moment(editor: Caller, run: Run) -> None:
    lines = list(TaskLog.objects.filter(task_run__run=run).order_by("id"))
    until = lines[4].at.isoformat().replace("+00:00", "Z")
    assert numbers(editor("GET", f"/runs/{run.pk}/logs?until={until}")) == [0, 1, 2, 3, 4]
    assert numbers(editor("GET", f"/runs/{run.pk}/logs?until={until}&limit=2&before={2**63 - 1}")) == [3, 4]
    assert [row.id for row in all_lines(run.pk, LogFilter(until=lines[4].at))] == [line.pk for line in lines[:5]]
