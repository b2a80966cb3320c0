"""A run as one file: what is in it, who is shown what of it, and what is left out when it is too much."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from orchestration.actions.deletions import delete_runs
from orchestration.api import run_files
from orchestration.engine.secret_places import MASK
from orchestration.engine.status import Status
from orchestration.models import Run, RunEvent, TaskAttempt, TaskLog, TaskRun
from tests.pages.scene import make_run, make_tree
from tests.run_hooks import BEGAN, ENDED, note_hooks

from .conftest import Caller

pytestmark = pytest.mark.django_db

PASSWORD = "hunter2hunter2"


@pytest.fixture
def run(editor: Caller) -> Run:
    """A run of three tasks that failed, with events, lines and an attempt that was tried again."""
    tree = make_tree(owner=editor.user, visibility="everyone")
    run = make_run(tree, Status.FAILED, tasks=3, requested_by=editor.user, last_seq=12, parameters={"token": PASSWORD})
    now = timezone.now()
    rows = list(run.task_runs.order_by("ordinal"))
    TaskRun.objects.filter(pk=rows[0].pk).update(
        status=Status.COMPLETED,
        error=None,
        error_type=None,
        attempt=2,
        result={"said": f"{PASSWORD} is right"},
        resolved_inputs={"n": 1, "password": PASSWORD},
    )
    TaskRun.objects.filter(pk=rows[1].pk).update(error="x" * 1000)
    TaskAttempt.objects.create(task_run=rows[0], attempt=1, reason="failed", error="First", finished_at=now)
    RunEvent.objects.bulk_create(
        RunEvent(run=run, seq=n + 1, type="task.progress", task_run=rows[n % 3], data={"progress": n / 100}, at=now)
        for n in range(12)
    )
    TaskLog.objects.bulk_create(
        TaskLog(task_run=rows[n % 3], attempt=1, level=20, message=f"Line {n} ä", at=now) for n in range(9)
    )
    return run


def file_of(caller: Caller, run: Run) -> Any:
    """Return the file, read whole."""
    answer: Any = caller.client.get(f"/api/v1/runs/{run.pk}/file")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{run.pk}.json"'
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(async_to_sync(_whole)(answer))


async def _whole(answer: Any) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def test_the_file_has_the_hooks_of_the_run(editor: Caller, run: Run) -> None:
    note_hooks(run, BEGAN, ENDED)
    assert file_of(editor, run)["run"]["hooks"] == [*BEGAN, *ENDED]


def test_the_file_has_all_of_the_run(editor: Caller, run: Run) -> None:
    file = file_of(editor, run)
    assert list(file) == [
        *("format", "version", "saved_at", "saved_with", "as_of_seq", "run", "definition", "tasks", "events", "logs"),
        "left_out",
    ]
    assert (file["format"], file["version"], file["as_of_seq"], file["left_out"]) == ("apflow-run", 1, 12, [])
    assert (file["run"]["id"], file["run"]["status"]) == (str(run.pk), "failed")
    assert [event["seq"] for event in file["events"]] == list(range(1, 13))
    assert [line["message"] for line in file["logs"]] == [f"Line {n} ä" for n in range(9)]
    assert [line["id"] for line in file["logs"]] == sorted(line["id"] for line in file["logs"])
    assert file["definition"] == editor("GET", f"/runs/{run.pk}/definition").body


def test_a_task_of_the_file_is_the_api_s_with_what_the_definition_does_not_tell(editor: Caller, run: Run) -> None:
    told = {"why", "retry", "inputs", "inputs_bytes", "params", "params_bytes", "schemas", "schemas_bytes"}
    for task in file_of(editor, run)["tasks"]:
        answer = editor("GET", f"/runs/{run.pk}/tasks/{task['id']}?full=true").body
        expected = {name: value for name, value in answer.items() if name not in told}
        # The database and Django write the same time in two ways.
        times = ("started_at", "finished_at", "next_attempt_at")
        assert {**task, **dict.fromkeys(times)} == {**expected, **dict.fromkeys(times)}


def test_secrets_are_masked_as_in_the_api(viewer: Caller, editor: Caller, run: Run) -> None:
    TaskRun.objects.filter(run=run, task_uid="t0").update(inputs={"password": PASSWORD})
    assert PASSWORD not in json.dumps(file_of(viewer, run))
    assert file_of(viewer, run)["tasks"][0]["result"] == {"said": f"{MASK} is right"}
    assert file_of(editor, run)["tasks"][0]["result"] == {"said": f"{PASSWORD} is right"}
    assert file_of(viewer, run)["run"]["parameters"] == {"token": MASK}


def test_a_file_is_as_far_as_the_state_in_it(editor: Caller, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(last_seq=7)
    file = file_of(editor, run)
    assert (file["as_of_seq"], len(file["events"])) == (7, 7)


def test_too_large_values_are_left_out_with_their_size(
    editor: Caller, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "MAX_VALUE_BYTES", 100)
    TaskRun.objects.filter(run=run, task_uid="t1").update(result="x" * 200)
    first, second, _ = (file := file_of(editor, run))["tasks"]
    assert first["result"] == {"said": f"{PASSWORD} is right"}
    assert (second["result"], second["result_bytes"]) == (None, 202)
    assert file["left_out"] == [{"what": "values", "count": 1}]


def test_once_all_values_are_too_many_the_others_are_left_out(
    editor: Caller, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "MAX_VALUES_BYTES", 150)
    monkeypatch.setattr(run_files, "_TASKS_AT_A_TIME", 1)
    run.task_runs.update(result="x" * 100)
    tasks = (file := file_of(editor, run))["tasks"]
    assert [task["result"] is not None for task in tasks] == [True, False, False]
    assert {"what": "values", "count": 2} in file["left_out"]


def test_the_newest_lines_and_the_first_events_are_kept(
    editor: Caller, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "MAX_LOGS_BYTES", 500)
    monkeypatch.setattr(run_files, "MAX_EVENTS_BYTES", 300)
    monkeypatch.setattr(run_files, "_EVENTS_AT_A_TIME", 2)
    file = file_of(editor, run)
    assert [line["message"] for line in file["logs"]] == ["Line 6 ä", "Line 7 ä", "Line 8 ä"]
    kept = [event["seq"] for event in file["events"]]
    assert kept == list(range(1, len(kept) + 1)) and 2 <= len(kept) < 12
    assert file["left_out"] == [{"what": "events", "count": 12 - len(kept)}, {"what": "logs", "count": 6}]


def test_queries_do_not_grow_with_the_tasks(editor: Caller, run: Run, django_assert_max_num_queries: Any) -> None:
    large = make_run(run.tree, Status.COMPLETED, tasks=40, requested_by=editor.user)
    with django_assert_max_num_queries(25):
        assert len(file_of(editor, large)["tasks"]) == 40


def test_a_run_without_tasks_events_and_lines_is_a_file_too(editor: Caller, run: Run) -> None:
    file = file_of(editor, make_run(run.tree, Status.PENDING, requested_by=editor.user))
    assert (file["tasks"], file["events"], file["logs"]) == ([], [], [])


def test_what_one_does_not_see_is_not_there(viewer: Caller, editor: Caller, run: Run) -> None:
    private = make_run(make_tree("Private", owner=editor.user, visibility="private"), Status.COMPLETED)
    assert viewer("GET", f"/runs/{private.pk}/file").status == 404
    delete_runs(Run.objects.filter(pk=run.pk), editor.user)
    assert editor("GET", f"/runs/{run.pk}/file").status == 404
    assert Client().get(f"/api/v1/runs/{private.pk}/file").status_code == 401
