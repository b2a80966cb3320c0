"""Permits of limited executors, reasons for waiting, pruning, and the database's own constraints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from orchestration.actions.runs import why
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.models import Dependency, ExecutorConfig, ExecutorPermit, Run, Task, TaskRun, Tree, Worker
from orchestration.store.engine_store import PostgresStore
from orchestration.store.limits import refilled
from orchestration.store.prune import count_old_runs, prune_runs
from orchestration.store.snapshots import Reused

from .conftest import new_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
NOW = datetime.now(UTC)
Register = Callable[..., str]


def test_permits_bound_an_executor_over_all_workers(store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.create(executor="echo", max_concurrency=3)
    one, two = worker(), worker()
    assert store.acquire_permits(one, "echo", 2).granted == 2
    assert store.acquire_permits(two, "echo", 2).granted == 1
    assert store.acquire_permits(two, "echo", 2).granted == 0
    store.release_permits(one, {"echo": 1})
    assert store.acquire_permits(two, "echo", 2).granted == 1


def test_permits_of_a_lost_worker_do_not_count(store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.create(executor="echo", max_concurrency=1)
    lost, heir = worker(), worker()
    assert store.acquire_permits(lost, "echo", 1).granted == 1
    Worker.objects.filter(pk=lost).update(lease_expires_at=NOW - timedelta(seconds=1))
    assert store.acquire_permits(heir, "echo", 1).granted == 1


def test_a_rate_is_a_bucket_that_fills_again(store: PostgresStore, worker: Register) -> None:
    config = ExecutorConfig.objects.create(executor="echo", rate_count=10, rate_seconds=100)
    me = worker()
    assert store.acquire_permits(me, "echo", 8).granted == 8
    grant = store.acquire_permits(me, "echo", 8)
    assert grant.granted == 2 and grant.wait_seconds is not None
    assert 9 < grant.wait_seconds <= 10
    ExecutorConfig.objects.filter(pk=config.pk).update(rate_at=datetime.now(UTC) - timedelta(seconds=35))
    assert store.acquire_permits(me, "echo", 8).granted == 3


@pytest.mark.parametrize(("tokens", "seconds_ago", "expected"), [(0, 0, 0), (0, 30, 5), (8, 30, 10), (5, None, 10)])
def test_how_a_bucket_fills(tokens: float, seconds_ago: float | None, expected: float) -> None:
    since = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    assert refilled(tokens, since, NOW, 10, 60) == pytest.approx(expected)


def test_an_executor_without_limits_has_no_permits(store: PostgresStore, worker: Register) -> None:
    assert store.acquire_permits(worker(), "echo", 5).granted == 0
    assert store.executor_limits() == {}
    ExecutorConfig.objects.create(executor="echo", enabled=False)
    assert not store.executor_limits()["echo"].enabled


def _reason(run: Run, uid: str) -> str:
    return why(run.task_runs.get(task_uid=uid))


def test_why_names_what_holds_a_task_back(store: PostgresStore, worker: Register) -> None:
    run = new_run()
    assert _reason(run, "a") == "No worker is alive: start one with manage.py worker"
    me = worker()
    assert "waits for a worker" in _reason(run, "a")
    store.claim_runs(me, 1)
    assert _reason(run, "a") == "Nothing holds it back: it starts next"
    assert _reason(run, "b") == "Waiting for 'a' (required, not started yet)"
    Worker.objects.filter(pk=me).update(running=10)
    assert _reason(run, "a") == "All 10 slots are taken; it is the next to get one"
    Worker.objects.filter(pk=me).update(running=1)
    Run.objects.filter(pk=run.pk).update(paused=True)
    assert _reason(run, "a") == "The run is paused"
    Run.objects.filter(pk=run.pk).update(paused=False)
    ExecutorConfig.objects.create(executor="echo", max_concurrency=5)
    ExecutorPermit.objects.create(executor="echo", worker_id=me, held=5)
    assert _reason(run, "a") == "The executor 'echo' is at its limit of 5 at a time"
    ExecutorConfig.objects.update(enabled=False)
    assert "switched off" in _reason(run, "a")
    TaskRun.objects.filter(run=run, task_uid="a").update(
        attempt=1, next_attempt_at=datetime.now(UTC) + timedelta(seconds=100), retry={"max_attempts": 3}
    )
    assert _reason(run, "a").startswith("Retry 1 of 2 in ")
    TaskRun.objects.filter(run=run, task_uid="a").update(
        status="in_progress", started_at=datetime.now(UTC) - timedelta(seconds=40)
    )
    assert _reason(run, "a").startswith("Running for 4")
    assert _reason(run, "b").startswith("Waiting for 'a' (required, running for 4")


def test_why_tells_how_a_task_ended() -> None:
    run = new_run()
    TaskRun.objects.filter(run=run, task_uid="a").update(status="failed", error="boom", attempt=1, finished_at=NOW)
    TaskRun.objects.filter(run=run, task_uid="b").update(
        status="failed", error="Not run: it requires 'a', which failed: boom", finished_at=NOW
    )
    assert _reason(run, "a") == "It ran and failed: boom"
    assert _reason(run, "b") == "Not run: it requires 'a', which failed: boom"


def _finish(run: Run, days_ago: int) -> None:
    at = NOW - timedelta(days=days_ago)
    run.task_runs.update(status="completed", started_at=at, finished_at=at, result={"kept": True})
    Run.objects.filter(pk=run.pk).update(status="completed", started_at=at, finished_at=at)


def test_prune_deletes_old_finished_runs_and_keeps_what_later_ones_reuse() -> None:
    old, young, active = new_run(), new_run(), new_run()
    _finish(old, 40)
    _finish(young, 3)
    source = old.task_runs.get(task_uid="a")
    heir = new_run(reused={"a": Reused(source.pk, '{"kept":true}')}, parent_run=str(old.pk))
    assert count_old_runs(timedelta(days=30)) == 1
    assert list(prune_runs(timedelta(days=30))) == [1]
    assert {run.pk for run in Run.objects.all()} == {young.pk, active.pk, heir.pk}
    kept = heir.task_runs.get(task_uid="a")
    assert (kept.result, kept.reused_from_id) == ({"kept": True}, None)
    assert Run.objects.get(pk=heir.pk).parent_run_id is None
    assert not TaskRun.objects.filter(run_id=old.pk).exists()


def test_prune_takes_many_runs_in_batches() -> None:
    spec = TreeSpec("one", (TaskSpec("a", "a", "echo"),))
    for _ in range(60):
        _finish(new_run(spec=spec), 40)
    assert list(prune_runs(timedelta(days=30))) == [50, 10]


# --- constraints ------------------------------------------------------------------------------------------------


def _tree() -> tuple[Tree, Task, Task]:
    tree = Tree.objects.create(name="t")
    tasks = [Task.objects.create(tree=tree, uid=uid, name=uid) for uid in ("a", "b")]
    return tree, tasks[0], tasks[1]


def _break(act: Callable[[], Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        act()
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_holds_what_must_hold_of_definitions() -> None:
    tree, a, b = _tree()
    other, c, _ = _tree()
    _break(lambda: Dependency.objects.create(tree=tree, task=a, depends_on=a), "dependency_no_self_edge")
    Dependency.objects.create(tree=tree, task=a, depends_on=b)
    _break(lambda: Dependency.objects.create(tree=tree, task=a, depends_on=b), "dependency_unique")
    _break(lambda: Dependency.objects.create(tree=tree, task=a, depends_on=c), "dependency_depends_on_in_tree")
    _break(lambda: Dependency.objects.create(tree=other, task=a, depends_on=c), "dependency_task_in_tree")
    _break(lambda: Task.objects.filter(pk=a.pk).update(parent=c), "task_parent_in_tree")
    _break(lambda: Task.objects.filter(pk=a.pk).update(parent=a), "task_not_own_parent")
    _break(lambda: Task.objects.filter(pk=a.pk).update(priority=4), "task_priority")
    _break(lambda: Task.objects.filter(pk=a.pk).update(name=""), "task_name_not_empty")
    _break(lambda: Task.objects.filter(pk=a.pk).update(uid="b"), "task_uid_unique_in_tree")
    _break(lambda: Task.objects.filter(pk=a.pk).update(timeout_seconds=0), "task_timeout_positive")
    _break(lambda: Task.objects.filter(pk=a.pk).update(retry_max_attempts=0), "task_retry_attempts")
    _break(lambda: Tree.objects.filter(pk=tree.pk).update(name=""), "tree_name_not_empty")
    _break(lambda: Tree.objects.filter(pk=tree.pk).update(max_concurrency=0), "tree_max_concurrency")


def test_the_database_holds_what_must_hold_of_runs() -> None:
    run = new_run()
    rows, runs = TaskRun.objects.filter(run=run, task_uid="a"), Run.objects.filter(pk=run.pk)
    _break(lambda: rows.update(status="weird"), "task_run_(status|finished)")
    _break(lambda: rows.update(status="completed"), "task_run_finished_when_terminal")
    _break(lambda: rows.update(finished_at=NOW), "task_run_finished_when_terminal")
    _break(lambda: rows.update(status="in_progress"), "task_run_started_when_in_progress")
    _break(lambda: rows.update(status="failed", finished_at=NOW), "task_run_failed_has_error")
    _break(lambda: rows.update(status="failed", finished_at=NOW, error=""), "task_run_failed_has_error")
    _break(lambda: rows.update(progress=1.5), "task_run_progress")
    _break(lambda: rows.update(priority=9), "task_run_priority")
    _break(lambda: rows.update(task_uid="b"), "task_run_unique")
    _break(lambda: rows.update(ordinal=1), "task_run_ordinal")
    _break(lambda: runs.update(status="weird"), "run_(status|finished)")
    _break(lambda: runs.update(status="failed"), "run_finished_when_terminal")
    _break(lambda: runs.update(priority=-1), "run_priority")


def test_the_migrations_are_those_of_the_models() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
