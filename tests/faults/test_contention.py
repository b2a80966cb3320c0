"""Several clients and writers at one row (engine anchors 3.2: 7, 14, 28, 30)."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from benchmarks.chaos.worker_process import wait_until
from orchestration.actions.runs import RunRequest, start_spec
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.ports import WorkerInfo
from orchestration.models import Run, RunEvent, TaskRun, Worker
from orchestration.store.engine_store import PostgresStore
from tests.faults.support.bench import WORKERS, Bench, database_url, task

pytestmark = pytest.mark.database


def test_07_an_expired_owners_run_is_rescued_by_exactly_one(bench: Bench) -> None:
    """Eight rescuers look at the same moment; whoever has an older snapshot must not take the run a second time."""
    run = bench.start(task("one"))
    store, count = PostgresStore(), 8
    owners = [store.register_worker(WorkerInfo(f"w{n}", "h", n, "0", 1, [], 60)) for n in range(count)]
    start = threading.Barrier(count)

    def rescue(owner: str) -> int:
        start.wait()
        try:
            return len(store.claim_runs(owner, 5))
        finally:
            store.close()

    with ThreadPoolExecutor(count) as pool:
        for epoch in range(1, 16):
            assert sum(pool.map(rescue, owners)) == 1
            run.refresh_from_db()
            assert run.epoch == epoch
            # The new owner stops beating; all the others are told at once.
            Worker.objects.filter(runs=run).update(lease_expires_at=run.queued_at)
            lost = owners.index(str(run.owner_id))
            owners[lost] = store.register_worker(WorkerInfo("again", "h", 1, "0", 1, [], 60))
    store.close()
    Run.objects.filter(pk=run.pk).update(owner=None)


def test_14_double_click_and_retrying_client_get_the_same_run(bench: Bench) -> None:
    spec = TreeSpec("clicked", (TaskSpec("a", "a", "echo"), TaskSpec("b", "b", "echo")))
    key = f"click {uuid.uuid4()}"
    start = threading.Barrier(20)

    def again() -> Run:
        return start_spec(spec, RunRequest(trigger=Run.Trigger.API, idempotency_key=key))

    def click(_: int) -> uuid.UUID:
        start.wait()
        try:
            return again().pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(click, range(20)))
    assert len(answers) == 1
    assert {again().pk for _ in range(3)} == answers
    assert (Run.objects.count(), TaskRun.objects.count(), RunEvent.objects.count()) == (1, 2, 1)
    bench.worker()
    ended = bench.wait_run(Run.objects.get())
    # Also when it has long ended, a late click of the same key starts nothing.
    assert again().pk == ended.pk
    assert Run.objects.count() == 1


def test_28_the_engines_writer_is_the_victim_of_a_deadlock(bench: Bench) -> None:
    """PostgreSQL is made to end the writer's transaction (40P01): it writes again, and nothing is lost."""
    # It looks for the deadlock again, should this process be slow: once is after a second otherwise.
    worker = bench.worker(lease=30, url=f"{database_url()}&options=-c%20deadlock_timeout%3D10s")
    run = bench.start(task("one", gate=bench.gate()), task("two", requires=["one"]))
    bench.wait_effect(run, "start", task="one")
    row = bench.task_run(run, "one")
    with psycopg.connect(database_url()) as rival:
        rival.execute("SET deadlock_timeout = '60s'")  # the rival never looks for the deadlock: the writer has to
        rival.execute("SELECT 1 FROM orchestration_taskrun WHERE id = %s FOR UPDATE", [row.pk])
        before = _deadlocks()
        bench.gate().touch()
        bench.wait(lambda: _waits_for(rival), "the writer to wait for the rival")
        # The writer holds the run's row and waits for the task's; now the other way round.
        rival.execute("SELECT 1 FROM orchestration_run WHERE id = %s FOR UPDATE", [run.pk])
        rival.rollback()
        wait_until(lambda: _deadlocks() > before, 30, "PostgreSQL to count the deadlock")
    assert bench.wait_run(run).status == "completed"
    assert bench.task_run(run, "one").attempt == 1
    assert "Traceback" not in worker.output


def _waits_for(rival: psycopg.Connection[tuple[object, ...]]) -> bool:
    found = rival.execute(
        "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    ).fetchone()
    return found is not None


def _deadlocks() -> int:
    with psycopg.connect(database_url(), autocommit=True) as fresh:
        row = fresh.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    return int(row[0]) if row else 0


def test_30_reconnected_workers_go_on_consuming(bench: Bench) -> None:
    """Every connection is cut, again and again: that a worker is connected proves nothing, that it works does."""
    worker = bench.worker(lease=10)
    for _ in range(6):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = %s",
                [WORKERS],
            )
        assert bench.wait_run(bench.start(task("a"), task("b", requires=["a"])), 30).status == "completed"
    assert worker.is_alive
    assert Worker.objects.filter(pid=worker.pid).count() == 1, "short cuts cost no identity"
