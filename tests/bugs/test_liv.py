"""PB-LIV: what a watcher sees of a run in another process, in a burst, and when the line was down at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from orchestration.engine.definition import TaskSpec
from orchestration.models import Run, RunEvent, TaskRun
from tests.faults.support.bench import Bench, database_url
from tests.live import conftest as live
from tests.live.support.clients import Caller, closing_of, receive, say
from tests.live.support.ledger import Ledger

pytestmark = pytest.mark.django_db(transaction=True)

web, token_of, same_secret_key = live.web, live.token_of, live.same_secret_key


@pytest.fixture
def caller(transactional_db: None, token_of: Callable[[User], Caller]) -> Caller:
    """A program that sees everything."""
    return token_of(User.objects.create_superuser("watcher"))


@pytest.fixture
def bench(transactional_db: None, tmp_path: Path) -> Iterator[Bench]:
    """Workers in processes of their own."""
    made = Bench(tmp_path)
    try:
        made.worker(slots=40, environment={"APFLOW_EXECUTORS": "tests.live.executors"})
        yield made
    finally:
        made.stop_workers()
    made.check()


def start(bench: Bench, *executors: str) -> Run:
    return bench.start(*(TaskSpec(f"t{n}", f"t{n}", executor) for n, executor in enumerate(executors)))


def follow(caller: Caller, run_id: Any, ledger: Ledger) -> None:
    """Watch a run to its end."""
    query = "" if ledger.cursor is None else f"?after={ledger.cursor}"
    with caller.socket(f"/ws/runs/{run_id}/{query}") as socket:
        while ledger.end is None:
            ledger.take(receive(socket))
            say(socket, type="ack", seq=ledger.cursor)
        assert closing_of(socket) == (1000, None)


def check(ledger: Ledger, run_id: Any) -> None:
    """The watcher knows exactly what the database holds."""
    run = Run.objects.get(pk=run_id)
    assert ledger.end is not None
    assert (ledger.end["status"], ledger.end["seq"]) == (run.status, run.last_seq)
    assert ledger.statuses == dict(TaskRun.objects.filter(run=run).values_list("task_uid", "status"))
    known = (*ledger.snapshots, 0)[0]
    seqs = RunEvent.objects.filter(run=run, seq__gt=known).order_by("seq").values_list("seq", flat=True)
    assert ledger.seqs == list(seqs)


def test_liv_1_a_run_in_a_worker_process_is_followed_to_its_end(caller: Caller, bench: Bench) -> None:
    run = start(bench, "live_instant", "live_instant")
    ledger = Ledger(cursor=0)
    follow(caller, run.pk, ledger)
    check(ledger, run.pk)
    assert RunEvent.objects.filter(run=run, type="task.completed").count() == 2


def test_liv_2_a_burst_is_neither_dropped_nor_thinned_out(caller: Caller, bench: Bench) -> None:
    run = start(bench, *["live_instant"] * 300, "live_burst")
    ledger = Ledger()
    follow(caller, run.pk, ledger)
    check(ledger, run.pk)
    polled = caller.get(f"/api/v1/runs/{run.pk}/events").json()
    assert ledger.statuses == {task["id"]: task["status"] for task in polled["tasks"]}
    assert bench.task_run(run, "t300").result == {"status": "completed", "result": 1000}


@pytest.fixture
def scribe(transactional_db: None) -> Iterator[Scribe]:
    """A run that is written at will."""
    made = Scribe()
    try:
        yield made
    finally:
        made.close()


def test_liv_3_a_run_that_ends_while_the_line_is_down(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger()
    with caller.socket(f"/ws/runs/{scribe.run_id}/") as socket:
        ledger.take(receive(socket))
    scribe.write(10)
    scribe.end()
    follow(caller, scribe.run_id, ledger)
    check(ledger, scribe.run_id)


def test_liv_3_a_run_that_ends_while_the_server_is_restarted(caller: Caller, scribe: Scribe, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url(), "APFLOW_DATA_DIR": str(tmp_path)}
    process = WebProcess(tmp_path / "web.log", environment).wait_ready()
    try:
        theirs = Caller(process.host, caller.headers)
        ledger = Ledger()
        with theirs.socket(f"/ws/runs/{scribe.run_id}/") as socket:
            ledger.take(receive(socket))
            process.kill()
            scribe.end()
        process.restart()
        follow(theirs, scribe.run_id, ledger)
        check(ledger, scribe.run_id)
    finally:
        process.discard()


def test_liv_3_a_run_that_ends_between_the_page_and_its_socket(caller: Caller, scribe: Scribe) -> None:
    ledger = Ledger()
    ledger.take(json.loads(caller.get(f"/api/v1/runs/{scribe.run_id}/events").text))
    scribe.end()
    follow(caller, scribe.run_id, ledger)
    check(ledger, scribe.run_id)
