"""What people see of a status: a key (which is its colour and its icon) and a word.

The database has five statuses. People also want to tell a task that waits from one that is due, a failure from what
it dragged along, and a retry from a first try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from orchestration.engine.status import Status
from orchestration.models import Run

DEPENDENCY_FAILED: Final = "dependency_failed"

WORDS: Final = {
    "pending": "Pending",
    "waiting": "Waiting",
    "in_progress": "In progress",
    "completed": "Completed",
    "failed": "Failed",
    "blocked": "Blocked",
    "cancelled": "Cancelled",
    "retrying": "Retrying",
    "paused": "Paused",
}

TRIGGERS: Final = dict(Run.Trigger.choices)


@dataclass(frozen=True, slots=True)
class State:
    """A status as it is shown."""

    key: str
    word: str


def plain(key: str) -> State:
    """Return the state of a key, with its usual word."""
    return State(key, WORDS[key])


def of_run(run: Run, *, is_cancelling: bool = False) -> State:
    """Return what a run shows."""
    if run.status in (Status.PENDING, Status.IN_PROGRESS):
        if is_cancelling or run.cancel_requested_at is not None:
            return State("in_progress", "Cancelling")
        if run.paused:
            return plain("paused")
    return plain(run.status)


_BLOCKED = Q(status=Status.FAILED.value, error_type=DEPENDENCY_FAILED)
_RETRYING = Q(status=Status.PENDING.value, attempt__gt=0, next_attempt_at__isnull=False)

#: The states that a run's tasks are filtered by and counted in; together they hold each task once.
TASK_FILTERS: Final = {
    "failed": Q(status=Status.FAILED.value) & ~_BLOCKED,
    "blocked": _BLOCKED,
    "in_progress": Q(status=Status.IN_PROGRESS.value),
    "retrying": _RETRYING,
    "pending": Q(status=Status.PENDING.value) & ~_RETRYING,
    "completed": Q(status=Status.COMPLETED.value),
    "cancelled": Q(status=Status.CANCELLED.value),
}


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What decides the state of a task run."""

    status: str
    error_type: str | None
    attempt: int
    uncounted_attempts: int
    next_attempt_at: datetime | None
    retry: Mapping[str, Any]

    @property
    def is_retrying(self) -> bool:
        """True while a failed attempt is to be followed by another one."""
        return self.status == Status.PENDING and self.attempt > 0 and self.next_attempt_at is not None


def of_task(facts: TaskFacts, *, is_waiting: bool) -> State:
    """Return what a task run shows; `is_waiting` says that tasks it depends on have not ended."""
    if facts.is_retrying:
        attempt = facts.attempt - facts.uncounted_attempts + 1
        return State("retrying", f"Retrying {attempt}/{facts.retry.get('max_attempts', attempt)}")
    if facts.status == Status.FAILED and facts.error_type == DEPENDENCY_FAILED:
        return plain("blocked")
    if facts.status == Status.PENDING and is_waiting:
        return plain("waiting")
    return plain(facts.status)
