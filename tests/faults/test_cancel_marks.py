"""Cancels that must outlive their worker, and end soon even when they meet a start (anchors 3.2: 20-22; CAN-1)."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

import pytest

from orchestration.actions.runs import cancel_run
from orchestration.models import Run, RunCommand, TaskRun
from tests.faults.support.bench import Bench, task

pytestmark = pytest.mark.database

#: A cancel of what awaits ends at once; a lane that forgets an attempt would need its grace time of 5 s and more.
SOON_SECONDS = 4.0


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_20_a_cancelled_task_stays_cancelled_when_its_worker_goes(bench: Bench, end: str) -> None:
    """The task ignores its cancel; its worker goes before the grace time is over. Nobody runs it again."""
    worker = bench.worker(drain=0.2)
    run = bench.start(task("deaf", "fault_block", gate=bench.gate()), task("other", likes=["deaf"]))
    bench.wait_effect(run, "start", task="deaf")
    cancel_run(run, reason="only this one", task_run=bench.task_run(run, "deaf"))
    bench.wait(lambda: RunCommand.objects.get(run=run).handled_at, "the cancel to be acknowledged")
    if end == "kill":
        worker.kill()
    else:
        worker.send(signal.SIGTERM)
        worker.wait()
    bench.worker()
    bench.wait_run(run)
    assert bench.task_run(run, "deaf").status == "cancelled"
    assert len(bench.effects(run, "start", task="deaf")) == 1
    assert bench.task_run(run, "other").status == "completed"


def test_21_a_cancel_that_meets_a_start_ends_at_once(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    """Wide runs, cancelled while their tasks are being started: no attempt is forgotten between loop and lane."""
    seed = random.SystemRandom().randrange(2**32)
    record_property("seed", seed)
    chance = random.Random(seed)
    bench.worker(slots=40, lease=10)
    for _ in range(30):
        run = bench.start(*(task(f"t{index}", gate=bench.gate()) for index in range(10)))
        bench.wait(lambda run=run: Run.objects.get(pk=run.pk).owner_id, "a claim")
        time.sleep(chance.random() * 0.03)
        cancel_run(run, reason="raced")
    ended = [bench.wait_run(run) for run in Run.objects.all()]
    for run in ended:
        assert run.status == "cancelled"
        assert run.finished_at is not None and run.cancel_requested_at is not None
        seconds = (run.finished_at - run.cancel_requested_at).total_seconds()
        assert seconds < SOON_SECONDS, f"seed {seed}: run {run.pk} took {seconds:.1f} s to end after its cancel"


def test_can_1_cancel_in_the_same_tick_as_the_exception(
    bench: Bench, record_property: Callable[[str, object], None]
) -> None:
    """A hundred times, at random moments around the exception and the retry that follows."""
    seed = random.SystemRandom().randrange(2**32)
    record_property("seed", seed)
    chance = random.Random(seed)
    worker = bench.worker(slots=40, lease=10)
    runs = []
    for _ in range(100):
        run = bench.start(task("f", "fault_raise", attempts=100, delay=0.01, seconds=0.01))
        time.sleep(chance.random() * 0.06)
        cancel_run(run, reason="no more")
        runs.append(run)
    for run in runs:
        assert bench.wait_run(run).status == "cancelled", f"seed {seed}"
    attempts = dict(TaskRun.objects.values_list("pk", "attempt"))
    begun = len(bench.effects(what="start"))
    assert worker.is_alive
    worker.kill()
    bench.worker()
    assert bench.wait_run(bench.start(task("later"))).status == "completed"
    assert dict(TaskRun.objects.filter(pk__in=attempts).values_list("pk", "attempt")) == attempts
    assert len(bench.effects(what="start")) == begun + 1
