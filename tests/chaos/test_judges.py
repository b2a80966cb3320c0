"""The judges of chaos themselves: what is right passes, and each kind of wrong is named."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.chaos.checker import Checker
from benchmarks.chaos.effects import Effect
from benchmarks.chaos.history import History
from benchmarks.chaos.replay import Replay, RunRow, TaskRow

Event = tuple[int, str, int | None, dict[str, Any]]


def task_row(pk: int, uid: str, **changed: Any) -> TaskRow:
    """A task that completed in its only attempt."""
    values: dict[str, Any] = {
        **{"pk": pk, "uid": uid, "executor": "chaos_quick", "parent_uid": None, "dependencies": []},
        **{"max_attempts": 1, "enabled": True, "status": "completed", "attempt": 1, "uncounted": 0, "losses": 0},
        **{"result": {"status": "completed", "result": 1}, "error": None, "error_type": None},
    }
    return TaskRow(**values | changed)


def good_run() -> RunRow:
    """`b` requires `a`, which was retried once; all went well."""
    events: list[tuple[str, int | None, dict[str, Any]]] = [
        ("run.created", None, {}),
        ("run.started", None, {"epoch": 1}),
        ("task.started", 1, {"attempt": 1}),
        ("task.retrying", 1, {"attempt": 1}),
        ("task.started", 1, {"attempt": 2}),
        ("task.completed", 1, {"attempt": 2}),
        ("task.started", 2, {"attempt": 1}),
        ("task.completed", 2, {"attempt": 1}),
        ("run.completed", None, {}),
    ]
    first = task_row(1, "a", attempt=2, max_attempts=2, result={"status": "completed", "result": 2})
    second = task_row(2, "b", dependencies=[{"id": "a", "required": True}])
    return RunRow(
        id="r",
        status="completed",
        last_seq=len(events),
        has_owner=False,
        cancelled=False,
        max_concurrency=None,
        tasks=[first, second],
        cancelled_at=None,
        events=[(seq, *event) for seq, event in enumerate(events, 1)],
        attempts=[(1, 1, "failed")],
    )


def renumbered(events: list[Event]) -> list[Event]:
    """The same events as 1, 2, 3 …"""
    return [(seq, *event[1:]) for seq, event in enumerate(events, 1)]


def test_a_right_log_passes() -> None:
    assert Replay(good_run()).check() == []


def hole(run: RunRow) -> None:
    """One event is missing."""
    del run.events[3]


def start_before_dependency(run: RunRow) -> None:
    """`b` starts while `a` runs."""
    events = run.events
    events[5], events[6] = events[6], events[5]
    run.events = renumbered(events)


def second_end(run: RunRow) -> None:
    """`a` fails after it completed."""
    run.events.insert(6, (0, "task.failed", 1, {"attempt": 2}))
    run.events = renumbered(run.events)
    run.last_seq += 1


def start_after_cancel(run: RunRow) -> None:
    """A cancel was acknowledged before the last start."""
    run.events.insert(6, (0, "run.cancel_requested", None, {}))
    run.events = renumbered(run.events)
    run.last_seq += 1


def row_disagrees(run: RunRow) -> None:
    """The row has another status than the log."""
    run.tasks[1].status = "failed"


def attempt_row_missing(run: RunRow) -> None:
    """The retried attempt has no row."""
    run.attempts = []


def one_attempt_too_many(run: RunRow) -> None:
    """The policy allowed one attempt."""
    run.tasks[0].max_attempts = 1


def wrong_verdict(run: RunRow) -> None:
    """All tasks completed, and the run failed."""
    run.status = "failed"
    run.events[-1] = (9, "run.failed", None, {})


def owner_left(run: RunRow) -> None:
    """It ended and is still owned."""
    run.has_owner = True


def over_the_limit(run: RunRow) -> None:
    """Two at a time, where one was allowed."""
    run.max_concurrency = 1
    run.tasks[1].dependencies = []
    start_before_dependency(run)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (hole, "events are not 1..8"),
        (start_before_dependency, "while its dependency 'a' was in_progress"),
        (second_end, "which was completed already"),
        (start_after_cancel, "after the run's cancel was acknowledged"),
        (row_disagrees, "the row says failed"),
        (attempt_row_missing, "attempt rows say []"),
        (one_attempt_too_many, "2 counted attempts of 1"),
        (wrong_verdict, "its tasks make it completed"),
        (owner_left, "still has an owner"),
        (over_the_limit, "as number 2 of at most 1"),
    ],
)
def test_each_wrong_is_named(spoil: Callable[[RunRow], None], said: str) -> None:
    run = good_run()
    spoil(run)
    violations = Replay(run).check()
    assert any(said in text for text in violations), violations


def effects_of(*lines: tuple[str, str, int], pid: int = 1) -> list[Effect]:
    """Effects in this order, a moment apart."""
    now = time.monotonic()
    return [
        Effect(what, "r", task, attempt, pid, now + index / 1000) for index, (what, task, attempt) in enumerate(lines)
    ]


GOOD = (("start", "a", 1), ("start", "a", 2), ("end", "a", 2), ("start", "b", 1), ("end", "b", 1))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (GOOD, None),
        ((*GOOD, ("start", "b", 1)), "ran twice"),
        ((*GOOD, ("start", "b", 2)), "its start was never committed"),
        ((GOOD[0], GOOD[1], GOOD[3], GOOD[4], GOOD[2]), "which it requires, had ended"),
        (GOOD[:-1], "never ended its work"),
    ],
)
def test_effects_are_held_against_the_log(lines: tuple[tuple[str, str, int], ...], said: str | None) -> None:
    found = Checker(History(), effects_of(*lines)).check_effects(good_run())
    assert found == [] if said is None else any(said in text for text in found), found


@pytest.mark.parametrize("frozen", [False, True])
def test_user_code_long_after_a_cancel_is_named_unless_its_process_stood_still(frozen: bool) -> None:
    history, run = History(), good_run()
    if frozen:
        history.add_frozen(1, time.monotonic() - 60)
    run.cancelled_at = datetime.fromtimestamp(time.time() - 30, UTC)
    found = Checker(history, effects_of(*GOOD)).check_effects(run)
    assert bool(found) is not frozen, found


def test_what_has_ended_may_not_look_otherwise_later() -> None:
    history = History()
    history.see_ended("task", 1, ("completed", "x"))
    history.see_ended("task", 1, ("completed", "x"))
    assert history.violations == []
    history.see_ended("task", 1, ("failed", "x"))
    assert len(history.violations) == 1
