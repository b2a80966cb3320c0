"""Figures over time: what is counted where, who sees what, and that it is bounded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun
from orchestration.store import overview_series
from tests.pages.scene import make_run, make_tree, task_run

from .conftest import Caller, person

pytestmark = pytest.mark.django_db


def ended(
    minutes_ago: float, status: str = Status.COMPLETED, *, seconds: float = 10, tasks: int = 0, **fields: Any
) -> Run:
    """Make a run that ended so long ago, and took so many seconds."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    times = {"queued_at": at - timedelta(seconds=seconds + 1), "started_at": at - timedelta(seconds=seconds)}
    run = make_run(fields.pop("tree", None) or make_tree(), status, tasks, finished_at=at, **times, **fields)
    run.task_runs.update(finished_at=at, started_at=times["started_at"])
    return run


def test_runs_are_counted_where_they_ended(admin: Caller) -> None:
    for minutes, status in ((0, Status.COMPLETED), (0, Status.FAILED), (30, Status.CANCELLED), (90, Status.COMPLETED)):
        ended(minutes, status)
    make_run(make_tree(), Status.IN_PROGRESS)
    hour = admin("GET", "/overview/series?range=1h").body
    assert (hour["range"], hour["step_seconds"], len(hour["at"])) == ("1h", 60, 60)
    assert {name: sum(hour["runs"][name]) for name in ("completed", "failed", "cancelled")} == {
        **{"completed": 1, "failed": 1, "cancelled": 1}
    }
    where = hour["runs"]["cancelled"].index(1)
    assert 28 <= 59 - where <= 31
    assert sum(admin("GET", "/overview/series").body["runs"]["completed"]) == 2
    assert hour["runs"]["complete_from"] is None


def test_the_buckets_are_whole_and_end_now(admin: Caller) -> None:
    for name, step in (("1h", 60), ("24h", 900), ("7d", 7200)):
        body = admin("GET", f"/overview/series?range={name}").body
        times = [datetime.fromisoformat(at).timestamp() for at in body["at"]]
        assert times == [times[0] + step * n for n in range(len(times))]
        assert times[0] % step == 0
        assert times[-1] <= timezone.now().timestamp() < times[-1] + step + 60
        assert {len(body[kind][part]) for kind in ("runs", "tasks") for part in ("completed", "p50")} == {len(times)}


def test_durations_are_percentiles_of_what_ended_together(admin: Caller) -> None:
    for seconds in (*range(1, 20), 100):
        ended(0, seconds=seconds)
    runs = admin("GET", "/overview/series?range=7d").body["runs"]
    assert (runs["p50"][-1], runs["p95"][-1]) == (10.5, pytest.approx(23.05))
    assert runs["p50"][0] is None


def test_a_task_waits_from_when_it_was_due(admin: Caller) -> None:
    run = ended(0, seconds=60, tasks=2)
    first, second = run.task_runs.order_by("ordinal")
    at = run.queued_at
    TaskRun.objects.filter(pk=first.pk).update(
        started_at=at + timedelta(seconds=4), finished_at=at + timedelta(seconds=20)
    )
    TaskRun.objects.filter(pk=second.pk).update(
        started_at=at + timedelta(seconds=30),
        dependencies=[{"id": "t0", "required": True}, {"id": "nowhere", "required": False}],
    )
    tasks = admin("GET", "/overview/series?range=7d").body["tasks"]
    # Four seconds after the run was queued, and ten after the first one had ended.
    assert sum(tasks["completed"]) == 2
    assert [value for value in tasks["p50"] if value is not None] == [7.0]


def test_what_started_more_than_once_has_no_waiting_time(admin: Caller) -> None:
    run = ended(0, tasks=1)
    run.task_runs.update(attempt=2)
    tasks = admin("GET", "/overview/series").body["tasks"]
    assert (sum(tasks["completed"]), set(tasks["p50"])) == (1, {None})


def test_tasks_of_runs_that_go_on_count(admin: Caller) -> None:
    run = make_run(make_tree(), Status.IN_PROGRESS, tasks=2)
    run.task_runs.filter(task_uid="t0").update(status=Status.COMPLETED, finished_at=timezone.now())
    assert sum(admin("GET", "/overview/series").body["tasks"]["completed"]) == 1


def test_one_sees_figures_of_what_one_sees(admin: Caller, viewer: Caller) -> None:
    private = make_tree("Private", owner=person("owen"), visibility="private")
    ended(0, tree=private, tasks=1)
    shared = make_tree("Shared", owner=person("oda"), visibility="everyone")
    ended(0, tree=shared, tasks=3)
    totals = {
        name: [sum(caller("GET", "/overview/series").body[kind]["completed"]) for kind in ("runs", "tasks")]
        for name, caller in (("admin", admin), ("viewer", viewer))
    }
    assert totals == {"admin": [2, 4], "viewer": [1, 3]}


def test_what_is_too_much_is_left_out_and_said(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [ended(minutes, tasks=4) for minutes in (1, 2, 3, 4)]
    monkeypatch.setattr(overview_series, "MAX_TASKS", 8)
    tasks = admin("GET", "/overview/series").body["tasks"]
    assert sum(tasks["completed"]) == 8
    assert datetime.fromisoformat(tasks["complete_from"]) == runs[1].finished_at
    monkeypatch.setattr(overview_series, "MAX_RUNS", 3)
    figures = admin("GET", "/overview/series").body["runs"]
    assert sum(figures["completed"]) == 3
    assert datetime.fromisoformat(figures["complete_from"]) == runs[2].finished_at


def test_it_takes_one_query_each(admin: Caller, django_assert_max_num_queries: Any) -> None:
    ended(0, tasks=3)
    admin("GET", "/me")
    with django_assert_max_num_queries(6) as asked:
        admin("GET", "/overview/series")
    assert sum("percentile_cont" in query["sql"] for query in asked.captured_queries) == 2


def test_the_indexes_are_used(admin: Caller) -> None:
    tree = make_tree()
    days = [timezone.now() - timedelta(days=n) for n in range(3_000)]
    runs = [Run(tree=tree, tree_name="T", status="completed", queued_at=at, finished_at=at) for at in days]
    Run.objects.bulk_create(runs)
    TaskRun.objects.bulk_create(task_run(run, 0, Status.COMPLETED, run.queued_at) for run in runs)
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.extend([(sql, params)] if "percentile_cont" in sql else [])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        admin("GET", "/overview/series")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orchestration_run, orchestration_taskrun")
        for sql, params in asked:
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "run_finished" in plan
            assert "Seq Scan" not in plan
    assert len(asked) == 2


@pytest.mark.parametrize("query", ["range=2h", "since=1", "range="])
def test_what_can_not_be_read_is_refused(admin: Caller, query: str) -> None:
    answer = admin("GET", f"/overview/series?{query}")
    assert (answer.status, answer.code) == (400, "unreadable")
