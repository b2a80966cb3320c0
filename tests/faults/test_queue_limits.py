"""Runs with a limit that must not stall: what waits for its turn is re-ordered or cancelled meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orchestration.actions.runs import cancel_run, send_command
from orchestration.engine.engine import EngineOptions
from orchestration.models import ExecutorConfig, Run, RunCommand, TaskRun
from tests.faults.support.bench import Bench, task

pytestmark = pytest.mark.database


@pytest.mark.parametrize("ask", ["priority of the run", "priority of a task", "cancel of tasks"])
def test_a_limited_run_goes_on_after_its_queue_was_changed(bench: Bench, ask: str) -> None:
    """Found by chaos: entries of the queue that were overtaken took the places of those that were not."""
    bench.worker(lease=10)
    run = bench.start(task("first", gate=bench.gate()), *(task(f"t{index}") for index in range(12)), max_concurrency=1)
    bench.wait_effect(run, "start", task="first")
    waiting = list(TaskRun.objects.filter(run=run, task_uid__startswith="t").order_by("ordinal"))
    for _ in range(2):
        if ask == "priority of the run":
            send_command(run, RunCommand.Kind.SET_PRIORITY, data={"priority": 0})
        for row in waiting[:6]:
            if ask == "priority of a task":
                send_command(run, RunCommand.Kind.SET_PRIORITY, task_run=row, data={"priority": 1})
            elif ask == "cancel of tasks":
                cancel_run(run, task_run=row)
    bench.wait(lambda: not RunCommand.objects.filter(handled_at=None).exists(), "the commands to be carried out")
    bench.gate().touch()
    bench.wait_run(run)
    statuses = set(TaskRun.objects.filter(run=run).values_list("status", flat=True))
    assert statuses == ({"completed", "cancelled"} if ask == "cancel of tasks" else {"completed"})


def test_runs_that_all_wait_for_an_executor_hold_up_no_other_one(bench: Bench) -> None:
    """A circuit that stays open for an hour, or a slow rate, must not fill the worker with runs that can't go on."""
    later = timezone.now() + timedelta(hours=1)
    ExecutorConfig.objects.create(
        executor="fault_broken", breaker_failures=1, breaker_seconds=3600, breaker_count=1, breaker_retry_at=later
    )
    for _ in range(EngineOptions().max_runs + 1):
        bench.start(task("t", "fault_broken"))
    worker = bench.worker(lease=10)
    bench.wait(lambda: Run.objects.filter(owner=bench.worker_row(worker)).count() > 100, "the claims")
    bench.wait_run(bench.start(task("free")))
    assert set(TaskRun.objects.filter(executor="fault_broken").values_list("status", flat=True)) == {"pending"}
