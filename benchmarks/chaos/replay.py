"""The event log of one run, folded into states, with every rule that it breaks on the way.

The rules are written down here once more, slowly and independently of the engine: this is the judge, not the player.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from orchestration.engine.retry import MAX_WORKER_LOSSES

TERMINAL: Final = ("completed", "failed", "cancelled")
#: Ends of an attempt that put the task back, and the reason that its TaskAttempt row gives.
PUT_BACK: Final = {"task.retrying": "failed", "task.worker_lost": "worker_lost", "task.handed_back": "handed_back"}
#: Events that may follow the end of what they are about.
AFTERTHOUGHTS: Final = ("task.late_outcome", "task.hooks", "task.hook_failed", "task.lane_blocked", "task.progress")


@dataclass(slots=True)
class TaskRow:
    """What the checker needs of a task run's row."""

    pk: int
    uid: str
    executor: str | None
    parent_uid: str | None
    dependencies: list[dict[str, Any]]
    max_attempts: int
    enabled: bool
    status: str
    attempt: int
    uncounted: int
    losses: int
    result: Any
    error: str | None
    error_type: str | None


@dataclass(slots=True)
class RunRow:
    """What the checker needs of a run's row; `events` are (seq, type, task pk, data).

    `cancelled_at` is when the owner acknowledged a cancel.
    """

    id: str
    status: str
    last_seq: int
    has_owner: bool
    cancelled: bool
    max_concurrency: int | None
    tasks: list[TaskRow]
    cancelled_at: datetime | None
    events: list[tuple[int, str, int | None, dict[str, Any]]]
    attempts: list[tuple[int, int, str]]


@dataclass(slots=True)
class _Folded:
    """A task as its events tell it."""

    status: str = "pending"
    attempt: int = 0
    put_back: list[tuple[int, str]] = field(default_factory=list)


class Replay:
    """Folds one run's events; `violations` says what was wrong."""

    def __init__(self, run: RunRow) -> None:
        self.run = run
        self.violations: list[str] = []
        self.status = "pending"
        self.cancel_requested = False
        self.tasks = {task.pk: _Folded() for task in run.tasks}
        self._rows = {task.pk: task for task in run.tasks}
        self._pk_of = {task.uid: task.pk for task in run.tasks}
        self._children: dict[str, list[int]] = {}
        for task in run.tasks:
            if task.parent_uid is not None:
                self._children.setdefault(task.parent_uid, []).append(task.pk)

    def check(self) -> list[str]:
        """Fold everything, compare it with the rows, and return the violations."""
        self._check_sequence()
        for seq, type, pk, data in self.run.events:
            if type.startswith("run."):
                self._fold_run(seq, type)
            elif pk in self.tasks:
                self._fold_task(seq, type, pk, data)
            else:
                self._say(f"event {seq} {type} names no task of the run")
        self._compare()
        if self.run.status in TERMINAL:
            self._check_end()
        return self.violations

    def _say(self, text: str) -> None:
        self.violations.append(f"run {self.run.id}: {text}")

    def _check_sequence(self) -> None:
        numbers = [event[0] for event in self.run.events]
        if numbers != list(range(1, len(numbers) + 1)):
            self._say(f"events are not 1..{len(numbers)}: {numbers[:50]}")
        if self.run.last_seq != len(numbers):
            self._say(f"last_seq is {self.run.last_seq}, but there are {len(numbers)} events")

    # --- folding ------------------------------------------------------------------------------------------------

    def _fold_run(self, seq: int, type: str) -> None:
        word = type.removeprefix("run.")
        if self.status in TERMINAL:
            self._say(f"event {seq} {type} after the run's end")
        if word == "started":
            if self.status != "pending":
                self._say(f"event {seq}: started again")
            self.status = "in_progress"
        elif word == "taken_over" and self.status != "in_progress":
            self._say(f"event {seq}: taken over before it started")
        elif word in ("cancel_requested", "timed_out"):
            self.cancel_requested = True
        elif word in TERMINAL:
            self.status = word

    def _fold_task(self, seq: int, type: str, pk: int, data: dict[str, Any]) -> None:
        task, row = self.tasks[pk], self._rows[pk]
        name = f"event {seq} {type} of {row.uid!r}"
        if self.status in TERMINAL:
            self._say(f"{name} after the run's end")
        if task.status in TERMINAL and type not in AFTERTHOUGHTS:
            self._say(f"{name}, which was {task.status} already")
        if type == "task.started":
            self._fold_start(name, task, row, data)
        elif type in PUT_BACK:
            self._expect_running(name, task, data)
            task.put_back.append((int(data["attempt"]), PUT_BACK[type]))
            task.status = "pending"
        elif (word := type.removeprefix("task.")) in TERMINAL:
            if task.status == "in_progress":
                self._expect_running(name, task, data)
            children = self._children.get(row.uid, []) if row.executor is None else []
            if word == "completed" and any(self.tasks[child].status not in TERMINAL for child in children):
                self._say(f"{name}, a group, before its children")
            task.status = word

    def _fold_start(self, name: str, task: _Folded, row: TaskRow, data: dict[str, Any]) -> None:
        if task.status != "pending":
            self._say(f"{name} while it was {task.status}")
        if int(data["attempt"]) != task.attempt + 1:
            self._say(f"{name} is attempt {data['attempt']} after {task.attempt}")
        if self.cancel_requested:
            self._say(f"{name} after the run's cancel was acknowledged")
        for edge in row.dependencies:
            upstream = self.tasks[self._pk_of[edge["id"]]].status
            if upstream not in (("completed",) if edge["required"] else TERMINAL):
                self._say(f"{name} while its dependency {edge['id']!r} was {upstream}")
        task.attempt, task.status = int(data["attempt"]), "in_progress"
        limit = self.run.max_concurrency
        running = sum(other.status == "in_progress" for other in self.tasks.values()) if limit else 0
        if limit and running > limit:
            self._say(f"{name} as number {running} of at most {limit}")

    def _expect_running(self, name: str, task: _Folded, data: dict[str, Any]) -> None:
        if task.status != "in_progress" or int(data["attempt"]) != task.attempt:
            self._say(f"{name} of attempt {data['attempt']}, while attempt {task.attempt} was {task.status}")

    # --- comparing ----------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        if self.status != self.run.status:
            self._say(f"events say {self.status}, the row says {self.run.status}")
        attempts: dict[int, set[tuple[int, str]]] = {}
        for pk, number, reason in self.run.attempts:
            attempts.setdefault(pk, set()).add((number, reason))
        for pk, folded in self.tasks.items():
            row = self._rows[pk]
            if (folded.status, folded.attempt) != (row.status, row.attempt):
                said = f"events say {folded.status} at attempt {folded.attempt}"
                self._say(f"task {row.uid!r}: {said}, the row says {row.status} at attempt {row.attempt}")
            if len(set(folded.put_back)) != len(folded.put_back) or set(folded.put_back) != attempts.get(pk, set()):
                rows = sorted(attempts.get(pk, set()))
                self._say(f"task {row.uid!r}: events put back {folded.put_back}, attempt rows say {rows}")
            if row.attempt - row.uncounted > row.max_attempts:
                counted = row.attempt - row.uncounted
                self._say(f"task {row.uid!r} had {counted} counted attempts of {row.max_attempts}")
            if row.losses > MAX_WORKER_LOSSES + 1:
                self._say(f"task {row.uid!r} lost its worker {row.losses} times")
            if row.status == "failed" and not row.error:
                self._say(f"task {row.uid!r} failed without an error")

    def _check_end(self) -> None:
        if self.run.has_owner:
            self._say("has ended and still has an owner")
        for row in self.run.tasks:
            if row.status not in TERMINAL:
                self._say(f"has ended, but task {row.uid!r} is {row.status}")
            failed = [edge["id"] for edge in row.dependencies if edge["required"] and not self._completed(edge["id"])]
            if row.status == "completed" and failed:
                self._say(f"task {row.uid!r} is completed, but what it requires is not: {failed}")
        expected = self._expected_status()
        if self.run.status not in expected:
            self._say(f"is {self.run.status}, but its tasks make it {' or '.join(expected)}")

    def _completed(self, uid: str) -> bool:
        return self._rows[self._pk_of[uid]].status == "completed"

    def _expected_status(self) -> tuple[str, ...]:
        if self.run.cancelled:
            return ("cancelled", "failed")  # failed: the limit of the whole run stopped it
        required: dict[str, bool] = {}
        for row in self.run.tasks:
            for edge in row.dependencies:
                required[edge["id"]] = required.get(edge["id"], False) or edge["required"]
        bad = (row for row in self.run.tasks if row.status != "completed" and row.error_type != "disabled")
        untolerated = any(required.get(row.uid, True) for row in bad)
        return ("failed",) if untolerated else ("completed",)
