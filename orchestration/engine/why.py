"""Why does a task wait, and why did it not run? One sentence, by the rules that the engine itself goes by.

`explain` reads a `RunState`: the owner's own, or one that was built from the rows of a run for looking only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .limits import ExecutorLimit, own_or_default
from .records import Node, Phase
from .run_state import RunState
from .status import Status


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A live worker. `running` counts its taken slots."""

    name: str
    slots: int
    running: int
    executors: Sequence[str]
    accepts_runs: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """What is around a run at `now`.

    `owner` is the live worker that owns the run, None when nobody does; `held` counts the running attempts of limited
    executors over all workers; `out_of_rate` names executors whose rate is used up; `ahead` counts ready tasks of
    other runs of the same worker that come first.
    """

    now: datetime
    owner: WorkerView | None = None
    workers: Sequence[WorkerView] = ()
    limits: Mapping[str, ExecutorLimit] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    out_of_rate: frozenset[str] = frozenset()
    ahead: int = 0
    runs_ahead: int = 0


#: What `explain` says of a task that nothing holds back.
STARTS_NEXT = "Nothing holds it back: it starts next"


def explain(state: RunState, node: Node, world: World) -> str:
    """Return one sentence on why the task is as it is."""
    if node.status.is_terminal:
        return _explain_end(node)
    if node.status is Status.IN_PROGRESS:
        return _explain_running(node, world)
    for reason in (
        _run_reason(state, world),
        _dependency_reason(state, node, world),
        _group_reason(state, node),
        _retry_reason(node, world),
        _pause_reason(state),
        _executor_reason(node, world),
        _breaker_reason(node, world),
        _limit_reason(state, node, world),
        _slot_reason(state, node, world),
    ):
        if reason is not None:
            return reason
    return STARTS_NEXT


def _explain_end(node: Node) -> str:
    if node.status is Status.COMPLETED:
        if node.record.pinned_json is not None:
            return "Not run: its result is pinned"
        if node.attempt == 0 and not node.is_group:
            return "Not run: its result was taken over from an earlier run"
        return "It ran and completed" if not node.is_group else "All tasks of the group have ended"
    text = node.error or "no reason was given"
    if node.attempt == 0:
        return text if text.startswith("Not run") else f"Not run: {text}"
    word = "failed" if node.status is Status.FAILED else "was cancelled"
    return f"It ran and {word}: {text}"


def _explain_running(node: Node, world: World) -> str:
    if node.cancel_reason is not None:
        return f"Being cancelled: {node.cancel_reason}"
    return f"Running for {_for(node, world.now)}"


def _run_reason(state: RunState, world: World) -> str | None:
    if state.cancel_reason is not None:
        return f"The run is being cancelled: {state.cancel_reason}"
    if world.owner is not None:
        return None
    if not any(worker.accepts_runs for worker in world.workers):
        if world.workers:
            return "No worker takes runs: resume one that is drained, or start another with manage.py worker"
        return "No worker is alive: start one with manage.py worker"
    if world.runs_ahead:
        return f"The run waits for a worker; {_count(world.runs_ahead, 'run is', 'runs are')} ahead of it"
    return "The run waits for a worker, which takes it within a second"


def _dependency_reason(state: RunState, node: Node, world: World) -> str | None:
    waiting = [(state.nodes[index], required) for index, required in node.dependencies]
    waiting = [(upstream, required) for upstream, required in waiting if not upstream.status.is_terminal]
    if not waiting:
        return None
    # What runs is the nearest to its end; then required ones, which may still stop this task.
    upstream, required = min(waiting, key=lambda pair: (pair[0].status is not Status.IN_PROGRESS, not pair[1]))
    kind = "required" if required else "optional"
    doing = f"running for {_for(upstream, world.now)}" if upstream.status is Status.IN_PROGRESS else "not started yet"
    more = f" and {_count(len(waiting) - 1, 'more task', 'more tasks')}" if len(waiting) > 1 else ""
    return f"Waiting for {upstream.record.name!r} ({kind}, {doing}){more}"


def _group_reason(state: RunState, node: Node) -> str | None:
    if not node.is_group:
        return None
    left = sum(not state.nodes[index].status.is_terminal for index in node.children)
    return f"The group ends with its tasks; {_count(left, 'is', 'are')} left" if left else None


def _retry_reason(node: Node, world: World) -> str | None:
    due = node.record.next_attempt_at
    if due is None or node.attempt == 0 or due <= world.now:
        return None
    failures = node.counted_attempts
    seconds = (due - world.now).total_seconds()
    if failures == 0:
        return f"Tried again in {seconds:.0f} s, after its worker was lost"
    retry = own_or_default(node.record.retry, world.limits.get(node.executor or ""))
    return f"Retry {failures} of {retry.max_attempts - 1} in {seconds:.0f} s"


def _pause_reason(state: RunState) -> str | None:
    return "The run is paused" if state.paused else None


def _executor_reason(node: Node, world: World) -> str | None:
    if node.is_group or node.record.pinned_json is not None or not node.record.enabled:
        return None
    if node.executor is None:
        return "It will fail: it names no executor"
    limit = world.limits.get(node.executor)
    if limit is not None and not limit.enabled:
        return f"It will fail: the executor {node.executor!r} is switched off"
    if world.owner is not None and node.executor not in world.owner.executors:
        return f"It will fail: the worker of this run does not offer the executor {node.executor!r}"
    return None


def _breaker_reason(node: Node, world: World) -> str | None:
    limit = world.limits.get(node.executor or "")
    if limit is None or limit.breaker_failures is None or limit.retry_at is None:
        return None
    text = f"The executor {limit.executor!r} failed too often in a row, and its circuit breaker holds it back"
    seconds = (limit.retry_at - world.now).total_seconds()
    if limit.is_probed or seconds <= 0:
        return f"{text}: one task tries it now, and the others wait for how that ends"
    return f"{text}: one task tries it again at {limit.retry_at:%H:%M:%S} UTC, in {seconds_text(seconds)}"


def _limit_reason(state: RunState, node: Node, world: World) -> str | None:
    most = state.record.max_concurrency
    active = sum(other.status is Status.IN_PROGRESS for other in state.nodes)
    if most is not None and active >= most:
        return f"The tree runs at most {_count(most, 'task', 'tasks')} at a time, and that many are running"
    limit = world.limits.get(node.executor or "")
    if limit is None:
        return None
    if limit.max_concurrency is not None and world.held.get(limit.executor, 0) >= limit.max_concurrency:
        return f"The executor {limit.executor!r} is at its limit of {limit.max_concurrency} at a time"
    if limit.executor in world.out_of_rate:
        return f"The executor {limit.executor!r} has used up its rate of {limit.rate_count} in {limit.rate_seconds:g} s"
    return None


def _slot_reason(state: RunState, node: Node, world: World) -> str | None:
    owner = world.owner
    if owner is None or owner.running < owner.slots:
        return None
    ready = [other for other in state.nodes if other is not node and _is_ready(other, world.now)]
    ahead = world.ahead + sum(other.priority < node.priority for other in ready)
    beside = sum(other.priority == node.priority for other in ready)
    if ahead:
        return f"All {owner.slots} slots are taken, and {_count(ahead, 'task', 'tasks')} of higher priority go first"
    if beside:
        others = _count(beside, "other task waits", "other tasks wait")
        return f"All {owner.slots} slots are taken; {others} at the same priority, first come first served"
    return f"All {owner.slots} slots are taken; it is the next to get one"


def _is_ready(node: Node, now: datetime) -> bool:
    due = node.record.next_attempt_at
    waiting = node.status is Status.PENDING and node.unmet == 0 and not node.is_group
    return waiting and node.phase is not Phase.DELAYED and (due is None or due <= now)


def _for(node: Node, now: datetime) -> str:
    if node.started_at is None:
        return "a moment"
    return seconds_text((now - node.started_at).total_seconds())


def seconds_text(seconds: float) -> str:
    """Return a duration as people say it: `0.4 s`, `40 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(seconds, 0.0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
