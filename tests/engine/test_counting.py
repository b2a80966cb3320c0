"""What an engine counts: ends of task runs by executor, and what could not be written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.engine.changes import Completion, Move, RunBatch
from orchestration.engine.counting import Counting
from orchestration.engine.duration_scale import bucket_of, percentile
from orchestration.engine.executor_counts import BUCKETS, ExecutorCount, ExecutorCounts
from orchestration.engine.hook_counts import HookCount
from orchestration.engine.status import Status

from .table import NOW


def nodes(**executors: str | None) -> Any:
    """Nodes by their keys (`n1`), all of them started a second ago."""
    started = NOW - timedelta(seconds=1)
    return {int(key[1:]): SimpleNamespace(executor=executor, started_at=started) for key, executor in executors.items()}


def test_only_ends_of_what_started_are_counted() -> None:
    batch = RunBatch("run", 1, 0)
    batch.complete(Completion(1, 1, "null", "null", NOW))
    batch.move(Move(2, 3, Status.IN_PROGRESS, Status.FAILED, NOW, error="E"))
    batch.move(Move(3, 1, Status.IN_PROGRESS, Status.CANCELLED, NOW))
    batch.move(Move(4, 0, Status.PENDING, Status.FAILED, NOW, error="Not run"))
    batch.move(Move(5, 1, Status.IN_PROGRESS, Status.PENDING, NOW))
    batch.complete(Completion(6, 1, "null", "null", NOW))
    # Its attempts ended before: it waited for a retry when it was skipped, cancelled or refused.
    for status in (Status.COMPLETED, Status.CANCELLED, Status.FAILED):
        batch.move(Move(4, 2, Status.PENDING, status, NOW))
    counts = ExecutorCounts()
    counts.add(batch, nodes(n1="echo", n2="echo", n3="sleep", n4="echo", n5="echo", n6=None))
    taken = counts.take()
    assert {executor: (count.runs, count.failures) for executor, count in taken.items()} == {
        "echo": (2, 1), "sleep": (1, 0),
    }  # fmt: skip
    assert taken["echo"].buckets[bucket_of(1000, BUCKETS)] == 2
    assert counts.take() == {}
    counts.give_back(taken)
    counts.add(batch, nodes(n1="echo", n2="echo", n3="sleep", n4="echo", n5="echo", n6=None))
    assert (counts.take()["echo"].runs, sum(taken["echo"].buckets)) == (4, 2)


@pytest.mark.parametrize("hours", [0.001, 1, 20])
def test_the_scale_reaches_to_a_day(hours: float) -> None:
    milliseconds = hours * 3_600_000
    buckets = [0] * BUCKETS
    buckets[bucket_of(milliseconds, BUCKETS)] = 1
    assert milliseconds <= (percentile(buckets, 0.95) or 0) <= milliseconds * 1.26
    assert bucket_of(10**12, BUCKETS) == BUCKETS - 1


class Control:
    """Runs what it is given, and keeps what that raised."""

    def __init__(self) -> None:
        self.raised: list[BaseException] = []

    def look(self, name: str, call: Any, answer: Any) -> None:
        """Run it now."""
        try:
            call()
        except ConnectionError as error:
            self.raised.append(error)


class Store:
    """A database that is away at first."""

    def __init__(self) -> None:
        self.is_away = True
        self.hooks: dict[int, HookCount] = {}
        self.executors: dict[str, ExecutorCount] = {}

    def add_hook_counts(self, counts: Mapping[int, HookCount]) -> None:
        """Keep them."""
        self._reach()
        self.hooks.update(counts)

    def add_executor_counts(self, counts: Mapping[str, ExecutorCount]) -> None:
        """Keep them."""
        self._reach()
        self.executors.update(counts)

    def _reach(self) -> None:
        if self.is_away:
            raise ConnectionError


def test_what_can_not_be_written_while_the_database_is_away_is_written_later() -> None:
    counting, control, store = Counting(), Control(), Store()
    counting.use(control, store)  # type: ignore[arg-type]
    batch = RunBatch("run", 1, 0)
    batch.complete(Completion(1, 1, "null", "null", NOW))
    for _ in range(2):
        counting.hooks.add(7, 5, failed=True, slow=True)
        counting.executors.add(batch, nodes(n1="echo"))
        counting.keep()
    assert len(control.raised) == 2 and not store.hooks
    store.is_away = False
    counting.keep()
    counting.keep()
    hook = store.hooks[7]
    assert (hook.runs, hook.errors, hook.slow, sum(hook.buckets)) == (2, 2, 2, 2)
    assert (store.executors["echo"].runs, sum(store.executors["echo"].buckets)) == (2, 2)
