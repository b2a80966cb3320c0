"""What an owner wants written: one `RunBatch` per run and flush, in the shapes that the store's statements take.

Rows are tuples whose JSON parts are already encoded, because this is the engine's hottest path.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from .status import Status


class Start(NamedTuple):
    """`pending -> in_progress`."""

    task_run: int
    attempt: int
    executor: str
    at: datetime


class Completion(NamedTuple):
    """`in_progress -> completed`, the common end."""

    task_run: int
    attempt: int
    result_json: str
    resolved_json: str
    at: datetime


class Move(NamedTuple):
    """Every other transition. `attempt` and `expected` must be what the row holds; None leaves a column as it is."""

    task_run: int
    attempt: int
    expected: Status
    status: Status
    at: datetime
    result_json: str | None = None
    resolved_json: str | None = None
    error: str | None = None
    error_type: str | None = None
    first_cause_uid: str | None = None
    next_attempt_at: datetime | None = None
    uncounted_attempts: int = 0
    worker_losses: int = 0


class Edit(NamedTuple):
    """New definition fields of a task run that has not ended; None leaves a column as it is."""

    task_run: int
    priority: int | None = None
    inputs_json: str | None = None
    cancel_reason: str | None = None


class Attempt(NamedTuple):
    """An attempt that did not end its task."""

    task_run: int
    attempt: int
    reason: str
    error: str
    error_type: str
    started_at: datetime | None
    finished_at: datetime


class Event(NamedTuple):
    """An entry of the run's log."""

    seq: int
    type: str
    task_run: int | None
    data_json: str
    at: datetime


class LateEvent(NamedTuple):
    """An event of a run that has ended already; its place in the log is found when it is written."""

    type: str
    data_json: str
    at: datetime


class LogLine(NamedTuple):
    """A captured line of a task's log."""

    task_run: int
    attempt: int
    level: int
    logger: str
    message: str
    at: datetime


class Progress(NamedTuple):
    """The newest progress of a running attempt, and its inputs when they were resolved meanwhile."""

    task_run: int
    attempt: int
    share: float
    message: str
    resolved_json: str | None


@dataclass(slots=True)
class RunFields:
    """Changed columns of the run itself; None leaves a column as it is."""

    status: Status | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    paused: bool | None = None
    timed_out: bool | None = None
    priority: int | None = None
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None
    release: bool = False


@dataclass(slots=True)
class Segment:
    """Transitions in which no task run occurs twice in one list, so that one statement can make them at once."""

    completions: list[Completion] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)


@dataclass(slots=True)
class RunBatch:
    """All that one run wants written at once. It is written whole or not at all.

    `base_seq` is the run's last event before the batch; with the epoch it is the fence.
    """

    run_id: str
    epoch: int
    base_seq: int
    segments: list[Segment] = field(default_factory=lambda: [Segment()])
    events: list[Event] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    fields: RunFields = field(default_factory=RunFields)
    handled: list[tuple[int, str]] = field(default_factory=list)
    _moved: set[int] = field(default_factory=set)

    @property
    def last_seq(self) -> int:
        """The run's last event once the batch is written."""
        return self.base_seq + len(self.events)

    @property
    def rows(self) -> int:
        """Roughly how many rows the batch writes."""
        return len(self.events) + len(self._moved)

    def event(self, type: str, task_run: int | None, data: dict[str, Any] | int, at: datetime) -> None:
        """Append an event. `data` that is a number is an attempt alone, the commonest case by far."""
        text = f'{{"attempt":{data}}}' if isinstance(data, int) else json.dumps(data)
        self.events.append(Event(self.last_seq + 1, type, task_run, text, at))

    def _segment_for(self, task_run: int) -> Segment:
        """The segment for an end of `task_run`: ends come before starts, so a second change needs a new one."""
        if task_run in self._moved:
            self.segments.append(Segment())
            self._moved = set()
        self._moved.add(task_run)
        return self.segments[-1]

    def complete(self, change: Completion) -> None:
        """Append a completion."""
        self._segment_for(change.task_run).completions.append(change)

    def move(self, change: Move) -> None:
        """Append any other transition."""
        self._segment_for(change.task_run).moves.append(change)

    def start(self, change: Start) -> None:
        """Append a start; it may follow an end of the same task run in the same segment."""
        self.segments[-1].starts.append(change)
        self._moved.add(change.task_run)
