"""Permits of limited executors, reasons for waiting, pruning, and the database's own constraints."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from orchestration.actions.runs import why
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.limits import Release
from orchestration.engine.ports import WorkerInfo
from orchestration.models import (
    Dependency,
    ExecutorConfig,
    ExecutorPermit,
    HookRegistration,
    HookUse,
    Run,
    Schedule,
    ScheduleFire,
    TakeOver,
    Task,
    TaskRun,
    Tree,
    Worker,
)
from orchestration.store import limits, prune
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
    store.release_permits(one, {"echo": Release(1)})
    assert store.acquire_permits(two, "echo", 2).granted == 1


def test_permits_of_a_lost_worker_do_not_count(store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.create(executor="echo", max_concurrency=1)
    lost, heir = worker(), worker()
    assert store.acquire_permits(lost, "echo", 1).granted == 1
    Worker.objects.filter(pk=lost).update(lease_expires_at=NOW - timedelta(seconds=1))
    assert store.acquire_permits(heir, "echo", 1).granted == 1


def test_an_answer_about_permits_that_got_lost_is_made_good(store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.create(executor="echo", max_concurrency=2)
    me, other = worker(), worker()
    limits.acquire_permits(me, "echo", 2, 0)  # granted, and the answer does not arrive
    assert store.acquire_permits(me, "echo", 1).granted == 1
    assert store.acquire_permits(other, "echo", 2).granted == 1
    limits.release_permits(me, {"echo": Release(1)}, {"echo": 0})  # given back, and the answer does not arrive
    assert store.acquire_permits(other, "echo", 1).granted == 1
    store.release_permits(me, {"echo": Release(1)})
    assert dict(ExecutorPermit.objects.values_list("worker_id", "held")) == {UUID(me): 0, UUID(other): 2}


def test_permits_that_nobody_knows_of_go_back_without_being_asked_for(store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.create(executor="echo", max_concurrency=2)
    me, other = worker(), worker()
    assert store.acquire_permits(other, "echo", 1).granted == 1
    for settle in (
        lambda: store.release_permits(me, {"echo": Release(0)}),
        lambda: ExecutorConfig.objects.update(max_concurrency=1) and store.acquire_permits(me, "echo", 1),
    ):
        limits.acquire_permits(me, "echo", 1, 0)
        assert ExecutorPermit.objects.get(worker_id=UUID(me)).held == 1
        settle()
        assert ExecutorPermit.objects.get(worker_id=UUID(me)).held == 0


def test_a_rate_is_a_bucket_that_fills_again(store: PostgresStore, worker: Register) -> None:
    config = ExecutorConfig.objects.create(executor="echo", rate_count=10, rate_seconds=100)
    me = worker()
    assert store.acquire_permits(me, "echo", 8).granted == 8
    grant = store.acquire_permits(me, "echo", 8)
    assert grant.granted == 2 and grant.wait_seconds is not None
    assert 9 < grant.wait_seconds <= 10
    ExecutorConfig.objects.filter(pk=config.pk).update(rate_at=datetime.now(UTC) - timedelta(seconds=35))
    assert store.acquire_permits(me, "echo", 8).granted == 3


def test_a_clock_that_is_set_back_takes_no_permits_away(store: PostgresStore, worker: Register) -> None:
    config = ExecutorConfig.objects.create(executor="echo", rate_count=10, rate_seconds=60, rate_tokens=1.5)
    ExecutorConfig.objects.filter(pk=config.pk).update(rate_at=datetime.now(UTC) + timedelta(hours=1))
    me = worker()
    assert [store.acquire_permits(me, "echo", 5).granted for _ in range(2)] == [1, 0]
    assert ExecutorPermit.objects.get().held == 1


@pytest.mark.parametrize(
    ("tokens", "seconds_ago", "expected"), [(0, 0, 0), (0, 30, 5), (8, 30, 10), (5, None, 10), (2, -3600, 2)]
)
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


def test_a_run_waits_for_a_drained_worker_to_be_resumed(worker: Register) -> None:
    run = new_run()
    worker()
    Worker.objects.update(draining=True)
    assert _reason(run, "a").startswith("No worker takes runs: resume one that is drained")


def test_prune_deletes_old_workers_that_nothing_names(store: PostgresStore, worker: Register) -> None:
    forgotten, named, heir = worker(), worker(), worker()
    again = store.register_worker(WorkerInfo("w", "host", 1, "0", 10, ["echo"], 60), forgotten)
    ExecutorPermit.objects.create(executor="echo", worker_id=forgotten, held=2)
    run = new_run()
    TaskRun.objects.filter(run=run, task_uid="a").update(worker_id=heir)
    TakeOver.objects.create(run=run, lost_id=named, taken_by_id=again, epoch=2, at=NOW)
    Worker.objects.exclude(pk=again).update(lease_expires_at=NOW - timedelta(days=40))
    assert list(prune_runs(timedelta(days=30))) == []
    assert {str(pk) for pk in Worker.objects.values_list("pk", flat=True)} == {named, heir, again}
    assert Worker.objects.get(pk=again).predecessor_id is None


def _fire(schedule: Schedule, days_ago: float, outcome: str = "overlapped", run: Run | None = None) -> int:
    at = NOW - timedelta(days=days_ago)
    return schedule.fires.create(due_at=at, at=at, outcome=outcome, run=run).pk


def _schedule(name: str, **fields: Any) -> Schedule:
    tree = Tree.objects.create(name=name)
    return Schedule.objects.create(name=name, tree=tree, kind="interval", expression="1", **fields)


def test_prune_deletes_an_old_worker_that_was_lost_with_a_probe(store: PostgresStore, worker: Register) -> None:
    lost, long_ago = worker(), datetime.now(UTC) - timedelta(days=31)
    config = ExecutorConfig.objects.create(
        executor="echo", breaker_failures=1, breaker_count=1, breaker_retry_at=long_ago, breaker_prober_id=lost
    )
    Worker.objects.filter(pk=lost).update(lease_expires_at=long_ago)
    assert list(prune_runs(timedelta(days=30))) == []
    config.refresh_from_db()
    assert not Worker.objects.exists() and (config.breaker_prober, config.breaker_state) == (None, "half_open")
    assert store.acquire_permits(worker(), "echo", 5).is_probe


def test_prune_knows_whatever_refers_to_what_it_deletes() -> None:
    tables = [table for table, _ in prune._GROWING]
    statements = [*prune._DELETE, prune._OLD_WORKERS, *prune._DELETE_WORKERS]
    statements += [f"orchestration_{table} {old}" for table, old in prune._GROWING]
    deleted = {*tables, *re.findall(r"DELETE FROM orchestration_(\w+)", "\n".join(statements))}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint JOIN pg_attribute"
            " ON attrelid = conrelid AND attnum = ANY(conkey)"
            " WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s)",
            [[f"orchestration_{table}" for table in deleted]],
        )
        referring = set(cursor.fetchall())
    assert ("orchestration_executorconfig", "breaker_prober_id") in referring and "worker" in deleted
    known = {pair for pair in referring if any(pair[0] in text and pair[1] in text for text in statements)}
    # A command about a task is one of its run's commands.
    assert referring - known == {("orchestration_runcommand", "task_run_id")}


def test_prune_deletes_old_fires_but_what_a_schedule_still_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "BATCH_ROWS", 3)
    soon = NOW + timedelta(seconds=1)
    busy, off = _schedule("busy", next_due_at=soon, next_fire_at=soon, run_count=7), _schedule("off", enabled=False)
    old = [_fire(busy, 40 + number) for number in range(10)]
    gone_run, kept_run = new_run(), new_run()
    _finish(gone_run, 40)
    old.append(_fire(busy, 39, "started", gone_run))
    kept = {
        _fire(busy, 60, "waiting"),
        _fire(busy, 50.5, "started", kept_run),
        _fire(busy, 29),
        _fire(off, 80),
    }
    assert list(prune_runs(timedelta(days=30))) == [1]
    assert set(ScheduleFire.objects.values_list("pk", flat=True)) == kept
    busy.refresh_from_db()
    assert (busy.run_count, busy.next_due_at) == (7, soon)


def test_prune_keeps_the_fires_that_a_late_schedule_has_not_passed_yet() -> None:
    # No worker was there for long: what is planned next lies before a moment that has its row already.
    late = NOW - timedelta(days=50)
    schedule = _schedule("late", next_due_at=late, next_fire_at=late)
    before, behind, newest = _fire(schedule, 60), _fire(schedule, 45), _fire(schedule, 40)
    list(prune_runs(timedelta(days=30)))
    assert set(ScheduleFire.objects.values_list("pk", flat=True)) == {behind, newest}
    assert not ScheduleFire.objects.filter(pk=before).exists()


def test_prune_deletes_old_counts_of_hooks_but_those_that_are_shown() -> None:
    hook = HookRegistration.objects.create(name="h", event="pre", origin="admin", target="m.f")
    today = datetime.now(UTC).date()
    for days in (0, 6, 8, 40):
        HookUse.objects.create(hook=hook, day=today - timedelta(days=days), buckets=[0] * 49)
    list(prune_runs(timedelta(days=30)))
    assert HookUse.objects.count() == 3
    list(prune_runs(timedelta()))
    assert set(HookUse.objects.values_list("day", flat=True)) == {today, today - timedelta(days=6)}


def test_a_claim_passes_by_who_is_drained_and_notes_who_was_lost(store: PostgresStore, worker: Register) -> None:
    lost, heir = worker(), worker()
    run = new_run()
    assert len(store.claim_runs(lost, 10)) == 1
    Worker.objects.filter(pk=lost).update(lease_expires_at=NOW - timedelta(seconds=1))
    Worker.objects.filter(pk=heir).update(draining=True, drain_reason="A new kernel")
    assert (store.is_drained(heir), store.claim_runs(heir, 10)) == (True, [])
    assert not TakeOver.objects.exists()
    again = store.register_worker(WorkerInfo("w", "host", 1, "0", 10, ["echo"], 60), heir)
    assert store.is_drained(again) is True
    assert Worker.objects.get(pk=again).drain_reason == "A new kernel"
    Worker.objects.update(draining=False)
    (record,) = store.claim_runs(heir, 10)
    assert (record.id, record.epoch, store.is_drained(heir)) == (str(run.pk), 2, False)
    note = TakeOver.objects.get()
    assert (note.run_id, str(note.lost_id), str(note.taken_by_id), note.epoch) == (run.pk, lost, heir, 2)
    # Who claims a run that was handed back has taken it from nobody.
    store.give_back_run(heir, record.id, 2)
    assert store.claim_runs(heir, 10)[0].epoch == 3
    assert TakeOver.objects.count() == 1


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
