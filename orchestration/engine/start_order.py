"""In which order the tasks of a tree would start, by the engine's own state and queue."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from .definition import DEFAULT_PRIORITY, TreeSpec
from .outcome import Outcome
from .queue import ReadyQueue
from .records import Node, RunRecord, TaskRecord
from .run_state import RunState
from .status import Status

#: The clock stands still: a forecast knows no durations.
_NOW: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StartOrder:
    """`steps` holds the ids of the tasks that start together, step by step; `never` says why others don't start."""

    steps: list[list[str]] = field(default_factory=list)
    never: dict[str, str] = field(default_factory=dict)


def start_order(spec: TreeSpec, slots: int, known_executors: Container[str]) -> StartOrder:
    """Forecast a run of `spec` on one worker with `slots` free slots.

    Every task is taken to succeed, and to last as long as any other: each step starts what fits, and ends it all.
    """
    state = RunState(_run_record(spec), known_executors)
    queue = ReadyQueue()
    order = StartOrder()
    state.begin(_NOW)
    while started := _start(state, queue, slots):
        order.steps.append([node.record.uid for node in started])
        for node in started:
            state.finish(node, Outcome.completed("null"), None, _NOW)
        queue.unpark_run(state)
    begun = {uid for step in order.steps for uid in step}
    order.never.update((node.record.uid, _why_not(node)) for node in state.nodes if node.record.uid not in begun)
    return order


def _start(state: RunState, queue: ReadyQueue, slots: int) -> list[Node]:
    for node in state.ready:
        queue.push(state, node)
    state.ready.clear()
    started: list[Node] = []
    while len(started) < slots and (entry := queue.pop()) is not None:
        state.start(entry[1], _NOW)
        started.append(entry[1])
    return started


def _why_not(node: Node) -> str:
    if node.is_group:
        return "It is a group: it ends with its tasks"
    if node.record.pinned_json is not None and node.status is Status.COMPLETED:
        return "It has a pinned result"
    return node.error or "Something that it waits for never ends"


def _run_record(spec: TreeSpec) -> RunRecord:
    return RunRecord(
        id="forecast",
        epoch=0,
        tree_id=None,
        tree_name=spec.name,
        status=Status.PENDING,
        priority=DEFAULT_PRIORITY,
        trigger="manual",
        parameters={},
        max_concurrency=spec.max_concurrency,
        timeout_seconds=None,
        last_seq=0,
        paused=False,
        timed_out=False,
        cancel_reason=None,
        queued_at=_NOW,
        started_at=None,
        tasks=[TaskRecord.fresh(index, task) for index, task in enumerate(spec.tasks)],
    )
