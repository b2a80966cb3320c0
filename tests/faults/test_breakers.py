"""The circuit breaker of an executor over two worker processes: nothing is lost, and one probe at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestration.actions.executors import decide
from orchestration.models import ExecutorConfig, TaskRun
from tests.faults.support.bench import Bench, task

pytestmark = pytest.mark.database

#: So soon workers follow what is decided; two seconds on an idle machine.
FOLLOWS = timedelta(seconds=10)


def state() -> str:
    return ExecutorConfig.objects.get().breaker_state


def test_what_it_holds_back_runs_when_the_probe_has_worked(bench: Bench) -> None:
    decide("fault_broken", {"breaker_failures": 3, "breaker_seconds": 4, "max_concurrency": 1})
    bench.worker(lease=10)
    bench.worker(lease=10)
    runs = [bench.start(*(task(f"t{n}", "fault_broken", gate=bench.gate()) for n in range(6))) for _ in range(2)]
    bench.wait(lambda: state() != "closed", "the breaker to open")
    bench.wait(lambda: TaskRun.objects.filter(status="failed").count() == 3, "the third failure to be written")
    assert TaskRun.objects.filter(status="pending").count() == 9
    bench.gate().touch()
    for run in runs:
        bench.wait_run(run)
    statuses = list(TaskRun.objects.values_list("status", flat=True))
    assert (statuses.count("failed"), statuses.count("completed"), state()) == (3, 9, "closed")


def test_a_probe_that_is_lost_with_its_worker_is_made_by_another(bench: Bench) -> None:
    decide("fault_wait", {"breaker_failures": 1})
    ExecutorConfig.objects.update(breaker_count=1, breaker_retry_at=timezone.now() - timedelta(seconds=1))
    workers = [bench.worker(), bench.worker()]
    runs = [bench.start(*(task(f"t{n}", gate=bench.gate()) for n in range(3))) for _ in range(2)]
    bench.wait(lambda: bench.effects(what="start"), "the probe to start")
    prober = ExecutorConfig.objects.get().breaker_prober
    assert prober is not None and len(bench.effects(what="start")) == 1
    next(worker for worker in workers if worker.pid == prober.pid).kill()
    bench.wait(lambda: len(bench.effects(what="start")) == 2, "another probe to start")
    assert ExecutorConfig.objects.get().breaker_prober not in (None, prober) and state() == "half_open"
    bench.gate().touch()
    for run in runs:
        assert bench.wait_run(run).status == "completed"
    assert state() == "closed"


def test_decisions_reach_a_running_worker_within_two_seconds(bench: Bench) -> None:
    bench.worker(lease=10)
    bench.wait_run(bench.start(task("first")))
    decide("fault_wait", {"default_timeout_seconds": 0.2})
    decided = timezone.now()
    plain = task("t", seconds=0.5)

    def ends_with(error_type: str) -> bool:
        run = bench.wait_run(bench.start(plain))
        follows = bench.task_run(run, "t").error_type == error_type
        assert follows or run.queued_at - decided < FOLLOWS
        return follows

    bench.wait(lambda: ends_with("timeout"), "the default to be in force")
    decide("fault_wait", {"enabled": False})
    decided = timezone.now()
    bench.wait(lambda: ends_with("executor_disabled"), "it to be off")
