"""Looking at runs over the API: lists, one run, its tasks, their values."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import JSONField, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orchestration.actions.run_orders import ORDER_NAMES
from orchestration.engine.status import Status
from orchestration.models import Run, RunEvent, TaskAttempt, TaskRun, Tree
from orchestration.store import stream
from orchestration.store.stream import snapshot_of
from tests.pages.scene import make_live_run, make_run, make_tree, make_worker
from tests.run_hooks import BEGAN, ENDED, note_hooks

from .conftest import Caller, person

pytestmark = pytest.mark.django_db
HIDDEN = "There is no such run, or it is not shared with you."


@pytest.fixture
def tree(editor: Caller) -> Tree:
    return make_tree("Nightly", owner=editor.user)


@pytest.fixture
def live(tree: Tree, editor: Caller) -> Run:
    return make_live_run(tree, editor.user)


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.body["items"]]


@pytest.mark.parametrize("sort", ORDER_NAMES)
def test_each_order_is_whole_over_its_pages(editor: Caller, tree: Tree, sort: str) -> None:
    for number, status in enumerate([*Status, *Status]):
        make_run(tree, status, queued_at=timezone.now() - timedelta(minutes=number // 2))
    whole = ids(editor("GET", f"/runs?sort={sort}"))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = editor("GET", f"/runs?sort={sort}&limit=3{cursor}")
        seen += ids(page)
        cursor = page.body["next"] and f"&cursor={page.body['next']}"
    assert seen == whole
    assert len(set(seen)) == 2 * len(Status)
    assert editor("GET", f"/runs?sort={sort}&cursor=x~y").code == "unreadable"


def test_a_tag_narrows_to_the_runs_of_its_trees(editor: Caller, tree: Tree) -> None:
    make_run(tree)
    wanted = make_run(make_tree("Tagged", tags=["etl"]))
    assert ids(editor("GET", "/runs?tag=etl")) == [str(wanted.pk)]


def queries(caller: Caller, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert caller("GET", path).status == 200
    return len(captured)


def test_the_list_is_newest_first_and_whole_over_its_pages(editor: Caller, tree: Tree) -> None:
    made = [make_run(tree, queued_at=timezone.now() - timedelta(minutes=n // 2)) for n in range(7)]
    seen, cursor = [], ""
    while True:
        answer = editor("GET", f"/runs?limit=2{cursor}")
        seen += ids(answer)
        if len(seen) == 2:
            made[6].delete()
            make_run(tree, queued_at=timezone.now())
        if answer.body["next"] is None:
            break
        cursor = f"&cursor={answer.body['next']}"
    assert len(seen) == len(set(seen))
    assert set(seen) == {str(run.pk) for run in made[:6]}


def test_a_row_of_the_list(editor: Caller, live: Run) -> None:
    (row,) = editor("GET", "/runs").body["items"]
    assert row["counts"] == {"completed": 1, "failed": 2, "in_progress": 1, "pending": 3, "cancelled": 1}
    assert (row["owner"], row["requested_by"], row["task_count"]) == ("engine-2", "edda", 8)
    assert row["parameters"] == {"day": "2025-11-24", "force": False}
    assert row["queued_at"] == live.queued_at.isoformat().replace("+00:00", "Z")


def test_filters_narrow_the_list(editor: Caller, tree: Tree) -> None:
    old = make_run(tree, Status.FAILED, error="The disk is full", queued_at=timezone.now() - timedelta(days=2))
    mine = make_run(None, Status.CANCELLED, tree_name="Once", requested_by=editor.user, trigger="api", parent_run=old)
    other = make_run(tree, Status.PENDING)
    yesterday = (timezone.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    for query, found in {
        "status=failed": [old],
        "status=failed&status=pending": [other, old],
        f"tree={tree.pk}": [other, old],
        "trigger=api": [mine],
        "requested_by=edda": [mine],
        "requested_by=me": [mine],
        f"since={yesterday}": [mine, other],
        f"until={yesterday}": [old],
        f"parent={old.pk}": [mine],
        "q=disk": [old],
        "q=EDDA": [mine],
        f"q={old.pk}": [old],
        "q=nothing%20like%20it": [],
    }.items():
        assert sorted(ids(editor("GET", f"/runs?{query}"))) == sorted(str(run.pk) for run in found), query


@pytest.mark.parametrize(
    "query",
    [
        "status=running", "tree=1", "trigger=x", "since=yesterday", "since=2025-01-01T00:00:00", "limit=0", "limit=201",
        "limit=x", "cursor=x", "cursor=WyJ4Il0", "cursor=W0luZmluaXR5LCAxXQ", "colour=red", "q=%00", "parent=%00",
        "status=failed&" * 6 + "status=failed",
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_refused(editor: Caller, tree: Tree, query: str) -> None:
    make_run(tree)
    answer = editor("GET", f"/runs?{query}")
    assert (answer.status, answer.code) == (400, "unreadable")


def test_lists_take_as_many_queries_for_many_as_for_few(editor: Caller, tree: Tree, live: Run) -> None:
    for path in ("/runs", f"/runs/{live.pk}/tasks", f"/runs/{live.pk}/logs", "/workers"):
        before = queries(editor, path)
        for _ in range(30):
            worker = make_worker()
            run = make_run(tree, Status.IN_PROGRESS, tasks=2, requested_by=person(str(worker.pk)), owner=worker)
            TaskRun.objects.filter(run=run, ordinal=1).update(worker=worker)
        copy_tasks(live, 30)
        assert queries(editor, path) == before, path


def copy_tasks(run: Run, count: int) -> None:
    """Add tasks to a run, each with a worker of its own."""
    at = run.task_runs.count()
    TaskRun.objects.bulk_create(
        TaskRun(run=run, ordinal=at + n, task_uid=f"x{at + n}", name="x", worker=make_worker()) for n in range(count)
    )


def test_large_parameters_are_not_in_lists(editor: Caller, tree: Tree) -> None:
    run = make_run(tree, parameters={"x": "y" * 70_000})
    assert editor("GET", "/runs").body["items"][0]["parameters"] is None
    assert editor("GET", f"/runs/{run.pk}").body["parameters"] == run.parameters


def test_what_is_not_shared_is_not_there(editor: Caller, viewer: Caller, tree: Tree, live: Run) -> None:
    Tree.objects.update(visibility="private")
    assert viewer("GET", "/runs").body == {"items": [], "next": None}
    for path in ("", "/definition", "/tasks", "/tasks/t0", "/tasks/t0/result", "/tasks/t0/why", "/logs"):
        answer = viewer("GET", f"/runs/{live.pk}{path}")
        assert (answer.status, answer.body["error"]["message"]) == (404, HIDDEN)
    assert editor("GET", f"/runs/{live.pk}").status == 200


def test_one_run_says_what_it_failed_of_and_what_came_after(
    editor: Caller, viewer: Caller, tree: Tree, live: Run
) -> None:
    Run.objects.filter(pk=live.pk).update(status="failed", finished_at=timezone.now(), owner=None)
    after = [make_run(tree, parent_run=live, queued_at=timezone.now() - timedelta(minutes=n)) for n in range(2)]
    hidden = make_run(make_tree("Hidden", visibility="private", owner=editor.user), parent_run=live)
    body = editor("GET", f"/runs/{live.pk}").body
    cause = {"task": "t1", "name": "Check totals", "error": "The totals of 3 orders are negative: 17, 23, 42"}
    assert body["first_causes"] == [cause | {"error_type": "ValueError"}]
    assert set(body["reruns"]) == {str(run.pk) for run in (*after, hidden)}
    assert body["may"] == {"steer": False, "delete": True}
    theirs = viewer("GET", f"/runs/{live.pk}").body
    assert theirs["reruns"] == [str(run.pk) for run in after]
    assert theirs["may"] == {"steer": False, "delete": False}


def test_one_run_has_the_hooks_that_were_called_for_it(editor: Caller, viewer: Caller, live: Run, tree: Tree) -> None:
    assert editor("GET", f"/runs/{live.pk}").body["hooks"] == []
    note_hooks(make_run(tree, "failed"), BEGAN)
    note_hooks(live, BEGAN, ENDED)
    RunEvent.objects.create(
        run=live, seq=live.last_seq + 1, type="task.hooks", data={"attempt": 1, "hooks": BEGAN}, at=timezone.now()
    )
    calls = viewer("GET", f"/runs/{live.pk}").body["hooks"]
    assert calls == [{"error": None, "slow": False, "changed": []} | call for call in (*BEGAN, *ENDED)]
    snapshot = snapshot_of(str(live.pk))
    assert snapshot is not None
    assert json.loads(snapshot.run)["hooks"] == [*BEGAN, *ENDED]


def test_the_hooks_of_a_run_are_found_among_its_many_events_by_an_index(live: Run) -> None:
    events = [RunEvent(run=live, seq=n, type="task.progress", at=timezone.now()) for n in range(1, 3_001)]
    RunEvent.objects.bulk_create(events)
    live.last_seq = 3_000
    note_hooks(live, BEGAN)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orchestration_runevent")
        cursor.execute(f"EXPLAIN {stream._SNAPSHOT}", [live.pk])
        assert "event_of_run_hooks" in "\n".join(line for (line,) in cursor.fetchall())
    assert "event_of_run_hooks" in RunEvent.objects.filter(run=live, type="run.hooks").order_by("seq").explain()


def test_the_definition_is_the_one_of_the_run(editor: Caller, live: Run) -> None:
    live.task_runs.filter(task_uid="t0").update(position={"x": 1, "y": 2})
    body = editor("GET", f"/runs/{live.pk}/definition").body
    assert (body["format"], body["tree"]["name"], len(body["tasks"])) == ("apflow-tree", "Nightly", 8)
    assert body["tasks"][0]["position"] == {"x": 1, "y": 2}
    assert body["tasks"][4]["dependencies"] == [{"id": "t3", "required": True}, {"id": "t0", "required": False}]


# --- tasks --------------------------------------------------------------------------------------------------------


def test_tasks_are_as_in_a_snapshot_of_the_stream(editor: Caller, live: Run) -> None:
    live.task_runs.filter(task_uid="t6").update(pinned={"result": 1}, position={"x": 1})
    live.task_runs.filter(task_uid="t1").update(error="long " * 100)
    snapshot = snapshot_of(str(live.pk))
    assert snapshot is not None
    rows = editor("GET", f"/runs/{live.pk}/tasks").body["items"]
    assert comparable(rows) == comparable(json.loads(f"[{snapshot.tasks}]"))


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read the times: PostgreSQL writes no zeros at the end."""
    return [
        {key: datetime.fromisoformat(value) if key.endswith("_at") and value else value for key, value in row.items()}
        for row in rows
    ]


def test_tasks_are_filtered_and_come_in_pages(editor: Caller, live: Run) -> None:
    path = f"/runs/{live.pk}/tasks"
    assert [row["id"] for row in editor("GET", f"{path}?status=failed&status=cancelled").body["items"]] == [
        "t1", "t2", "t7",
    ]  # fmt: skip
    first = editor("GET", f"{path}?limit=5").body
    second = editor("GET", f"{path}?limit=5&cursor={first['next']}").body
    assert [row["id"] for row in first["items"] + second["items"]] == [f"t{n}" for n in range(8)]
    assert second["next"] is None
    assert editor("GET", f"{path}?limit=5001").status == 400
    wrong: list[Any] = [[float("inf")], ["x"], [], [1, 2], [None], [[]], 3]
    for values in wrong:
        cursor = urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        assert editor("GET", f"{path}?cursor={cursor}").status == 400, values


def test_one_task_has_its_values_attempts_and_why(editor: Caller, live: Run) -> None:
    body = editor("GET", f"/runs/{live.pk}/tasks/t0").body
    assert body["inputs"] == {"n": 0} and body["resolved_inputs"] == {"n": 0, "day": 1}
    assert body["result"]["rows"] == 12_345 and body["result_bytes"] > 50
    assert [(row["attempt"], row["outcome"], row["worker"]) for row in body["attempts"]] == [
        (1, "completed", "engine-2")
    ]
    assert body["why"] == "It ran and completed"
    waiting = editor("GET", f"/runs/{live.pk}/tasks/t4").body
    assert "Load orders" in waiting["why"] and waiting["result_bytes"] is None
    assert editor("GET", f"/runs/{live.pk}/tasks/t4/why").body == {"why": waiting["why"]}
    retrying = editor("GET", f"/runs/{live.pk}/tasks/t5/attempts").body["items"]
    assert [(row["attempt"], row["outcome"], row["error"]) for row in retrying] == [
        (1, "failed", "503 Service Unavailable")
    ]


def test_earlier_attempts_come_before_the_last_one(editor: Caller, live: Run) -> None:
    row = live.task_runs.get(task_uid="t3")
    TaskRun.objects.filter(pk=row.pk).update(attempt=3)
    for number, reason in ((1, "worker_lost"), (2, "failed")):
        TaskAttempt.objects.create(task_run=row, attempt=number, reason=reason, finished_at=timezone.now())
    items = editor("GET", f"/runs/{live.pk}/tasks/t3/attempts").body["items"]
    assert [(item["attempt"], item["outcome"]) for item in items] == [
        (1, "worker_lost"),
        (2, "failed"),
        (3, "in_progress"),
    ]


def test_a_large_value_is_sent_when_it_is_asked_for(editor: Caller, live: Run) -> None:
    result = {"rows": list(range(20_000))}
    live.task_runs.filter(task_uid="t0").update(result=result)
    path = f"/runs/{live.pk}/tasks/t0"
    body = editor("GET", path).body
    assert body["result"] is None and body["result_bytes"] > 65_536 and body["inputs"] == {"n": 0}
    assert editor("GET", f"{path}?full=true").body["result"] == result
    assert editor("GET", f"{path}/result").body == result


def test_a_result_is_sent_as_it_lies_and_none_is_a_404(editor: Caller, live: Run) -> None:
    values: list[Any] = [None, 3, "x", [], {"ä": 1.5}]
    for value in values:
        live.task_runs.filter(task_uid="t0").update(result=json_value(value))
        answer = editor("GET", f"/runs/{live.pk}/tasks/t0/result")
        assert (answer.status, answer.body) == (200, value)
    assert editor("GET", f"/runs/{live.pk}/tasks/t1/result").status == 404


def json_value(value: Any) -> Any:
    return Value(value, JSONField())


def test_a_reused_result_names_where_it_comes_from(editor: Caller, tree: Tree, live: Run) -> None:
    source = live.task_runs.get(task_uid="t0")
    run = make_run(tree, tasks=1)
    run.task_runs.update(reused_from=source)
    body = editor("GET", f"/runs/{run.pk}/tasks/t0").body
    assert body["reused_from"] == {"run": str(live.pk), "task": "t0"} and body["reused"]


@pytest.mark.parametrize("uid", ["nobody", "%00", "x" * 300, "%ff", "' OR 1=1 --"])
def test_a_task_that_is_not_there_is_a_404(editor: Caller, live: Run, uid: str) -> None:
    for rest in ("", "/result", "/attempts", "/why"):
        answer = editor("GET", f"/runs/{live.pk}/tasks/{uid}{rest}")
        assert (answer.status, answer.code) == (404, "not_found")


def test_deleting_takes_ended_runs_only(editor: Caller, viewer: Caller, tree: Tree, live: Run) -> None:
    ended = make_run(tree, tasks=2)
    assert viewer("DELETE", f"/runs/{ended.pk}").status == 403
    answer = editor("DELETE", f"/runs/{live.pk}")
    assert (answer.status, answer.code) == (409, "run_active")
    assert editor("DELETE", f"/runs/{ended.pk}").status == 204
    assert editor("DELETE", f"/runs/{ended.pk}").status == 404
    assert not TaskRun.objects.filter(run=ended.pk).exists()
