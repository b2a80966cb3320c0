"""Cancels that race, drains, databases that go away, sizes, and starts that come twice (engine anchors 3.2: 4, 5, 7,
14, 18-24, 28, 29; public bugs CAN-1 to 3, WRK-1 and 2)."""

from __future__ import annotations

import logging
import random
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.db import connection

from orchestration.actions.runs import cancel_run, send_command
from orchestration.engine.definition import TaskSpec, TreeSpec, new_id
from orchestration.models import Run, RunCommand, TaskRun
from orchestration.store.snapshots import NewRun, insert_run
from tests.faults.support.bench import WORKERS, Bench, database_url, task

pytestmark = pytest.mark.database


def end_backends_of(bench: Bench, query: str = "%") -> int:
    """End the database connections of every worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = %s AND query LIKE %s""",
            [WORKERS, query],
        )
        return int(cursor.fetchall()[0][0])


def test_04_connections_that_are_cut_in_mid_run_lose_nothing(bench: Bench) -> None:
    bench.worker(lease=6)
    tasks = [task(f"t{n}", requires=[f"t{n - 1}"] if n else [], seconds=0.02) for n in range(60)]
    run = bench.start(*tasks)
    for count in (5, 20, 40):
        bench.wait_event(run, "task.completed", count)
        assert end_backends_of(bench) > 0
    assert bench.wait_run(run).status == "completed"
    assert TaskRun.objects.filter(run=run, status="completed").count() == 60


@pytest.mark.parametrize("how", ["at once", "outage"])
def test_04_a_database_that_is_restarted_and_crashes_in_mid_run_loses_nothing(how: str) -> None:
    """A server of its own: this process's database must stay where it is. An outage is longer than the lease."""
    command = [sys.executable, "-m", "tests.faults.restart_scenario", *(["outage"] if how == "outage" else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=220, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    status, completed, highest_attempt, alive = done.stdout.split()[-4:]
    assert (status, completed, alive) == ("completed", "60", "True")
    assert int(highest_attempt) <= 3


def test_05_a_listener_that_is_cut_costs_a_poll_and_no_run(bench: Bench) -> None:
    worker = bench.worker(lease=6)
    end_backends_of(bench, "LISTEN%")
    for _ in range(3):
        assert bench.wait_run(bench.start(task("one"))).status == "completed"
    assert worker.is_alive


def test_07_a_row_that_is_not_where_the_owner_believes_it_is_read_anew(bench: Bench) -> None:
    bench.worker()
    run = bench.start(task("one", gate=bench.gate()), task("two", requires=["one"]))
    bench.wait_effect(run, "start", task="one")
    # As if a rescue from a stale snapshot had put it back.
    TaskRun.objects.filter(run=run, task_uid="one").update(status="pending", started_at=None)
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    assert bench.task_run(run, "two").attempt == 1
    # This once the row was meddled with from outside, so the log can't replay to it.
    run.delete()


def test_14_twenty_clients_with_one_key_start_one_run(bench: Bench) -> None:
    bench.worker()
    made: list[bool] = []

    def start() -> None:
        spec = TreeSpec("once", (TaskSpec("a", "a", "echo", {}),))
        made.append(insert_run(NewRun(new_id(), spec, None, 1, "api", idempotency_key="double click")))
        connection.close()

    clients = [threading.Thread(target=start) for _ in range(20)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert made.count(True) == 1
    assert bench.wait_run(Run.objects.get()).status == "completed"


def test_18_sigterm_lets_running_tasks_finish_and_starts_no_more(bench: Bench) -> None:
    worker = bench.worker(drain=60)
    run = bench.start(task("one", gate=bench.gate()), task("two", requires=["one"]))
    bench.wait_effect(run, "start", task="one")
    worker.send(signal.SIGTERM)
    bench.wait(lambda: "draining" in worker.output, "the worker to drain")
    bench.gate().touch()
    worker.wait()
    assert [effect.task for effect in bench.effects(run, "start")] == ["one"]
    assert bench.task_run(run, "one").status == "completed"
    assert Run.objects.get(pk=run.pk).owner_id is None
    bench.worker()
    assert bench.wait_run(run).status == "completed"
    assert bench.task_run(run, "one").attempt == 1


@pytest.mark.parametrize("how", ["second signal", "limit"])
def test_19_a_hard_stop_hands_back_at_once_and_burns_no_attempt(bench: Bench, how: str) -> None:
    worker = bench.worker(drain=60 if how == "second signal" else 0.3, lease=30)
    run = bench.start(task("one", gate=bench.gate()))
    bench.wait_effect(run, "start")
    worker.send(signal.SIGTERM)
    if how == "second signal":
        bench.wait(lambda: "draining" in worker.output, "the worker to drain")
        worker.send(signal.SIGTERM)
    worker.wait()
    bench.worker(lease=30)
    began = time.monotonic()
    bench.wait_effect(run, "start", count=2)
    assert time.monotonic() - began < 15, "nobody waits for the lease of a worker that has signed off"
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    row = bench.task_run(run, "one")
    assert (row.attempt, row.uncounted_attempts, row.worker_losses) == (2, 1, 0)
    assert row.attempts.get().reason == "handed_back"


def test_20_double_cancel_and_cancel_during_clean_up(bench: Bench) -> None:
    bench.worker()
    run = bench.start(task("slow", gate=bench.gate()), task("after", requires=["slow"]))
    bench.wait_effect(run, "start")
    for _ in range(5):
        cancel_run(run, reason="enough")
    ended = bench.wait_run(run)
    assert (ended.status, ended.cancel_reason) == ("cancelled", "enough")
    assert len(bench.events(run, "run.cancel_requested")) == 1
    assert len(bench.effects(run, "cancelled")) == 1


def test_21_cancel_races_success_retry_and_claim(bench: Bench) -> None:
    """Cancels at random moments: each run ends once, each task once, and nothing starts after the acknowledgement."""
    seed = random.SystemRandom().randrange(2**32)
    logging.getLogger(__name__).warning("seed %d", seed)
    chance = random.Random(seed)
    bench.worker(slots=30, lease=10)
    bench.worker(slots=30, lease=10)
    runs = []
    for _ in range(120):
        runs.append(
            bench.start(
                task("a", seconds=chance.random() * 0.02),
                task("b", "fault_raise", attempts=3, delay=0.01, requires=["a"], failures=2),
                task("c", requires=["b"], seconds=0.01),
            )
        )
        if chance.random() < 0.9:
            victim = chance.choice(runs[-5:])
            cancel_run(victim, reason="raced")
    for run in runs:
        status = bench.wait_run(run).status
        assert status in ("completed", "cancelled")
        requested = bench.events(run, "run.cancel_requested")
        assert bool(requested) == (status == "cancelled")
        starts = [event.seq for event in bench.events(run, "task.started")]
        assert not requested or all(seq < requested[0].seq for seq in starts)


def test_22_a_cancel_without_a_hint_is_found_by_polling(bench: Bench) -> None:
    bench.worker()
    run = bench.start(task("slow", gate=bench.gate()))
    bench.wait_effect(run, "start")
    RunCommand.objects.create(run=run, kind=RunCommand.Kind.CANCEL, reason="silently")
    began = time.monotonic()
    assert bench.wait_run(run).status == "cancelled"
    assert time.monotonic() - began < 15


def test_23_a_result_of_200_megabytes_fails_with_size_and_limit(bench: Bench) -> None:
    worker = bench.worker(lease=30)
    run = bench.start(task("huge", "fault_huge", bytes=200_000_000), task("next", likes=["huge"]))
    assert bench.wait_run(run).status == "completed", "its failure is tolerated"
    row = bench.task_run(run, "huge")
    assert (row.status, row.error_type, row.result) == ("failed", "result_not_storable", None)
    assert "200,000,002" in (row.error or "") and "16,777,216" in (row.error or "")
    assert worker.is_alive


def test_24_a_tree_of_ten_thousand_runs(bench: Bench) -> None:
    bench.worker(slots=200, lease=30)
    spec = TreeSpec("wide", tuple(TaskSpec(f"t{n}", f"t{n}", "echo", {}) for n in range(10_000)))
    new = NewRun(new_id(), spec, None, 1, "api")
    insert_run(new)
    run = bench.wait_run(Run.objects.get(pk=new.id), 120)
    assert run.status == "completed"
    assert run.last_seq == 20_003


def test_28_a_deadlock_with_another_writer_is_tried_again(bench: Bench) -> None:
    bench.worker(lease=30)
    runs = [bench.start(task("one", gate=bench.gate(f"{n}"))) for n in range(2)]
    for run in runs:
        bench.wait_effect(run, "start")
    first, second = sorted(str(run.pk) for run in runs)
    with psycopg.connect(database_url()) as rival:
        rival.execute("SET deadlock_timeout = '50ms'")
        rival.execute("SELECT 1 FROM orchestration_run WHERE id = %s FOR UPDATE", [second])
        for n in range(2):
            bench.gate(f"{n}").touch()
        # The worker's flush now waits for the second run's row and holds the first one's, or waits for both.
        bench.wait(lambda: _is_waiting(rival), "the worker to wait for the lock")
        try:
            rival.execute("SELECT 1 FROM orchestration_run WHERE id = %s FOR UPDATE", [first])
        except psycopg.errors.DeadlockDetected:
            rival.rollback()
        rival.rollback()
    for run in runs:
        assert bench.wait_run(run).status == "completed"


def _is_waiting(rival: psycopg.Connection[tuple[int, ...]]) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    found = rival.execute(waiting).fetchone()
    return found is not None and found[0] > 0


def test_29_a_run_that_cant_be_read_keeps_no_other_waiting(bench: Bench) -> None:
    bad = bench.start(task("bad"))
    TaskRun.objects.filter(run=bad).update(retry={"no_such_field": True})
    good = bench.start(task("good"))
    bench.worker()
    assert bench.wait_run(good).status == "completed"
    assert bench.wait_run(bad).status == "failed"
    assert "can't be read" in (bench.task_run(bad, "bad").error or "")
    bad.delete()


# --- public bugs: cancel, retry, late completion ------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["running", "between attempts"])
def test_can_1_cancel_wins_over_a_retry(bench: Bench, moment: str) -> None:
    bench.worker()
    delay = 60.0 if moment == "between attempts" else 0.0
    run = bench.start(task("f", "fault_raise", attempts=6, delay=delay, seconds=0.3))
    if moment == "running":
        bench.wait_effect(run, "start")
    else:
        bench.wait_event(run, "task.retrying")
    cancel_run(run, reason="no more")
    assert bench.wait_run(run).status == "cancelled"
    attempts = bench.task_run(run, "f").attempt
    bench.stop_workers()
    bench.worker()
    assert bench.wait_run(bench.start(task("other"))).status == "completed"
    row = bench.task_run(run, "f")
    assert (row.status, row.attempt) == ("cancelled", attempts)


def test_can_2_a_late_finish_does_not_turn_a_cancelled_task_green(bench: Bench) -> None:
    bench.worker(lease=10)
    run = bench.start(task("block", "fault_block", gate=bench.gate()), task("b", requires=["block"]))
    bench.wait_effect(run, "start")
    cancel_run(run, reason="enough")
    ended = bench.wait_run(run)
    row = bench.task_run(run, "block")
    bench.gate().touch()
    bench.wait_effect(run, "end")
    assert bench.wait_run(bench.start(task("other"))).status == "completed", "the slot is free again"
    row.refresh_from_db()
    assert (ended.status, row.status, row.result, row.finished_at) == ("cancelled", "cancelled", None, row.finished_at)
    assert not bench.effects(run, "start", task="b")
    assert not bench.events(run, "task.completed")


def test_can_3_cancelling_a_throttled_run_starts_nothing_more(bench: Bench) -> None:
    for _ in range(2):
        bench.worker(lease=10)
    waiting = [task(f"w{n}", gate=bench.gate()) for n in range(30)]
    after = [task(f"x{n}", requires=[f"w{n}"]) for n in range(10)]
    run = bench.start(*waiting, *after, max_concurrency=2)
    bench.wait_effect(run, "start", count=2)
    cancel_run(run, reason="stop")
    assert bench.wait_run(run).status == "cancelled"
    assert set(TaskRun.objects.filter(run=run).values_list("status", flat=True)) == {"cancelled"}
    assert len(bench.effects(run, "start")) == 2
    assert send_command(run, RunCommand.Kind.CANCEL) is None


# --- public bugs: worker and database -----------------------------------------------------------------------------


def test_wrk_1_a_killed_workers_task_is_run_again_or_fails_in_words(bench: Bench) -> None:
    doomed = bench.worker()
    again = bench.start(task("again", gate=bench.gate()))
    once = bench.start(task("once", "fault_once", gate=bench.gate()))
    for run in (again, once):
        bench.wait_effect(run, "start")
    doomed.kill()
    bench.worker()
    assert bench.wait_run(once).status == "failed"
    assert bench.task_run(once, "once").error_type == "outcome_unknown"
    bench.wait_effect(again, "start", count=2)
    bench.gate().touch()
    assert bench.wait_run(again).status == "completed"


def test_wrk_2_dead_connections_are_not_used_again(bench: Bench) -> None:
    worker = bench.worker(lease=10)
    for _ in range(2):
        both = bench.start(task("async", "fault_orm_async"), task("thread", "fault_orm_thread"))
        bench.wait_run(both)
        end_backends_of(bench)
    # At most what was in flight fails; from the second try on everything works again, in the same process.
    bench.wait_run(bench.start(task("async", "fault_orm_async"), task("thread", "fault_orm_thread")))
    for _ in range(5):
        run = bench.start(task("async", "fault_orm_async"), task("thread", "fault_orm_thread"))
        assert bench.wait_run(run).status == "completed"
    assert worker.is_alive
