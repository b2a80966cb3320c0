"""The statuses of runs and task runs, their sets, and the one table of allowed transitions.

The database's check constraints are generated from this module (`orchestration.models`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What a run or a task run is doing."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """True when nothing will change the status any more."""
        return self in TERMINAL


ACTIVE: Final = frozenset({Status.PENDING, Status.IN_PROGRESS})
TERMINAL: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

#: From each status, where a task run or a run may go. `in_progress -> pending` is a retry, a lost
#: worker or a hand-back; `pending -> completed` is a group, a pinned, skipped or reused result. The only way out of a
#: terminal status is a person's `retry` (or `skip`) of a failed or cancelled task while its run goes on.
TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    Status.PENDING: frozenset({Status.IN_PROGRESS, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.PENDING, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset({Status.PENDING}),
    Status.CANCELLED: frozenset({Status.PENDING}),
}


def can_move(current: Status, target: Status) -> bool:
    """Tell whether `current -> target` is in the table."""
    return target in TRANSITIONS[current]
