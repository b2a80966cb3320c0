"""What people ask of one task of a live run, and why it may be in vain: one rule for its owner and for onlookers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from .records import Node, Phase
from .run_state import RunState
from .status import Status

#: The answer to a command that did something.
DONE: Final = "done"


def carry_out(state: RunState, node: Node, kind: str, who: str | None, now: datetime) -> str:
    """Retry, skip or start a task now; return DONE, or a sentence on why not."""
    if kind == "retry":
        return DONE if state.retry(node, who, now) else "only a task that failed or was cancelled can be retried"
    if kind == "skip":
        return DONE if state.skip(node, who, now) else "a task that runs or has completed can't be skipped"
    if kind == "run_now":
        return DONE if state.run_now(node, now) else "the task does not wait for the time of a retry"
    return f"this worker doesn't know the command {kind!r} for a task"


def refusal(state: RunState, node: Node, kind: str, now: datetime) -> str | None:
    """Say why a command would do nothing; None when it would do something.

    It is tried out, on a state that was read from rows for looking only and is thrown away.
    """
    node.phase = _phase_of_row(node, now)
    answer = carry_out(state, node, kind, None, now)
    return None if answer == DONE else answer


def _phase_of_row(node: Node, now: datetime) -> Phase:
    if node.status.is_terminal:
        return Phase.DONE
    if node.status is Status.IN_PROGRESS:
        return Phase.RUNNING
    due = node.record.next_attempt_at
    return Phase.DELAYED if due is not None and due > now else Phase.WAITING
