"""How long the tasks of a tree usually take, through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orchestration.models import TaskRun, Tree
from orchestration.store.task_durations import RUNS
from tests.pages.scene import make_run, make_tree

from .conftest import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(db: None) -> Tree:
    return make_tree()


def completed(tree: Tree, milliseconds: float, age: int, **changes: Any) -> None:
    """A completed run of one task that took so long, queued so many minutes ago."""
    run = make_run(tree, "completed", tasks=1, queued_at=timezone.now() - timedelta(minutes=age))
    task = TaskRun.objects.get(run=run)
    assert task.started_at is not None
    finished_at = task.started_at + timedelta(milliseconds=milliseconds)
    TaskRun.objects.filter(pk=task.pk).update(**{"finished_at": finished_at, **changes})


def usual(caller: Caller, tree: Tree) -> Any:
    answer = caller("GET", f"/trees/{tree.pk}/task-durations")
    assert answer.body["next"] is None
    return answer.body["items"]


def test_the_median_and_the_95th_percentile_are_told_per_task(viewer: Caller, tree: Tree) -> None:
    assert usual(viewer, tree) == []
    for number in range(1, 22):
        completed(tree, number * 100, age=number)
    assert usual(viewer, tree) == [
        {"task": "t0", "runs": 21, "median_ms": pytest.approx(1100), "p95_ms": pytest.approx(2000)}
    ]


def test_only_the_newest_completed_runs_of_this_tree_count(viewer: Caller, tree: Tree) -> None:
    for number in range(RUNS):
        completed(tree, 100, age=number)
    completed(tree, 90_000, age=RUNS + 1)
    completed(make_tree("Another"), 50_000, age=0)
    make_run(tree, "failed", tasks=1)
    make_run(tree, "in_progress", tasks=1)
    assert [(task["runs"], task["p95_ms"]) for task in usual(viewer, tree)] == [(RUNS, pytest.approx(100))]


@pytest.mark.parametrize("change", [{"attempt": 0}, {"error_type": "skipped"}, {"started_at": None}])
def test_what_did_not_run_does_not_count(viewer: Caller, tree: Tree, change: dict[str, Any]) -> None:
    completed(tree, 1, age=1, **change)
    completed(tree, 700, age=2)
    assert [(task["runs"], task["median_ms"]) for task in usual(viewer, tree)] == [(1, pytest.approx(700))]


def test_it_takes_one_query_however_many_runs(viewer: Caller, tree: Tree) -> None:
    for number in range(5):
        completed(tree, 100, age=number)
    with CaptureQueriesContext(connection) as captured:
        usual(viewer, tree)
    assert len([query for query in captured if "orchestration_taskrun" in query["sql"]]) == 1
