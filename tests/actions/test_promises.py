"""Who waits for the engine and gives up: it alone is gone, and nobody else waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from apflow import clear_config, register_task_tree_hook
from orchestration.engine.attempts import Attempts
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.engine import Engine
from orchestration.engine.hook_plan import HookFacts
from orchestration.engine.job import Job
from orchestration.engine.ports import Flush
from orchestration.engine.records import Node
from orchestration.engine.registry import ExecutorSpec
from orchestration.engine.run_state import RunState
from orchestration.engine.status import Status

from .conftest import LET_GO, STARTS, Live, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
SECONDS = 20
Start = Callable[..., Live]


@pytest.fixture(autouse=True)
def _no_hooks_left_over() -> Iterator[None]:
    clear_config()
    yield
    clear_config()


def tree(*names: str) -> TreeSpec:
    """Make a tree of gated tasks, each after the one before it."""
    before = (None, *names)
    tasks = (
        TaskSpec(name, name, "gated", {"label": name}, dependencies=(DependencySpec(upstream),) if upstream else ())
        for name, upstream in zip(names, before, strict=False)
    )
    return TreeSpec("tree", tuple(tasks))


@pytest.fixture
def closed_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Engine], threading.Event]]:
    """Return a function that lets an engine write nothing until the event that it returns is set."""
    doors: list[threading.Event] = []

    def close(engine: Engine) -> threading.Event:
        door, write = threading.Event(), engine._store.write
        doors.append(door)

        def write_behind_it(worker_id: str, flush: Flush) -> set[str]:
            door.wait(SECONDS)
            return write(worker_id, flush)

        monkeypatch.setattr(engine._store, "write", write_behind_it)
        return door

    yield close
    for door in doors:
        door.set()


def end_and_start_in_one_commit(live: Start, close: Callable[[Engine], threading.Event]) -> tuple[Live, Live]:
    """Have one run end and another one start its task in the same commit; return both."""
    ending = live(tree("a"))
    wait_for(lambda: STARTS == ["a"])
    engine = ending.engine
    door = close(engine)
    occupied = live(tree("c"))  # what is written of it keeps the writer busy
    wait_for(lambda: engine._writing and engine._holdings.get(str(occupied.run.pk)) is not None)
    starting = live(tree("b"))
    wait_for(lambda: _active(starting) == 1)
    LET_GO.add("a")
    wait_for(lambda: _held(ending).state.status is Status.COMPLETED)
    door.set()
    return ending, starting


def _held(run: Live) -> Any:
    return run.engine._holdings.get(str(run.run.pk))


def _active(run: Live) -> int:
    held = _held(run)
    return held.state.active if held else 0


def test_a_waiter_that_gave_up_keeps_no_other_run_from_starting(
    live: Start, closed_door: Callable[[Engine], threading.Event]
) -> None:
    cancels: list[bool] = []

    def give_up(run: Live) -> Live:
        cancels.append(run.ended.cancel())
        return run

    ending, starting = end_and_start_in_one_commit(lambda spec: give_up(live(spec)), closed_door)
    wait_for(lambda: "b" in STARTS)
    LET_GO.update("bc")
    wait_for(lambda: starting.statuses() == {"b": "completed"})
    assert ending.statuses() == {"a": "completed"}
    assert cancels == [False] * 3


def test_a_start_that_trips_the_engine_fails_alone(live: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Attempts._make_job

    def trip(attempts: Attempts, state: RunState, node: Node, spec: ExecutorSpec) -> Job:
        if node.record.name == "a":
            raise ZeroDivisionError("of our own")
        return make(attempts, state, node, spec)

    monkeypatch.setattr(Attempts, "_make_job", trip)
    LET_GO.add("b")
    both = live(TreeSpec("two", tuple(TaskSpec(name, name, "gated", {"label": name}) for name in "ab")))
    assert both.end().status == "failed"
    assert both.statuses() == {"a": "failed", "b": "completed"}
    assert both.task("a").error == "ZeroDivisionError: of our own" and STARTS == ["b"]


def test_a_run_whose_end_trips_the_engine_keeps_no_other_run_from_starting(
    live: Start, closed_door: Callable[[Engine], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(engine: Engine) -> threading.Event:
        end = engine._hooks.end

        def trip_once(*arguments: Any) -> None:
            monkeypatch.setattr(engine._hooks, "end", end)
            raise ZeroDivisionError

        monkeypatch.setattr(engine._hooks, "end", trip_once)
        return closed_door(engine)

    ending, starting = end_and_start_in_one_commit(live, close)
    with pytest.raises(RuntimeError, match="hooks of the run's end"):
        ending.ended.result(SECONDS)
    wait_for(lambda: "b" in STARTS)
    LET_GO.update("bc")
    assert starting.end().status == "completed"


def test_hooks_of_an_end_that_nobody_waits_for_come_to_their_end(live: Start) -> None:
    called = threading.Event()
    register_task_tree_hook("on_tree_completed")(lambda *arguments: called.set())
    run = live(tree("a"))
    run.ended.cancel()
    LET_GO.add("a")
    assert called.wait(SECONDS)
    wait_for(lambda: not run.engine._hooks.is_calling())


def test_hooks_of_a_creation_that_nobody_waits_for_answer_all_the_same(live: Start) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(*arguments: Any) -> None:
        begun.set()
        go_on.wait(SECONDS)

    register_task_tree_hook("on_tree_created")(wait)
    engine = live(tree("a")).engine
    created = engine.tree_created(SimpleNamespace(), HookFacts("", "tree", ()))
    assert begun.wait(SECONDS)
    created.cancel()
    go_on.set()
    assert created.result(SECONDS) is None


def test_an_edit_that_nobody_waits_for_holds_up_no_other(
    live: Start, closed_door: Callable[[Engine], threading.Event]
) -> None:
    run = live(tree("a", "b", "c"))
    wait_for(lambda: STARTS == ["a"])
    door = closed_door(run.engine)
    job: Any = SimpleNamespace(run=_held(run).state)
    first, second = (run.engine.edit(job, job.run.by_uid[uid], 0, None) for uid in ("b", "c"))
    first.cancel()
    door.set()
    assert second.result(SECONDS) is None
    assert (run.task("b").priority, run.task("c").priority) == (0, 0)
