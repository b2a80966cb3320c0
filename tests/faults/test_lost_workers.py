"""Workers that die, stand still, or have a wrong clock (engine anchors 3.2: 1 to 3, 6, 8 to 13, 31)."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone

from benchmarks.chaos.worker_process import WorkerProcess
from orchestration.models import Run, Worker
from tests.faults.support.bench import Bench, database_url, task

pytestmark = pytest.mark.database

LEASE = 2


def test_01_worker_killed_mid_task(bench: Bench) -> None:
    doomed = bench.worker()
    run = bench.start(task("long", gate=bench.gate()), task("after", requires=["long"]))
    bench.wait_effect(run, "start", task="long")
    doomed.kill()
    bench.worker()
    began = time.monotonic()
    bench.wait_effect(run, "start", task="long", count=2)
    assert time.monotonic() - began < 3 * LEASE + 2
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    row = bench.task_run(run, "long")
    assert (row.attempt, row.uncounted_attempts, row.worker_losses) == (2, 1, 1)
    assert row.result == {"status": "completed", "result": 2}
    assert [attempt.reason for attempt in row.attempts.all()] == ["worker_lost"]
    assert bench.task_run(run, "after").attempt == 1


def test_01_a_task_that_may_not_be_repeated_says_so(bench: Bench) -> None:
    doomed = bench.worker()
    run = bench.start(task("once", "fault_once", gate=bench.gate(), attempts=3))
    bench.wait_effect(run, "start")
    doomed.kill()
    bench.worker()
    assert bench.wait_run(run).status == "failed"
    row = bench.task_run(run, "once")
    assert row.error_type == "outcome_unknown"
    assert "unknown" in (row.error or "")
    assert len(bench.effects(run, "start")) == 1


@pytest.mark.parametrize("point", ["claim", "start"])
def test_02_worker_killed_between_commit_and_dispatch(bench: Bench, point: str) -> None:
    doomed = bench.worker(environment={"FAULT_POINT": point})
    run = bench.start(task("one"), task("two", requires=["one"]))
    doomed.wait()
    assert not bench.effects(run)
    bench.worker()
    assert bench.wait_run(run).status == "completed"
    assert bench.task_run(run, "one").attempt == (1 if point == "claim" else 2)
    assert len(bench.effects(run, "start", task="one")) == 1


def test_03_worker_killed_after_user_code_before_its_result(bench: Bench) -> None:
    doomed = bench.worker(environment={"FAULT_POINT": "outcome"})
    run = bench.start(task("one"), task("two", requires=["one"]))
    doomed.wait()
    assert [effect.what for effect in bench.effects(run)] == ["start", "end"]
    bench.worker()
    assert bench.wait_run(run).status == "completed"
    row = bench.task_run(run, "one")
    # Once more, as documented, under a number by which the task can tell.
    assert (row.attempt, row.uncounted_attempts) == (2, 1)
    assert row.result == {"status": "completed", "result": 2}


def test_06_late_writes_of_a_frozen_owner_move_nothing(bench: Bench) -> None:
    zombie = bench.worker()
    run = bench.start(task("late", "fault_block", seconds=4))
    bench.wait_effect(run, "start")
    zombie.freeze()
    other = bench.worker()
    bench.wait_effect(run, "start", count=2)
    zombie.thaw()  # its attempt 1 ends while the other worker is in attempt 2
    ended = bench.wait_run(run)
    bench.wait(
        lambda: any(effect.attempt == 1 for effect in bench.effects(run, "end")), "the zombie's user code to end"
    )
    assert bench.task_run(run, "late").result == {"status": "completed", "result": 2}
    bench.wait(lambda: Worker.objects.filter(pid=zombie.pid).count() >= 2, "the zombie to take a new identity")
    other.kill()
    again = bench.start(task("again"))
    assert bench.wait_run(again).status == "completed"
    assert bench.task_run(again, "again").worker_id != Worker.objects.filter(pid=zombie.pid).earliest("started_at").pk
    now = Run.objects.get(pk=run.pk)
    assert (now.status, now.finished_at, now.last_seq) == (ended.status, ended.finished_at, ended.last_seq)


def test_06_a_frozen_owner_takes_its_own_run_up_again(bench: Bench) -> None:
    """Nobody else is there: the same process claims the run anew, and its old attempt must not disturb the new one."""
    worker = bench.worker()
    run = bench.start(task("late", "fault_block", seconds=4), task("stopped", gate=bench.gate()))
    bench.wait_effect(run, "start", count=2)
    worker.freeze()
    first = bench.worker_row(worker)
    bench.wait(lambda: not Worker.objects.live().filter(pk=first.pk).exists(), "the lease to run out")
    worker.thaw()
    bench.wait_effect(run, "start", task="late", count=2)
    bench.wait(lambda: any(effect.attempt == 1 for effect in bench.effects(run, "end")), "the old attempt to end")
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    assert bench.task_run(run, "late").result == {"status": "completed", "result": 2}
    # All slots are free again: as many tasks as there are slots run at once.
    wide = bench.start(*(task(f"t{index}", gate=bench.gate("wide")) for index in range(10)))
    bench.wait_effect(wide, "start", count=10)
    bench.gate("wide").touch()
    assert bench.wait_run(wide).status == "completed"


def _outlive(bench: Bench, run: Run, seconds: float) -> None:
    """Wait until a run has been going for longer than leases last."""
    begun = Run.objects.get(pk=run.pk).started_at or timezone.now()
    bench.wait(lambda: (timezone.now() - begun).total_seconds() > seconds, "leases to pass")


def test_08_own_live_run_is_not_adopted_again(bench: Bench) -> None:
    bench.worker(lease=3)
    run = bench.start(task("long", gate=bench.gate()))
    bench.wait_effect(run, "start")
    _outlive(bench, run, 3 * 2.5)
    bench.gate().touch()
    assert bench.wait_run(run).epoch == 1
    assert len(bench.effects(run, "start")) == 1
    assert not bench.events(run, "run.taken_over")


def test_31_healthy_long_task_is_not_killed(bench: Bench) -> None:
    bench.worker(lease=3)
    run = bench.start(task("async", gate=bench.gate()), task("thread", "fault_block", gate=bench.gate()))
    bench.wait_effect(run, "start", count=2)
    bench.worker(lease=3)
    _outlive(bench, run, 3 * 2.5)
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    assert {row.attempt for row in run.task_runs.all()} == {1}
    assert Run.objects.get(pk=run.pk).epoch == 1


def test_09_owner_whose_heartbeat_hangs_gives_up_by_itself(bench: Bench) -> None:
    owner = bench.worker()
    run = bench.start(task("long", gate=bench.gate()))
    bench.wait_effect(run, "start")
    row = bench.worker_row(owner)
    with psycopg.connect(database_url()) as blocker:
        # Not FOR UPDATE: rows that only point to the worker may still be written.
        blocker.execute("SELECT 1 FROM orchestration_worker WHERE id = %s FOR NO KEY UPDATE", [row.pk])
        other = bench.worker()
        bench.wait_effect(run, "start", count=2)
        stopped = bench.wait_effect(run, "cancelled")
        assert stopped[0].pid == owner.pid
        blocker.rollback()
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    bench.wait(lambda: Worker.objects.live().filter(pid=owner.pid).exclude(pk=row.pk).exists(), "a new identity")
    other.kill()
    assert bench.wait_run(bench.start(task("again"))).status == "completed"


def test_10_starved_event_loop_keeps_heartbeat_fresh(bench: Bench) -> None:
    worker = bench.worker(lease=6)  # generous: the machine may be busy with other things
    run = bench.start(task("starve", "fault_starve", gate=bench.gate()))
    bench.wait_effect(run, "start")
    assert bench.wait_run(bench.start(task("quick"), task("thread", "fault_block"))).status == "completed"
    _outlive(bench, run, 6 * 2)
    row = bench.worker_row(worker)
    assert Worker.objects.live().filter(pk=row.pk).exists()
    assert bench.events(run, "task.lane_blocked")
    bench.gate().touch()
    assert bench.wait_run(run).epoch == 1
    assert bench.task_run(run, "starve").attempt == 1


@pytest.mark.parametrize("hours", [1, -1])
def test_11_worker_clock_is_off_by_an_hour(bench: Bench, hours: int) -> None:
    wrong = Path(__file__).parent / "support" / "wrong_clock"
    environment = {"PYTHONPATH": str(wrong), "FAULT_CLOCK_SECONDS": str(hours * 3600)}
    bench.worker(lease=3, environment=environment)
    before = timezone.now()
    run = bench.start(task("flaky", "fault_raise", failures=1, attempts=2, delay=0.2), task("long", gate=bench.gate()))
    bench.wait_effect(run, "start", task="flaky", count=2)
    bench.worker(lease=3)  # its clock is right, and it takes nothing away
    _outlive(bench, run, 3 * 1.5)
    bench.gate().touch()
    ended = bench.wait_run(run)
    after = timezone.now()
    assert (ended.status, ended.epoch) == ("completed", 1)
    slack = timedelta(seconds=1)
    for at in (ended.started_at, ended.finished_at, *(event.at for event in bench.events(run))):
        assert at is not None
        assert before - slack <= at <= after + slack


def _serve_until_ended(bench: Bench, run: Run, most: int) -> int:
    """Start a worker whenever none is left, until a run has ended; returns how many that took."""
    used = 1
    worker: WorkerProcess = bench.worker()
    deadline = time.monotonic() + 120

    def ended() -> bool:
        return Run.objects.finished().filter(pk=run.pk).exists()

    while not ended():
        assert time.monotonic() < deadline, bench.story()
        if not worker.is_alive:
            used += 1
            assert used <= most, bench.story()
            worker = bench.worker()
        time.sleep(0.02)
    return used


def test_12_poison_task_that_kills_its_worker_is_capped(bench: Bench) -> None:
    run = bench.start(
        task("poison", "fault_kill", attempts=10), task("after", requires=["poison"]), task("free", likes=["poison"])
    )
    assert _serve_until_ended(bench, run, most=6) == 5  # four losses, and one worker that settles it
    poison = bench.task_run(run, "poison")
    assert (poison.status, poison.error_type, poison.attempt, poison.worker_losses) == ("failed", "worker_lost", 4, 4)
    assert "attempt 4" in (poison.error or "")
    assert "3 before it" in (poison.error or "")
    assert len(bench.effects(run, "start", task="poison")) == 4
    after = bench.task_run(run, "after")
    assert (after.error_type, after.first_cause_uid) == ("dependency_failed", "poison")
    assert "'poison'" in (after.error or "")
    assert bench.task_run(run, "free").status == "completed"


def test_12_a_task_that_kills_two_workers_still_completes(bench: Bench) -> None:
    run = bench.start(task("unlucky", "fault_kill", times=2))
    _serve_until_ended(bench, run, most=4)
    row = bench.task_run(run, "unlucky")
    # Lost workers are no retries: one attempt was allowed, and the third start was still the first counted one.
    assert (row.status, row.attempt, row.uncounted_attempts) == ("completed", 3, 2)


def test_13_worker_out_of_memory(bench: Bench) -> None:
    # Each thread would set 64 MiB of addresses aside for what it allocates, and the limit counts addresses.
    worker = bench.worker(environment={"FAULT_POINT": "memory", "MALLOC_ARENA_MAX": "1"})
    run = bench.start(task("eat", "fault_eat"), task("after", requires=["eat"]))
    bench.wait_effect(run, "start")
    bench.wait(lambda: not worker.is_alive or Run.objects.finished().filter(pk=run.pk).exists(), "the eater's end")
    if worker.is_alive:
        assert bench.task_run(run, "eat").error_type == "MemoryError", bench.task_run(run, "eat").error
        assert bench.wait_run(bench.start(task("next"))).status == "completed"
        return
    _serve_until_ended(bench, run, most=6)
    assert bench.wait_run(run).status == "failed"


def test_two_workers_race_for_runs(bench: Bench) -> None:
    bench.worker(lease=4)
    bench.worker(lease=4)
    runs = [bench.start(task("a"), task("b", requires=["a"])) for _ in range(60)]
    for run in runs:
        assert bench.wait_run(run).status == "completed"
    assert set(Run.objects.values_list("epoch", flat=True)) == {1}
    starts = [(effect.run, effect.task) for effect in bench.effects(what="start")]
    assert len(starts) == len(set(starts)) == 120
