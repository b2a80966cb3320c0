"""What each task of a tree did in its last runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orchestration.actions.tree_history import HISTORY_RUNS
from orchestration.engine.status import Status
from orchestration.models import Run, Tree
from tests.pages.scene import make_run, make_tree, task_run

from .conftest import Caller

pytestmark = pytest.mark.django_db


def run_of(tree: Tree, minutes: int, status: str = Status.COMPLETED, **tasks: Any) -> Run:
    """Make a run that was queued so long ago; each task is a status, or a dict of its fields with one."""
    run = make_run(tree, status, queued_at=timezone.now() - timedelta(minutes=minutes))
    for ordinal, (uid, facts) in enumerate(tasks.items()):
        fields = facts if isinstance(facts, dict) else {"status": facts}
        state = fields.pop("status")
        task_run(run, ordinal, state, run.queued_at, task_uid=uid, **fields).save()
    return run


def rows(answer: Any) -> dict[str, list[str | None]]:
    return {task["id"]: task["cells"] for task in answer.body["tasks"]}


def test_cells_stand_in_the_columns_of_their_runs(viewer: Caller) -> None:
    tree = make_tree(tasks=3)
    blocked = {"status": Status.FAILED, "error_type": "dependency_failed"}
    retrying = {"status": Status.PENDING, "attempt": 1, "next_attempt_at": timezone.now()}
    runs = [
        run_of(tree, 1, Status.IN_PROGRESS, t0=Status.COMPLETED, t1=retrying, t2=Status.PENDING),
        run_of(tree, 2, Status.FAILED, t0=Status.COMPLETED, t1=Status.FAILED, t2=blocked),
        run_of(tree, 3, Status.COMPLETED, t0=Status.COMPLETED, gone=Status.COMPLETED),
    ]
    answer = viewer("GET", f"/trees/{tree.pk}/grid")
    assert [run["id"] for run in answer.body["runs"]] == [str(run.pk) for run in runs]
    assert rows(answer) == {
        "t0": ["completed", "completed", "completed"],
        "t1": ["retrying", "failed", None],
        "t2": ["pending", "blocked", None],
    }
    assert (answer.body["success_rate"], answer.body["median_seconds"]) == (0.5, 2.4)
    assert (answer.body["last_good"], answer.body["last_failed"]) == (str(runs[2].pk), str(runs[1].pk))


def test_tasks_are_narrowed_and_come_in_pages(viewer: Caller) -> None:
    tree = make_tree(tasks=5)
    run_of(tree, 1, Status.FAILED, t1=Status.FAILED, t3=Status.FAILED, t4=Status.COMPLETED)
    path = f"/trees/{tree.pk}/grid"
    assert list(rows(viewer("GET", f"{path}?failed=true"))) == ["t1", "t3"]
    assert list(rows(viewer("GET", f"{path}?q=step%203"))) == ["t3"]
    assert rows(viewer("GET", f"{path}?failed=true&q=4")) == {}
    first = viewer("GET", f"{path}?limit=3")
    second = viewer("GET", f"{path}?limit=3&cursor={first.body['next']}")
    assert [*rows(first), *rows(second)] == ["t0", "t1", "t2", "t3", "t4"]
    assert second.body["next"] is None


def test_only_the_last_runs_are_told_but_the_last_good_one_may_be_older(viewer: Caller) -> None:
    tree = make_tree(tasks=1)
    good = run_of(tree, 1000)
    for minutes in range(HISTORY_RUNS):
        run_of(tree, minutes, Status.FAILED, t0=Status.FAILED)
    answer = viewer("GET", f"/trees/{tree.pk}/grid")
    assert len(answer.body["runs"]) == HISTORY_RUNS
    assert (answer.body["success_rate"], answer.body["last_good"]) == (0.0, str(good.pk))


def test_a_tree_that_has_not_run_has_tasks_without_cells(viewer: Caller) -> None:
    answer = viewer("GET", f"/trees/{make_tree(tasks=1).pk}/grid")
    assert (answer.body["runs"], answer.body["success_rate"], answer.body["last_failed"]) == ([], None, None)
    assert rows(answer) == {"t0": []}


def test_queries_do_not_grow(viewer: Caller) -> None:
    counts = []
    for size in (2, 60):
        tree = make_tree(tasks=size)
        for minutes in range(size // 2):
            run_of(tree, minutes, t0=Status.COMPLETED, t1=Status.COMPLETED)
        with CaptureQueriesContext(connection) as captured:
            assert viewer("GET", f"/trees/{tree.pk}/grid").status == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
