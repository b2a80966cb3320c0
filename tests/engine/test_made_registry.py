"""The registry while executors come and go, and runs that name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from apflow import BaseTask
from orchestration.engine.definition import DependencySpec, TaskSpec
from orchestration.engine.errors import ExecutorConfigurationError
from orchestration.engine.made import MadeExecutors, Offer, refresh_made
from orchestration.engine.outcome import Outcome
from orchestration.engine.registry import MADE_HERE, ExecutorRegistry
from orchestration.engine.run_state import RunState

from .table import NOW, make_table


def named(name: str, **fields: Any) -> type[BaseTask]:
    """Make a class."""
    return type("Made", (BaseTask,), {"id": name, **fields})


def test_made_ones_are_replaced_as_a_whole_and_code_stays() -> None:
    registry = ExecutorRegistry()
    code = registry.register(named("code"))
    registry.replace_made([named("a"), named("b"), named("code")], "1")
    assert [(spec.id, spec.origin) for spec in registry] == [("a", MADE_HERE), ("b", MADE_HERE), ("code", "user")]
    assert registry.get("code") is code
    before = list(registry)
    registry.replace_made([named("b", version="2")], "2")
    assert [spec.id for spec in registry] == ["b", "code"] and registry.get("b").version == "2"
    assert [spec.id for spec in before] == ["a", "b", "code"], "who has begun to read goes on with what there was"
    assert registry.made_stamp == "2"


def test_hooks_of_a_made_one_outlive_its_change() -> None:
    registry = ExecutorRegistry()
    registry.replace_made([named("a")], "1")
    registry.add_hook("a", "pre_hook", print)
    registry.replace_made([named("a")], "2")
    assert registry.get("a").hooks == {"pre_hook": print}


def test_only_another_stamp_is_taken_over() -> None:
    registry = ExecutorRegistry()
    stored = MadeExecutors("1", [named("a")])
    asked: list[str] = []

    def source(stamp: str) -> MadeExecutors | None:
        asked.append(stamp)
        return None if stamp == stored.stamp else stored

    assert [refresh_made(registry, source), refresh_made(registry, source)] == [True, False]
    assert asked == ["", "1"]


class Told:
    """A store that writes down what a worker tells it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, list[str]]] = []
        self.closed = 0

    def offer_executors(self, worker_id: str, executors: Sequence[str]) -> None:
        """Write it down."""
        self.told.append((worker_id, list(executors)))

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_worker_tells_what_changed_and_survives_a_database_that_is_away() -> None:
    registry, store = ExecutorRegistry(), Told()
    registry.register(named("code"))
    answers: list[Any] = [MadeExecutors("1", [named("a")]), OSError("away"), None]

    def source(stamp: str) -> MadeExecutors | None:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer if isinstance(answer, MadeExecutors) else None

    like_store: Any = store
    offer = Offer(like_store, registry, source)
    for _ in range(3):
        offer.refresh()
        offer.tell("w1")
    offer.tell("w2")
    assert store.told == [("w1", ["a", "code"]), ("w2", ["a", "code"])]
    assert store.closed == 1 and "a" in registry


def test_secrets_of_its_own_are_for_lanes() -> None:
    class Apart(BaseTask):
        """Wants both."""

        secret_names: ClassVar[frozenset[str]] = frozenset({"KEY"})
        isolation = "process"

    with pytest.raises(ExecutorConfigurationError, match=r"Apart\.secret_names can't be had in an isolated process"):
        ExecutorRegistry().register(Apart)


def test_a_run_finds_what_was_made_after_it_was_claimed() -> None:
    registry = ExecutorRegistry()
    registry.register(named("work"))
    edge = (DependencySpec("first"),)
    tasks = [
        TaskSpec("first", "first", "work"),
        TaskSpec("by id", "by id", "late", dependencies=edge),
        TaskSpec("by name", "late", None, dependencies=edge),
        TaskSpec("never", "never", "nothing", dependencies=edge),
    ]
    table = make_table(tasks)
    state = RunState(table.claim(), registry, lambda: 0.5)
    state.begin(NOW)
    (first,) = state.ready
    state.ready.clear()
    state.start(first, NOW)
    registry.replace_made([named("late")], "1")
    state.finish(first, Outcome.completed("null"), None, NOW)
    assert {node.record.uid for node in state.ready} == {"by id", "by name"}
    assert state.by_uid["by name"].executor == "late"
    assert state.by_uid["never"].error_type == "executor_not_found"
