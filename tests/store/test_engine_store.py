"""Claiming, fenced writes, heartbeats, commands: on a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from benchmarks.chaos.worker_process import wait_until
from orchestration.engine.changes import Completion, LogLine, Move, RunBatch, Start
from orchestration.engine.definition import new_id
from orchestration.engine.ports import Flush
from orchestration.engine.records import RunRecord
from orchestration.engine.status import Status
from orchestration.models import Run, RunCommand, TaskLog, TaskRun, Worker
from orchestration.store.engine_store import PostgresStore
from orchestration.store.snapshots import NewRun, Reused, insert_run
from tests.lock_race import act_after_waiting

from .conftest import new_run, two_tasks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
NOW = datetime.now(UTC)
Register = Callable[..., str]


def start_batch(record: RunRecord, index: int = 0) -> RunBatch:
    """Make the batch that starts a task."""
    batch = RunBatch(record.id, record.epoch, record.last_seq)
    batch.fields.status, batch.fields.started_at = Status.IN_PROGRESS, NOW
    batch.start(Start(record.tasks[index].pk, 1, "echo", NOW))
    batch.event("task.started", record.tasks[index].pk, 1, NOW)
    return batch


def test_a_run_is_inserted_with_its_tasks_and_its_first_event() -> None:
    run = new_run(parameters={"a": 1}, idempotency_key="k")
    assert (run.status, run.task_count, run.last_seq, run.parameters) == ("pending", 2, 1, {"a": 1})
    assert [(t.task_uid, t.status, t.dependencies) for t in run.task_runs.all()] == [
        ("a", "pending", []),
        ("b", "pending", [{"id": "a", "required": True}]),
    ]
    assert [(e.seq, e.type) for e in run.events.all()] == [(1, "run.created")]


def test_the_same_key_is_the_same_run_and_writes_nothing() -> None:
    new_run(idempotency_key="once")
    assert not insert_run(NewRun(new_id(), two_tasks(), None, 1, "api", idempotency_key="once"))
    assert (Run.objects.count(), TaskRun.objects.count()) == (1, 2)


def test_twenty_starts_with_one_key_at_once_are_one_run() -> None:
    made = []

    def start() -> None:
        made.append(insert_run(NewRun(new_id(), two_tasks(), None, 1, "api", idempotency_key="at once")))
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 19 + [True]
    assert Run.objects.count() == 1


def test_reused_results_are_copied() -> None:
    first = new_run()
    source = first.task_runs.get(task_uid="a")
    second = new_run(reused={"a": Reused(source.pk, '{"n": null}')})
    copy = second.task_runs.get(task_uid="a")
    assert (copy.status, copy.result, copy.reused_from_id) == ("completed", {"n": None}, source.pk)


def test_claims_go_by_priority_and_age_and_raise_the_epoch(store: PostgresStore, worker: Register) -> None:
    late, urgent, early = new_run(priority=2), new_run(priority=0), new_run(priority=2)
    Run.objects.filter(pk=early.pk).update(queued_at=late.queued_at - timedelta(minutes=1))
    me = worker()
    records = [store.claim_runs(me, 1)[0] for _ in range(3)]
    assert [record.id for record in records] == [str(run.pk) for run in (urgent, early, late)]
    assert [record.epoch for record in records] == [1, 1, 1]
    assert [task.uid for task in records[0].tasks] == ["a", "b"]
    assert store.claim_runs(me, 10) == []


def test_two_workers_never_claim_the_same_run(store: PostgresStore, worker: Register) -> None:
    for _ in range(30):
        new_run()
    workers = [worker(), worker()]
    claimed: dict[str, list[str]] = {pk: [] for pk in workers}

    def claim(pk: str) -> None:
        own = PostgresStore()
        while records := own.claim_runs(pk, 3):
            claimed[pk].extend(record.id for record in records)
        own.close()

    threads = [threading.Thread(target=claim, args=(pk,)) for pk in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [*claimed[workers[0]], *claimed[workers[1]]]
    assert len(everything) == len(set(everything)) == 30


def test_only_runs_of_lost_workers_are_taken_over(store: PostgresStore, worker: Register) -> None:
    run = new_run()
    owner, other = worker(), worker()
    store.claim_runs(owner, 1)
    assert store.claim_runs(other, 1) == []
    Worker.objects.filter(pk=owner).update(lease_expires_at=NOW - timedelta(seconds=1))
    [record] = store.claim_runs(other, 1)
    assert (record.id, record.epoch) == (str(run.pk), 2)


def test_a_worker_whose_own_lease_is_over_claims_nothing(store: PostgresStore, worker: Register) -> None:
    run, other = new_run(), new_run()
    me = worker()
    assert [record.id for record in store.claim_runs(me, 1)] == [str(run.pk)]
    Worker.objects.filter(pk=me).update(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert store.claim_runs(me, 10) == []
    assert store.claim_runs(me, 1, str(run.pk)) == store.claim_runs(me, 1, str(other.pk)) == []
    assert {record.id for record in store.claim_runs(worker(), 10)} == {str(run.pk), str(other.pk)}


def test_a_claim_that_waited_takes_nothing_from_a_worker_that_lives(store: PostgresStore, worker: Register) -> None:
    run, owner, other = new_run(), worker(2), worker()
    begun_with = Worker.objects.get(pk=owner).lease_expires_at

    def claim_and_beat() -> None:
        Run.objects.filter(pk=run.pk).update(owner=owner, epoch=1)
        assert store.beat(owner, 3600, 0, {}).known
        wait_until(lambda: datetime.now(UTC) > begun_with, 20, "the lease that it began with to be over")

    assert act_after_waiting(run, claim_and_beat, lambda: store.claim_runs(other, 1, str(run.pk))) == []
    assert str(Run.objects.get(pk=run.pk).owner_id) == owner


def test_a_beat_extends_a_lease_that_holds_and_no_other(store: PostgresStore, worker: Register) -> None:
    me = worker()
    assert store.beat(me, 60, 3, {"starts": {}}).known
    assert Worker.objects.get(pk=me).running == 3
    Worker.objects.filter(pk=me).update(lease_expires_at=NOW - timedelta(seconds=1))
    assert not store.beat(me, 60, 3, {}).known
    assert not store.beat(new_id(), 60, 3, {}).known


def test_a_batch_is_written_whole(store: PostgresStore, worker: Register) -> None:
    run, me = new_run(), worker()
    [record] = store.claim_runs(me, 1)
    batch = start_batch(record)
    line = LogLine(record.tasks[0].pk, 1, 20, "log", "hello", NOW)
    assert store.write(me, Flush([batch], [line])) == set()
    run.refresh_from_db()
    assert (run.status, run.last_seq) == ("in_progress", 2)
    assert run.task_runs.get(task_uid="a").status == "in_progress"
    assert TaskLog.objects.get().message == "hello"


def test_the_same_batch_twice_changes_nothing_and_loses_nothing(store: PostgresStore, worker: Register) -> None:
    run, me = new_run(), worker()
    [record] = store.claim_runs(me, 1)
    batch = start_batch(record)
    for _ in range(2):
        assert store.write(me, Flush([batch])) == set()
    assert [event.seq for event in run.events.all()] == [1, 2]


def test_a_stale_epoch_moves_nothing_and_is_told(store: PostgresStore, worker: Register) -> None:
    run, zombie, heir = new_run(), worker(), worker()
    [old] = store.claim_runs(zombie, 1)
    Worker.objects.filter(pk=zombie).update(lease_expires_at=NOW - timedelta(seconds=1))
    store.claim_runs(heir, 1)
    assert store.write(zombie, Flush([start_batch(old)])) == {str(run.pk)}
    assert not run.task_runs.exclude(status="pending").exists()
    assert run.events.count() == 1


def test_a_row_in_another_state_costs_its_own_run_alone(store: PostgresStore, worker: Register) -> None:
    bad, good, me = new_run(), new_run(), worker()
    records = {record.id: record for record in store.claim_runs(me, 2)}
    TaskRun.objects.filter(run=bad, task_uid="a").update(attempt=5)
    flush = Flush([start_batch(records[str(bad.pk)]), start_batch(records[str(good.pk)])])
    assert store.write(me, flush) == {str(bad.pk)}
    assert good.task_runs.get(task_uid="a").status == "in_progress"
    bad.refresh_from_db()
    assert (bad.status, bad.last_seq, bad.owner_id) == ("pending", 1, None), "it can be claimed and read anew"
    assert store.claim_runs(me, 5)[0].id == str(bad.pk)


def test_an_end_and_a_new_start_of_one_task_fit_into_one_batch(store: PostgresStore, worker: Register) -> None:
    run, me = new_run(), worker()
    [record] = store.claim_runs(me, 1)
    store.write(me, Flush([start_batch(record)]))
    pk = record.tasks[0].pk
    batch = RunBatch(record.id, record.epoch, 2)
    batch.move(Move(pk, 1, Status.IN_PROGRESS, Status.PENDING, NOW))
    batch.event("task.retrying", pk, 1, NOW)
    batch.start(Start(pk, 2, "echo", NOW))
    batch.event("task.started", pk, 2, NOW)
    batch.complete(Completion(pk, 2, "null", "{}", NOW))
    batch.event("task.completed", pk, 2, NOW)
    assert store.write(me, Flush([batch])) == set()
    row = run.task_runs.get(task_uid="a")
    assert (row.status, row.attempt, row.result) == ("completed", 2, None)


def test_a_definition_that_cant_be_read_does_not_keep_its_run_from_being_claimed(
    store: PostgresStore, worker: Register
) -> None:
    run = new_run()
    TaskRun.objects.filter(run=run, task_uid="a").update(retry={"no_such_field": 1})
    [record] = store.claim_runs(worker(), 5)
    assert record.tasks[0].problem is not None and record.tasks[1].problem is None


def test_commands_are_open_until_they_are_answered(store: PostgresStore, worker: Register) -> None:
    run, me = new_run(), worker()
    [record] = store.claim_runs(me, 1)
    command = RunCommand.objects.create(run=run, kind="cancel", reason="enough")
    [seen] = store.open_commands([record.id])
    assert (seen.pk, seen.kind, seen.reason, seen.requested_by) == (command.pk, "cancel", "enough", None)
    batch = start_batch(record)
    batch.handled.append((command.pk, "done"))
    store.write(me, Flush([batch]))
    assert store.open_commands([record.id]) == []
    command.refresh_from_db()
    assert command.answer == "done" and command.handled_at is not None


def test_a_retired_worker_leaves_its_runs_free(store: PostgresStore, worker: Register) -> None:
    run, me = new_run(), worker()
    store.claim_runs(me, 1)
    store.retire_worker(me)
    assert Run.objects.get(pk=run.pk).owner_id is None
    assert store.claim_runs(worker(), 1)


def test_a_hint_wakes_a_listener(store: PostgresStore) -> None:
    heard = []

    def listen() -> None:
        heard.append(store.wait_for_notice(10))
        store.close()

    listener = threading.Thread(target=listen)
    listener.start()
    while listener.is_alive():
        new_run()
        listener.join(0.05)
    assert heard == [True]


def test_a_command_that_is_just_being_written_hides_no_run_from_a_claim(store: PostgresStore, worker: Register) -> None:
    one, two = new_run(), new_run()
    me = worker()
    params = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: params[name] for name in names if name in params}) as rival:
        # What inserting a command does until it is committed: the run's key is locked.
        rival.execute("SELECT 1 FROM orchestration_run FOR KEY SHARE")
        assert store.claim_runs(me, 1, str(one.pk))[0].id == str(one.pk)
        assert [record.id for record in store.claim_runs(me, 5)] == [str(two.pk)]
        rival.rollback()
