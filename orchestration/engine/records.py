"""A run as the store hands it over, and the nodes that the owner keeps in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from .definition import DependencySpec, TaskSpec
from .json_values import encode
from .retry import RetryPolicy
from .status import Status


@dataclass(slots=True)
class TaskRecord:
    """A task run as it stands in the database. JSON columns that only the executor reads stay text."""

    pk: int
    uid: str
    name: str
    executor: str | None
    parent_uid: str | None
    priority: int
    inputs_json: str
    params: dict[str, Any]
    schemas: dict[str, Any]
    dependencies: list[DependencySpec]
    timeout_seconds: float | None
    retry: RetryPolicy
    enabled: bool
    pinned_json: str | None
    status: Status
    result_json: str | None
    error: str | None
    error_type: str | None
    first_cause_uid: str | None
    attempt: int
    uncounted_attempts: int
    worker_losses: int
    next_attempt_at: datetime | None
    started_at: datetime | None
    cancel_reason: str | None
    #: What made the row unreadable, if anything did; such a task fails with it.
    problem: str | None = None

    @classmethod
    def fresh(cls, pk: int, task: TaskSpec) -> TaskRecord:
        """Return the record of a task of which nothing has happened yet."""
        return cls(
            pk=pk,
            uid=task.id,
            name=task.name,
            executor=task.executor,
            parent_uid=task.parent_id,
            priority=task.priority,
            inputs_json=encode(task.inputs),
            params=dict(task.params),
            schemas=dict(task.schemas),
            dependencies=list(task.dependencies),
            timeout_seconds=task.timeout_seconds,
            retry=task.retry,
            enabled=task.enabled,
            pinned_json=None if task.pinned is None else encode(task.pinned["result"]),
            status=Status.PENDING,
            result_json=None,
            error=None,
            error_type=None,
            first_cause_uid=None,
            attempt=0,
            uncounted_attempts=0,
            worker_losses=0,
            next_attempt_at=None,
            started_at=None,
            cancel_reason=None,
        )


@dataclass(slots=True)
class RunRecord:
    """A claimed run."""

    id: str
    epoch: int
    tree_id: str | None
    tree_name: str
    status: Status
    priority: int
    trigger: str
    parameters: dict[str, Any]
    max_concurrency: int | None
    timeout_seconds: float | None
    last_seq: int
    paused: bool
    timed_out: bool
    cancel_reason: str | None
    queued_at: datetime
    started_at: datetime | None
    #: The tags of its tree when it was claimed.
    tags: tuple[str, ...] = ()
    #: Why it is to end as failed, though its tasks are only cancelled; kept in its row until it ends.
    failure: str | None = None
    tasks: list[TaskRecord] = field(default_factory=list)


class Phase(Enum):
    """Where a node is between the statuses of its row."""

    WAITING = "waiting"  # for dependencies
    READY = "ready"  # on the queue
    DELAYED = "delayed"  # for the time of its next attempt
    STARTING = "starting"  # its start is being written
    RUNNING = "running"  # a lane has it
    DONE = "done"


class Node:
    """One task of a run in the owner's memory."""

    __slots__ = (
        *("record", "index", "status", "phase", "attempt", "uncounted", "losses", "unmet", "dependencies"),
        *("dependents", "groups", "children", "is_group", "result_json", "error", "error_type", "first_cause"),
        *("cancel_reason", "ready_token", "priority", "started_at", "readers", "executor", "references"),
        *("permit_of", "is_probe", "is_isolated", "ready_at", "retry"),
    )

    def __init__(self, record: TaskRecord, index: int) -> None:
        self.record = record
        self.index = index
        self.status = record.status
        self.phase = Phase.DONE if record.status.is_terminal else Phase.WAITING
        self.attempt = record.attempt
        self.uncounted = record.uncounted_attempts
        self.losses = record.worker_losses
        self.priority = record.priority
        self.started_at = record.started_at
        self.unmet = 0
        #: Edges by index: (dependency, required), (dependent, required).
        self.dependencies: list[tuple[int, bool]] = []
        self.dependents: list[tuple[int, bool]] = []
        #: The group that waits for this node, and this group's children.
        self.groups: list[int] = []
        self.children: list[int] = []
        self.is_group = False
        self.executor = record.executor
        #: Tasks named in expressions that are no direct dependency.
        self.references: list[int] = []
        self.result_json = record.result_json
        self.error = record.error
        self.error_type = record.error_type
        #: The node that failed first and took this one along; None for its own failure.
        self.first_cause: int | None = None
        self.cancel_reason: str | None = record.cancel_reason
        self.ready_token = 0
        #: What the gate gave to the running attempt: a permit (by the worker's identity that it is of), and whether
        #: that one is a probe, which decides whether its executor's breaker closes.
        self.permit_of: int | None = None
        self.is_probe = False
        #: What the running attempt's retries go by: the task's own policy, or its executor's default.
        self.retry = record.retry
        #: Monotonic seconds at which the node was queued.
        self.ready_at: float | None = None
        self.is_isolated = False
        #: How many nodes may still want this one's result.
        self.readers = 0

    @property
    def counted_attempts(self) -> int:
        """Attempts that the retry policy pays for."""
        return self.attempt - self.uncounted
