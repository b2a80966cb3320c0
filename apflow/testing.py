"""For tests of executors: run one through the engine's own steps, without a database and without Django."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from orchestration.engine.base import BaseTask
from orchestration.engine.clock import FakeClock, SystemClock
from orchestration.engine.definition import TaskSpec
from orchestration.engine.hook_calls import HookCaller
from orchestration.engine.hook_counts import HookCounts
from orchestration.engine.hook_plan import HookPlan, no_webhooks
from orchestration.engine.hooks import HookRegistry
from orchestration.engine.inputs import InputSources
from orchestration.engine.isolation import ProcessPool
from orchestration.engine.job import Job, install_capture
from orchestration.engine.json_values import decode, encode
from orchestration.engine.lanes import ThreadPool
from orchestration.engine.records import RunRecord, TaskRecord
from orchestration.engine.registry import ExecutorRegistry, default_registry
from orchestration.engine.run_state import RunState
from orchestration.engine.runner import Runner
from orchestration.engine.status import Status

__all__ = ["ExecutorResult", "FakeClock", "run_executor"]


@dataclass(frozen=True, slots=True)
class ExecutorResult:
    """What became of one attempt. `result` is what the executor returned; `progress` is the last share and message."""

    status: str
    result: Any
    error: str | None
    error_type: str | None
    inputs: dict[str, Any]
    progress: tuple[float, str]
    logs: list[str] = field(default_factory=list)


async def run_executor(
    executor: type[BaseTask] | str,
    inputs: dict[str, Any],
    *,
    params: dict[str, Any] | None = None,
    timeout_seconds: float | None = None,
) -> ExecutorResult:
    """Run one attempt of an executor (a class, or the id of a registered one) and return what became of it.

    Expressions in the inputs are resolved, schemas are checked, timeouts and exceptions are handled as in a run; no
    hooks are called. Raises ExecutorNotFoundError for an id that is not registered.

    Example::

        outcome = await run_executor(Greeter, {"name": "Ada"})
        assert outcome.status == "completed"
        assert outcome.result["result"] == {"greeting": "Hello, Ada"}
    """
    registry = default_registry
    if not isinstance(executor, str):
        registry = ExecutorRegistry()
        executor = registry.register(executor).id
    job = _job(registry, executor, inputs, params or {}, timeout_seconds)
    install_capture()
    threads = ThreadPool()
    processes = ProcessPool(threads, "", SystemClock())
    plan, caller = HookPlan(HookRegistry()), HookCaller(threads, no_webhooks, HookCounts())
    runner = Runner(plan, caller, threads, processes, lambda job, view: None)
    try:
        # A task of its own, so that the context variables of the attempt do not leak into the test.
        outcome = await asyncio.create_task(runner.run(job))
    finally:
        processes.close()
    return ExecutorResult(
        status=outcome.status.value,
        result=None if outcome.result_json is None else decode(outcome.result_json),
        error=outcome.error,
        error_type=outcome.error_type,
        inputs=decode(job.resolved_json) if job.resolved_json else {},
        progress=(job.share, job.message),
        logs=[line.message for line in job.take_lines()],
    )


def _job(
    registry: ExecutorRegistry, executor: str, inputs: dict[str, Any], params: dict[str, Any], timeout: float | None
) -> Job:
    spec = registry.get(executor)
    now = datetime.now(UTC)
    defined = TaskSpec("task", executor, executor, params=params, timeout_seconds=timeout)
    inputs_json = encode(inputs, "the inputs")
    task = replace(TaskRecord.fresh(1, defined), inputs_json=inputs_json, attempt=1, started_at=now)
    run = RunRecord(
        id="run",
        epoch=1,
        tree_id=None,
        tree_name=executor,
        status=Status.IN_PROGRESS,
        priority=2,
        trigger="sdk",
        parameters={},
        max_concurrency=None,
        timeout_seconds=None,
        last_seq=0,
        paused=False,
        timed_out=False,
        cancel_reason=None,
        queued_at=now,
        started_at=now,
        tasks=[task],
    )
    state = RunState(run, registry)
    return Job(
        run=state,
        node=state.nodes[0],
        attempt=1,
        spec=spec,
        sources=InputSources(own=inputs, run={"id": "run", "tree": executor}),
        params=params,
        timeout_seconds=timeout or spec.timeout_seconds,
        may_retry=False,
        clock=SystemClock(),
        on_news=lambda job: None,
    )
