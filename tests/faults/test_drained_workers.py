"""Workers that somebody drains: what runs there ends, nothing new starts, others take over, and they come back."""

from __future__ import annotations

import time

import pytest

from orchestration.actions.worker_states import judged
from orchestration.actions.workers import drain_worker, resume_worker
from orchestration.models import TakeOver, TaskAttempt, TaskRun, Worker
from tests.faults.support.bench import Bench, task

pytestmark = pytest.mark.database


def state_of(row: Worker) -> str:
    """The state of a worker, as people see it."""
    return str(vars(judged().get(pk=row.pk))["state"])


def test_a_drained_worker_ends_what_runs_and_hands_the_rest_over(bench: Bench) -> None:
    first = bench.worker(lease=10)
    row = bench.worker_row(first)
    long = bench.start(task("one", gate=bench.gate()), task("two", requires=["one"]))
    bench.wait_effect(long, "start", task="one")
    drain_worker(row, reason="A new kernel")
    bench.wait(lambda: "drained: this worker takes no more runs; 1 tasks are still running" in first.output, "the word")
    assert state_of(row) == "draining"
    waiting = bench.start(task("three"))
    # The worker is alone and alive: its next beats have come, and it has not touched the new run.
    beat = bench.worker_row(first).heartbeat_at
    bench.wait(lambda: bench.worker_row(first).heartbeat_at > beat, "a heartbeat after the drain")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.owner_id, waiting.epoch) == ("pending", None, 0)
    second = bench.worker(lease=10)
    other = bench.worker_row(second)
    bench.wait_run(waiting)
    assert TaskRun.objects.get(run=waiting).worker_id == other.pk
    # The attempt that ran goes on to its end there; what waits for it starts elsewhere. No attempt was spent on it.
    bench.gate().touch()
    assert bench.wait_run(long).status == "completed"
    workers = dict(TaskRun.objects.filter(run=long).values_list("task_uid", "worker_id"))
    assert workers == {"one": row.pk, "two": other.pk}
    assert not TaskAttempt.objects.filter(task_run__run=long).exists()
    assert [event.data["epoch"] for event in bench.events(long, "run.handed_back", "run.taken_over")] == [1, 2]
    bench.wait(lambda: state_of(row) == "drained", "the worker to be idle")
    assert first.is_alive


def test_a_resumed_worker_takes_runs_at_once(bench: Bench) -> None:
    worker = bench.worker(lease=120)  # its heartbeat, which tells it the same, is half a minute away
    row = bench.worker_row(worker)
    drain_worker(row)
    bench.wait(lambda: "drained:" in worker.output, "the worker to hear of it")
    run = bench.start(task("one"))
    began = time.monotonic()
    resume_worker(row)
    bench.wait_effect(run, "start")
    assert time.monotonic() - began < 15, "it was told by its heartbeat alone"
    assert bench.wait_run(run).status == "completed"
    bench.wait(lambda: "resumed: this worker takes runs again" in worker.output, "the word")
    assert (state_of(row), bench.worker_row(worker).pk) == ("live", row.pk)


def test_a_drain_outlives_a_lost_lease(bench: Bench) -> None:
    """The process is frozen beyond its lease, drained at the same time, and goes on under a new identity."""
    worker = bench.worker(lease=2)
    row = bench.worker_row(worker)
    run = bench.start(task("one", gate=bench.gate()))
    bench.wait_effect(run, "start")
    drain_worker(row, reason="Under repair")
    worker.freeze()
    bench.wait(lambda: state_of(row) == "lost", "the lease to end")
    worker.thaw()
    bench.wait(lambda: bench.worker_row(worker).pk != row.pk, "a new identity")
    again = bench.worker_row(worker)
    assert (again.draining, again.drain_reason, again.predecessor_id) == (True, "Under repair", row.pk)
    bench.wait(lambda: state_of(again) == "drained", "the worker to be idle")
    run.refresh_from_db()
    assert run.owner_id == row.pk, "a drained worker has taken a run"
    # Whoever takes over what was lost leaves a note of whose it was.
    bench.gate().touch()
    resume_worker(again)
    assert bench.wait_run(run).status == "completed"
    note = TakeOver.objects.get()
    assert (note.run_id, note.lost_id, note.taken_by_id, note.epoch) == (run.pk, row.pk, again.pk, 2)
    lost = TaskAttempt.objects.get(task_run__run=run)
    assert (lost.reason, lost.worker_id) == ("worker_lost", row.pk)


def test_sigterm_ends_a_drained_worker(bench: Bench) -> None:
    worker = bench.worker(drain=20)
    row = bench.worker_row(worker)
    run = bench.start(task("one", gate=bench.gate()), task("two", requires=["one"]))
    bench.wait_effect(run, "start")
    drain_worker(row)
    bench.wait(lambda: "drained:" in worker.output, "the worker to hear of it")
    worker.terminate()
    bench.wait(lambda: "draining:" in worker.output, "the worker to end")
    bench.gate().touch()
    bench.wait(lambda: not worker.is_alive, "the process to end")
    assert state_of(row) == "stopped"
    bench.worker()
    assert bench.wait_run(run).status == "completed"
    assert not TaskAttempt.objects.filter(task_run__run=run).exists()
