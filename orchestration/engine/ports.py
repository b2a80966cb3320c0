"""What the engine asks of the outside: one Protocol for the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .changes import LateEvent, LogLine, Progress, RunBatch
from .executor_counts import ExecutorCount
from .hook_counts import HookCount
from .hook_plan import HookRules
from .limits import ExecutorLimit, Grant, Release
from .records import RunRecord


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """How a process introduces itself. `lease_seconds` is how long it counts as alive after a heartbeat."""

    name: str
    host: str
    pid: int
    version: str
    slots: int
    executors: list[str]
    lease_seconds: float
    accepts_runs: bool = True
    #: Event and dotted name of each hook that its code registers.
    hooks: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The database's answer to a heartbeat. `known` is False when the worker's row is gone."""

    now: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody asked of a run, oldest first. `task_run` None means the run itself."""

    pk: int
    run_id: str
    kind: str
    task_run: int | None
    data: dict[str, Any]
    reason: str
    requested_by: str | None


@dataclass(frozen=True, slots=True)
class Flush:
    """One group commit: batches of different runs, and what may be lost without harm."""

    batches: list[RunBatch]
    logs: list[LogLine] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)


class Store(Protocol):
    """All that the engine reads and writes. Every method is one short transaction, blocks, and may be called from any
    thread; `write` alone is called from the writer's thread only."""

    def now(self) -> datetime:
        """Return the database's time, which every worker follows."""

    def register_worker(self, info: WorkerInfo, predecessor: str | None = None) -> str:
        """Add a worker and return its id. One that was drained as `predecessor` stays so under the new id.

        Hooks of one that accepts runs are listed from then on.
        """

    def beat(self, worker_id: str, lease_seconds: float, running: int, metrics: dict[str, Any]) -> Heartbeat:
        """Extend a worker's lease, and keep what it says about itself."""

    def offer_executors(self, worker_id: str, executors: Sequence[str]) -> None:
        """Keep what a worker can run."""

    def is_drained(self, worker_id: str) -> bool | None:
        """Tell whether people want this worker to take no runs for now; None when its row is gone."""

    def retire_worker(self, worker_id: str) -> None:
        """Mark a worker as stopped; runs that it still owned are free."""

    def claim_runs(self, worker_id: str, limit: int, only: str | None = None) -> list[RunRecord]:
        """Take over up to `limit` runs that nobody alive owns, each with its next epoch and its tasks."""

    def claimed_runs(self, worker_id: str) -> dict[str, int]:
        """Return the epoch of each run that this worker has claimed and that goes on."""

    def give_back_run(self, worker_id: str, run_id: str, epoch: int) -> bool:
        """Let go of a claimed run, so that anyone may claim it; False when it has ended, or somebody else has it."""

    def open_commands(self, run_ids: Sequence[str]) -> list[Command]:
        """Return commands to these runs that nobody has carried out yet."""

    def write(self, worker_id: str, flush: Flush) -> set[str]:
        """Commit everything in one transaction and return the ids of runs that this worker no longer owns.

        A lost run's batch is left out whole. Writing the same batch twice is harmless.
        """

    def executor_limits(self) -> dict[str, ExecutorLimit]:
        """Return the executors that the installation has decided something about."""

    def acquire_permits(self, worker_id: str, executor: str, wanted: int) -> Grant:
        """Take up to `wanted` permits of a limited executor."""

    def release_permits(self, worker_id: str, releases: Mapping[str, Release]) -> None:
        """Give permits back, and report to the breakers how their attempts ended."""

    def hook_rules(self, known_version: int) -> HookRules | None:
        """Return what the installation has decided about hooks; None when that is what is known already."""

    def add_hook_counts(self, counts: Mapping[int, HookCount]) -> None:
        """Add calls of hooks to what was counted before."""

    def add_executor_counts(self, counts: Mapping[str, ExecutorCount]) -> None:
        """Add ends of task runs, by executor, to what was counted before."""

    def append_event(self, run_id: str, epoch: int, event: LateEvent) -> None:
        """Append an event to a run that has ended, if it is still the one that ended in this epoch."""

    def wait_for_notice(self, timeout_seconds: float) -> bool:
        """Wait until somebody hints at new runs or commands; False after the time. Hints may be lost."""

    def close(self) -> None:
        """Close this thread's connection."""
