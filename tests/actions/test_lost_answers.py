"""An engine whose database commits without being heard, and a machine whose clock is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from orchestration.actions.engines import make_engine
from orchestration.actions.runs import RunRequest, start_spec
from orchestration.engine import engine as engine_module
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.engine import Engine
from orchestration.models import Run
from orchestration.store.clock import database_now

from .conftest import LET_GO, STARTS, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
TREE = TreeSpec("tree", (TaskSpec("a", "a", "gated", {"label": "a"}),))


@pytest.fixture
def made() -> Iterator[Callable[..., Engine]]:
    """Return a function that makes an engine, which is stopped after the test."""
    engines: list[Engine] = []

    def make(**options: Any) -> Engine:
        engines.append(make_engine(slots=2, drain_seconds=0, **options))
        return engines[-1]

    yield make
    LET_GO.add("a")
    for engine in engines:
        engine.stop()


def unheard(call: Callable[..., Any], *, times: int = 1) -> Callable[..., Any]:
    """Make a call whose answers are lost a few times, after what it did was committed."""
    left = [times]

    def lose(*arguments: Any) -> Any:
        answer = call(*arguments)
        if answer and left[0]:
            left[0] -= 1
            raise ConnectionError("the connection broke after the commit")
        return answer

    return lose


def ended(run: Run) -> Run:
    """Let the run's task end, wait for the run's end, and return it as it is then."""
    LET_GO.add("a")
    wait_for(lambda: Run.objects.finished().filter(pk=run.pk).exists())
    return Run.objects.get(pk=run.pk)


def test_runs_of_a_claim_whose_answer_was_lost_are_claimed_again(
    made: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made()
    monkeypatch.setattr(engine._store, "claim_runs", unheard(engine._store.claim_runs))
    run = start_spec(TREE, RunRequest())
    engine.start()
    done = ended(run)
    assert (done.status, done.epoch, STARTS) == ("completed", 2, ["a"])


def test_an_adoption_whose_answer_was_lost_leaves_the_run_to_anyone(
    made: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made(accepts_runs=False)
    monkeypatch.setattr(engine._store, "claim_runs", unheard(engine._store.claim_runs))
    engine.start()
    run = start_spec(TREE, RunRequest(owner=engine.worker_id))
    with pytest.raises(ConnectionError):
        engine.adopt(str(run.pk)).result(20)
    wait_for(lambda: Run.objects.get(pk=run.pk).owner_id is None)


def test_what_waits_to_be_adopted_and_what_is_held_stays(made: Callable[..., Engine]) -> None:
    engine = made(accepts_runs=False)
    engine.start()
    held, waiting = (start_spec(TREE, RunRequest(owner=engine.worker_id)) for _ in range(2))
    engine.adopt(str(held.pk))
    wait_for(lambda: STARTS == ["a"])
    looked: list[Any] = []
    engine._look_for_unheld()
    # Behind the look, and behind what it would have given back.
    engine._control.submit(lambda: None, lambda _, error: engine.loop.post(_behind, engine, looked))
    wait_for(lambda: bool(looked))
    owners = Run.objects.filter(pk__in=[held.pk, waiting.pk]).values_list("owner_id", "epoch").order_by("epoch")
    assert [(str(owner), epoch) for owner, epoch in owners] == [(engine.worker_id, 0), (engine.worker_id, 1)]


def _behind(engine: Engine, looked: list[Any]) -> None:
    engine._control.submit(lambda: None, lambda _, error: looked.append(error))


def test_a_run_that_could_not_be_taken_is_given_back_however_often_that_fails(
    made: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made(accepts_runs=False)
    begin, tries = engine._hooks.begin, [0]

    def trip_once(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(engine._hooks, "begin", begin)
        raise ZeroDivisionError

    def fail_once(*arguments: Any) -> None:
        tries[0] += 1
        if tries[0] == 1:
            raise ConnectionError("no database")
        give_back(*arguments)

    give_back = engine._store.give_back_run
    monkeypatch.setattr(engine._hooks, "begin", trip_once)
    monkeypatch.setattr(engine._store, "give_back_run", fail_once)
    monkeypatch.setattr(engine_module, "UNHELD_SECONDS", 0.05)
    engine.start()
    run = start_spec(TREE, RunRequest(owner=engine.worker_id))
    with pytest.raises(ZeroDivisionError):
        engine.adopt(str(run.pk)).result(20)
    wait_for(lambda: Run.objects.get(pk=run.pk).owner_id is None)
    assert tries[0] >= 2
    engine.adopt(str(run.pk))
    assert ended(run).status == "completed"


def test_a_run_whose_log_went_on_without_its_owner_is_read_anew(made: Callable[..., Engine]) -> None:
    engine = made()
    engine.start()
    run = start_spec(TREE, RunRequest())
    wait_for(lambda: STARTS == ["a"])
    wait_for(lambda: not engine._writing)
    Run.objects.filter(pk=run.pk).update(last_seq=F("last_seq") + 5)
    done = ended(run)
    assert (done.status, done.epoch) == ("completed", 2)


def test_an_adoption_after_the_lease_ran_out_takes_nothing(made: Callable[..., Engine]) -> None:
    engine = made(accepts_runs=False)
    engine.start()
    run = start_spec(TREE, RunRequest(owner=engine.worker_id))
    engine.loop.post(engine.lease_lost)
    with pytest.raises(RuntimeError, match="lease ran out"):
        engine.adopt(str(run.pk)).result(20)
    assert STARTS == []


def test_the_first_claim_goes_by_the_database_s_clock(
    made: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made()
    engine.clock.follow(database_now() - timedelta(hours=1))  # what this machine thinks

    def fail(*arguments: Any) -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr(engine._store, "beat", fail)
    engine.start()
    assert database_now() - engine.clock.now() < timedelta(minutes=30)
