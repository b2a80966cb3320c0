"""The engine: one thread that owns runs. It claims, decides, hands jobs to lanes and flushes to the writer.

The loop takes messages from one inbox, so all state is touched by one thread and needs no locks. User code never runs
in it, and it never waits for the database: claims and commands are fetched by a control thread, writes by the writer,
the lease is kept by the heartbeat thread.
"""

from __future__ import annotations

import heapq
import logging
import os
import random
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final

from .changes import LogLine, Progress
from .clock import SystemClock
from .hook_repository import HookRepository, Queries
from .hooks import HookRegistry, default_hooks, hook_name
from .isolation import KILL_AFTER_SECONDS, ProcessPool
from .job import Job, install_capture
from .lanes import AsyncLane, Lanes, ThreadPool
from .limits import ExecutorLimit, Gate, Grant, executor_key
from .outcome import Outcome
from .ports import Command, Flush, Store, WorkerInfo
from .queue import ReadyQueue
from .records import Node, Phase, RunRecord
from .registry import ExecutorRegistry, default_registry
from .run_state import RunState
from .runner import CANCEL_GRACE_SECONDS, HookTask, Moment, Runner
from .status import Status
from .threads import ControlThread, HeartbeatThread, ListenThread
from .writer import Writer

logger = logging.getLogger("apflow.engine")

#: Rows of one flush; what is over it waits for the next.
MAX_FLUSH_ROWS: Final = 4_000
#: Seconds between looks for news of running tasks, and of blocked lanes.
NEWS_SECONDS: Final = 0.25
WATCH_SECONDS: Final = 0.1
#: Seconds between polls; NOTIFY makes them mostly needless and never trusted.
POLL_SECONDS: Final = 1.0
#: Seconds that a child of an isolated attempt may take to load the executors.
CHILD_START_SECONDS: Final = 60.0
#: Seconds between two requests for permits that were not to be had.
PERMIT_SECONDS: Final = 0.25
#: Seconds that the engine gives a lane beyond a timeout or a cancel before it ends the attempt without it.
OVERDUE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine behaves.

    `accepts_runs` False claims only runs that `adopt` names; `max_runs` bounds how many runs are held at once;
    `child_setup` is the `module:function` that loads the executors in the children of isolated attempts.
    """

    slots: int = 40
    lease_seconds: float = 10.0
    drain_seconds: float = 30.0
    accepts_runs: bool = True
    max_runs: int = 200
    name: str = ""
    version: str = "0"
    child_setup: str = ""


@dataclass(slots=True)
class _Held:
    """A run that this engine owns, and who waits for its end."""

    state: RunState
    ended: Future[Status] = field(default_factory=Future)
    dirty: bool = True


class Engine:
    """One engine. `start` and `stop` may be called from any thread; everything else happens in its own."""

    def __init__(
        self,
        store: Store,
        queries: Queries,
        options: EngineOptions | None = None,
        *,
        registry: ExecutorRegistry = default_registry,
        hooks: HookRegistry = default_hooks,
        around_thread: Callable[[], None] = lambda: None,
    ) -> None:
        self.options = options or EngineOptions()
        self.clock = SystemClock()
        self.worker_id = ""
        #: Group commits so far.
        self.flushes = 0
        self._store = store
        self._queries = queries
        self._registry = registry
        self._hooks = hooks
        self._around_thread = around_thread
        self._inbox: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = count()
        self._held: dict[str, _Held] = {}
        self._adopting: dict[str, Future[Status]] = {}
        self._gate = Gate(registry)
        self._queue = ReadyQueue(self._gate.admit)
        self._asking: set[str] = set()
        self._jobs: dict[int, Job] = {}
        self._news: set[Job] = set()
        self._late_lines: list[LogLine] = []
        self._busy = 0
        self._writing = False
        self._claiming = False
        self._claim_again = False
        self._edits: list[tuple[RunState, Future[None]]] = []
        self._draining = False
        self._stopped = threading.Event()
        self._random = random.Random()  # noqa: S311 - jitter, no secret

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Register the worker and start all threads."""
        install_capture()
        self.info = WorkerInfo(
            name=self.options.name or f"{socket.gethostname()}:{os.getpid()}",
            host=socket.gethostname(),
            pid=os.getpid(),
            version=self.options.version,
            slots=self.options.slots,
            executors=[spec.id for spec in self._registry],
            lease_seconds=self.options.lease_seconds,
            accepts_runs=self.options.accepts_runs,
        )
        self.worker_id = self._store.register_worker(self.info)
        self._gate.limits = self._store.executor_limits()
        self._store.close()
        self.threads = ThreadPool(self._around_thread)
        self._processes = ProcessPool(self.threads, self.options.child_setup, self.clock)
        runner = Runner(
            self._hooks, self.threads, self._processes, lambda job, view: HookRepository(self, job, view, self._queries)
        )
        self._runner = runner
        self._lanes = Lanes(
            runner,
            lambda job, outcome: self._post(self._on_outcome, job, outcome),
            self._on_blocked,
        )
        self._writer = Writer(self._store, self.worker_id, lambda *said: self._post(self._on_written, *said))
        self._control = ControlThread(self._store)
        self._heartbeat = HeartbeatThread(self._store, self, self.options.lease_seconds)
        self._listen = ListenThread(self._store, lambda: self._post(self._look)) if self.options.accepts_runs else None
        self._thread = threading.Thread(target=self._serve, name="apflow-engine", daemon=True)
        self._thread.start()

    def stop(self, drain_seconds: float | None = None) -> None:
        """Stop in good order: claim no more, let running tasks finish until the limit, hand the runs back."""
        seconds = self.options.drain_seconds if drain_seconds is None else drain_seconds
        self._post(self._begin_drain, seconds)
        self._stopped.wait(seconds + 10)
        self._heartbeat.stop()
        if self._listen is not None:
            self._listen.stop()
        self._control.stop()
        self._writer.stop(5)
        self._lanes.close()
        self._processes.close()
        try:
            self._store.retire_worker(self.worker_id)
        except Exception:  # noqa: BLE001 - without a database the lease runs out by itself
            logger.warning("the worker could not sign off; its lease will run out")
        self._store.close()

    def hurry(self) -> None:
        """Cut a drain short: what still runs is given up and handed back at once."""
        self._post(self._give_up)

    def adopt(self, run_id: str) -> Future[Status]:
        """Claim one run by its id; the future ends with the run."""
        future: Future[Status] = Future()
        self._post(self._adopt, run_id, future)
        return future

    def poke(self) -> None:
        """Look for commands and runs now: somebody in this process has just left one."""
        self._post(self._look)

    def tree_created(self, root: Any) -> Future[None] | None:
        """Call the `on_tree_created` hooks; None when there are none."""
        hooks = self._hooks.of("on_tree_created")
        if not hooks:
            return None
        future: Future[None] = Future()
        self._lanes.call(lambda: self._call_hooks(hooks, (root,), lambda: future.set_result(None)))
        return future

    @property
    def is_stopped(self) -> bool:
        """True once the engine's loop has ended."""
        return self._stopped.is_set()

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return self._busy

    def _post(self, call: Callable[..., None], *arguments: Any) -> None:
        self._inbox.put((call, arguments))

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run a call in the engine's thread; for the engine's own side threads."""
        self._post(call, *arguments)

    # --- the loop -----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        self._every(NEWS_SECONDS, self._collect_news)
        self._every(WATCH_SECONDS, self._watch_lanes)
        self._every(POLL_SECONDS, self._look)
        self._every(POLL_SECONDS, self._fetch_limits)
        self._look()
        while not self._stopped.is_set():
            try:
                self._turn()
            except Exception:
                # A bug of ours must not stop heartbeats and other runs in silence: say it, and go on.
                logger.exception("the engine's loop raised; going on")

    def _turn(self) -> None:
        self._take_messages()
        self._fire_timers()
        self._start_ready()
        self._settle_permits()
        self._flush()
        self._end_drain_when_idle()

    def _take_messages(self) -> None:
        try:
            call, arguments = self._inbox.get(timeout=self._wait_seconds())
            while True:
                call(*arguments)
                call, arguments = self._inbox.get_nowait()
        except Empty:
            return

    def _wait_seconds(self) -> float:
        if not self._timers:
            return POLL_SECONDS
        return max(self._timers[0][0] - self.clock.monotonic(), 0.0)

    def _fire_timers(self) -> None:
        now = self.clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.clock.monotonic() + max(seconds, 0.0), next(self._sequence), call))

    def _every(self, seconds: float, call: Callable[[], None]) -> None:
        def again() -> None:
            self._later(seconds, again)
            call()

        self._later(seconds, again)

    # --- claiming -----------------------------------------------------------------------------------------------

    def _adopt(self, run_id: str, future: Future[Status]) -> None:
        self._adopting[run_id] = future
        self._control.submit(
            lambda: self._store.claim_runs(self.worker_id, 1, run_id),
            lambda records, error: self._post(self._on_adopted, run_id, records, error),
        )

    def _on_adopted(self, run_id: str, records: list[RunRecord] | None, error: Exception | None) -> None:
        future = self._adopting.pop(run_id)
        if error is not None:
            future.set_exception(error)
        elif not records:
            future.set_exception(RuntimeError(f"run {run_id} is finished, or another worker has it"))
        else:
            self._take(records[0], future)

    def _look(self) -> None:
        """Look for runs to claim and commands to carry out."""
        self._fetch_commands()
        room = self.options.max_runs - len(self._held)
        if not self.options.accepts_runs or self._draining or room <= 0 or self._busy_ahead():
            return
        if self._claiming:
            self._claim_again = True
            return
        self._claiming = True
        limit = min(room, max(self.options.slots, 10))
        self._control.submit(
            lambda: self._store.claim_runs(self.worker_id, limit),
            lambda records, error: self._post(self._on_claimed, records, error),
        )

    def _busy_ahead(self) -> bool:
        """Enough is queued here already; leave the rest to other workers."""
        return self._busy + len(self._queue) >= self.options.slots * 2

    def _on_claimed(self, records: list[RunRecord] | None, error: Exception | None) -> None:
        self._claiming = False
        if error is not None:
            logger.warning("claiming failed: %s", error)
            return
        for record in records or ():
            self._take(record, Future())
        if records or self._claim_again:
            self._claim_again = False
            self._look()

    def _take(self, record: RunRecord, ended: Future[Status]) -> None:
        state = RunState(record, self._registry, self._random.random)
        held = _Held(state, ended)
        self._held[state.id] = held
        logger.info("run %s claimed (epoch %d, %d tasks)", state.id, state.epoch, len(state.nodes))
        if state.status is Status.PENDING:
            self._tree_hooks(state, "on_tree_started")
        state.begin(self.clock.now())
        self._after(state)
        self._limit_run(state)

    def _limit_run(self, state: RunState) -> None:
        """Stop a run that takes longer than its tree allows; the time counts from its first start."""
        limit = state.record.timeout_seconds
        if limit is None:
            return
        begun = state.record.started_at or self.clock.now()
        left = limit - (self.clock.now() - begun).total_seconds()
        self._later(left, lambda: self._time_out_run(state))

    def _time_out_run(self, state: RunState) -> None:
        if self._owns(state) and not state.status.is_terminal:
            self._stop_nodes(state.time_out(self.clock.now()))
            self._after(state)

    def _after(self, state: RunState) -> None:
        """Take over what a change of a run's state brought: ready nodes, delays, things to write."""
        for node in state.ready:
            self._queue.push(state, node)
        state.ready.clear()
        for node, due in state.delayed:
            seconds = (due - self.clock.now()).total_seconds()
            token = node.ready_token
            self._later(seconds, lambda node=node, token=token: self._wake(state, node, token))  # type: ignore[misc]
        state.delayed.clear()
        held = self._held.get(state.id)
        if held is not None and held.state is state:
            held.dirty = True

    def _wake(self, state: RunState, node: Node, token: int) -> None:
        if self._owns(state):
            state.wake(node, token, self.clock.now())
            self._after(state)

    def _owns(self, state: RunState) -> bool:
        held = self._held.get(state.id)
        return held is not None and held.state is state

    # --- starting tasks -----------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        if self._draining:
            return
        now = self.clock.now()
        while self._busy < self.options.slots:
            popped = self._queue.pop()
            if popped is None:
                return
            state, node = popped
            if not self._owns(state):
                self._leave_gate(node)
            elif not self._gate.is_enabled(node.executor or ""):
                self._refuse(state, node)
            else:
                self._busy += 1
                state.start(node, now)
                self._held[state.id].dirty = True

    def _refuse(self, state: RunState, node: Node) -> None:
        text = f"The executor {node.executor!r} is switched off; an administrator can switch it on"
        state.refuse(node, Outcome.failed(text, "executor_disabled"), self.clock.now())
        self._after(state)

    def _free(self, node: Node) -> None:
        """A slot is free again, with whatever else the node took to start."""
        self._busy -= 1
        self._leave_gate(node)

    def _leave_gate(self, node: Node) -> None:
        for key in self._gate.leave(node):
            self._queue.unpark(key, 1)

    def _settle_permits(self) -> None:
        """Give back what is not needed, and ask for what waiting nodes need."""
        for executor, limit in self._gate.limits.items():
            key = executor_key(executor)
            if not limit.enabled or not limit.is_limited:
                self._queue.unpark(key)
                continue
            waiting = self._queue.parked(key)
            if not waiting:
                self._gate.drop_unused(executor)
            elif executor not in self._asking and not self._draining:
                self._asking.add(executor)
                self._ask(executor, min(waiting, self.options.slots - self._busy))
        releases = self._gate.take_releases()
        if releases:
            worker_id = self.worker_id
            self._control.submit(lambda: self._store.release_permits(worker_id, releases), lambda _, error: None)

    def _ask(self, executor: str, wanted: int) -> None:
        if wanted <= 0:
            self._asking.discard(executor)
            return
        worker_id = self.worker_id
        self._control.submit(
            lambda: self._store.acquire_permits(worker_id, executor, wanted),
            lambda grant, error: self._post(self._on_grant, executor, worker_id, grant),
        )

    def _on_grant(self, executor: str, worker_id: str, grant: Grant | None) -> None:
        if grant is not None and grant.granted and worker_id == self.worker_id:
            self._gate.add_permits(executor, grant.granted)
            self._queue.unpark(executor_key(executor), grant.granted)
            self._asking.discard(executor)
            return
        # Ask again when the rate allows it, or in a while: a permit that another worker gives back is hinted at.
        wait = grant.wait_seconds if grant is not None and grant.wait_seconds is not None else PERMIT_SECONDS
        self._later(wait, lambda: self._asking.discard(executor))

    def _fetch_limits(self) -> None:
        self._control.submit(
            self._store.executor_limits,
            lambda limits, error: self._post(self._on_limits, limits),
        )

    def _on_limits(self, limits: dict[str, ExecutorLimit] | None) -> None:
        if limits is not None:
            for executor in self._gate.limits.keys() - limits.keys():
                self._queue.unpark(executor_key(executor))
            self._gate.limits = limits

    def _launch(self, started: list[tuple[RunState, Node]]) -> None:
        """The starts are committed: let the lanes run them."""
        jobs = []
        for state, node in started:
            if node.phase is not Phase.STARTING:
                continue
            node.phase = Phase.RUNNING
            if node.cancel_reason is not None:
                self._finish_unstarted(state, node)
                continue
            jobs.append(self._make_job(state, node))
        if jobs:
            self._lanes.submit(jobs)

    def _make_job(self, state: RunState, node: Node) -> Job:
        spec = self._registry.get(node.executor or "")
        record = node.record
        timeout = record.timeout_seconds or spec.timeout_seconds
        job = Job(
            run=state,
            node=node,
            attempt=node.attempt,
            spec=spec,
            sources=state.sources(node),
            params={key: value for key, value in record.params.items() if key != "executor_id"},
            timeout_seconds=timeout,
            may_retry=record.retry.allows_another(node.counted_attempts),
            clock=self.clock,
            on_news=self._news.add,
        )
        self._jobs[record.pk] = job
        if timeout is not None:
            grace = OVERDUE_SECONDS if spec.isolation == "lane" else CHILD_START_SECONDS + KILL_AFTER_SECONDS
            self._later(timeout + grace, lambda: self._overdue(job, Outcome.timed_out(timeout)))
        return job

    def _finish_unstarted(self, state: RunState, node: Node) -> None:
        self._free(node)
        state.finish(node, Outcome.cancelled(node.cancel_reason or ""), None, self.clock.now())
        self._after(state)

    # --- the end of attempts ------------------------------------------------------------------------------------

    def _on_outcome(self, job: Job, outcome: Outcome) -> None:
        """A lane reports the end of an attempt; one that is not awaited any more is dropped."""
        if job.over:
            self._late(job, outcome)
            return
        job.over = True
        self._lanes.forget(job)
        self._jobs.pop(job.node.record.pk, None)
        self._free(job.node)
        self._news.discard(job)
        self._late_lines.extend(job.take_lines())
        state = job.run
        if not self._owns(state):
            return
        now = self.clock.now()
        for hook, error in job.hook_failures:
            state.note("task.hook_failed", job.node, {"hook": hook, "error": error}, now)
        state.finish(job.node, outcome, job.resolved_json, now)
        self._queue.unpark_run(state)
        self._after(state)

    def _late(self, job: Job, outcome: Outcome) -> None:
        logger.warning(
            "run %s task %s: attempt %d ended late as %s; its outcome is discarded",
            job.run_id, job.task_id, job.attempt, outcome.status,
        )  # fmt: skip
        if self._owns(job.run) and not job.run.status.is_terminal:
            data = {"attempt": job.attempt, "status": outcome.status.value}
            job.run.note("task.late_outcome", job.node, data, self.clock.now())
            self._held[job.run_id].dirty = True

    def _overdue(self, job: Job, outcome: Outcome) -> None:
        """The lane did not end the attempt in time (blocking code): end it without the lane."""
        if job.over:
            return
        self._lanes.cancel(job)
        self._on_outcome(job, outcome)

    def _stop_nodes(self, nodes: list[Node]) -> None:
        for node in nodes:
            job = self._jobs.get(node.record.pk)
            if job is not None and not job.cancel_requested.is_set():
                self._lanes.cancel(job)
                outcome = Outcome.cancelled(node.cancel_reason or "The task was cancelled")
                self._later(CANCEL_GRACE_SECONDS + OVERDUE_SECONDS, lambda job=job, o=outcome: self._overdue(job, o))  # type: ignore[misc]

    def _on_blocked(self, lane: AsyncLane, job: Job | None) -> None:
        if job is None or not self._owns(job.run):
            logger.warning("%s is blocked by code that belongs to no task", lane.name)
            return
        logger.warning(
            "run %s task %s blocks %s: its async code does not await; other tasks go elsewhere",
            job.run_id, job.task_id, lane.name,
        )  # fmt: skip
        job.run.note("task.lane_blocked", job.node, {"attempt": job.attempt, "lane": lane.name}, self.clock.now())
        self._held[job.run_id].dirty = True

    def _watch_lanes(self) -> None:
        self._lanes.watch()

    # --- writing ------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Hand everything that waits to the writer, if it is free."""
        if self._writing:
            return
        batches, rows = [], 0
        for held in self._held.values():
            if not held.dirty:
                continue
            if rows > MAX_FLUSH_ROWS:
                break
            held.dirty = False
            if held.state.has_changes():
                batch = held.state.take_batch()
                rows += batch.rows
                batches.append(batch)
        logs, self._late_lines = self._late_lines, []
        progress = self._take_progress()
        if batches or logs or progress:
            self._writing = True
            self.flushes += 1
            self._writer.submit(Flush(batches, logs, progress))

    def _on_written(self, flush: Flush, lost: set[str] | None) -> None:
        self._writing = False
        if lost is None:
            return
        started: list[tuple[RunState, Node]] = []
        for batch in flush.batches:
            held = self._held.get(batch.run_id)
            if held is None:
                continue
            if batch.run_id in lost:
                self._lose(held)
                continue
            for segment in batch.segments:
                started.extend((held.state, held.state.by_pk[start.task_run]) for start in segment.starts)
            if batch.fields.release:
                self._release(held)
        self._launch(started)
        self._answer_edits()

    def _answer_edits(self) -> None:
        edits, self._edits = self._edits, []
        for state, future in edits:
            if self._owns(state) and state.has_changes():
                self._edits.append((state, future))
            else:
                future.set_result(None)

    def _release(self, held: _Held) -> None:
        """The run has ended, or was handed back, and that is committed."""
        state = held.state
        del self._held[state.id]
        self._queue.drop(state)
        if not state.status.is_terminal:
            if not held.ended.done():
                held.ended.set_exception(
                    RuntimeError("the worker stopped before the run ended; the run goes on elsewhere")
                )
            return
        logger.info("run %s %s", state.id, state.status)
        event = "on_tree_completed" if state.status is Status.COMPLETED else "on_tree_failed"
        self._tree_hooks(state, event, lambda: held.ended.set_result(state.status))
        if self._claim_again or self.options.accepts_runs:
            self._look()

    def _lose(self, held: _Held) -> None:
        """Somebody else owns the run now: touch it no more."""
        state = held.state
        logger.warning("run %s was taken over by another worker (epoch %d is over)", state.id, state.epoch)
        del self._held[state.id]
        self._queue.drop(state)
        for node in state.nodes:
            job = self._jobs.get(node.record.pk)
            if job is not None:
                self._lanes.cancel(job)
            elif node.phase is Phase.STARTING:
                self._free(node)
        if not held.ended.done():
            held.ended.set_exception(RuntimeError("another worker took the run over"))

    def lease_lost(self) -> None:
        """The heartbeat found the lease over: give up every run at once, without a word to the database."""
        logger.error("the lease ran out; giving up %d runs", len(self._held))
        for held in list(self._held.values()):
            self._lose(held)
        self._gate.forget()

    def renew(self, worker_id: str) -> None:
        """Go on under a new identity after the lease was lost."""
        self.worker_id = worker_id
        self._writer.worker_id = worker_id
        self._look()

    # --- news of running tasks ----------------------------------------------------------------------------------

    def _collect_news(self) -> None:
        """Fetch the log lines of running tasks; `_flush` takes their progress along."""
        for job in list(self._news):
            self._late_lines.extend(job.take_lines())

    def _take_progress(self) -> list[Progress]:
        if not self._news:
            return []
        news, self._news = self._news, set()
        # Lanes add to `_news` while this runs; a set that is swapped out loses nothing.
        progress = []
        for job in news:
            self._late_lines.extend(job.take_lines())
            if job.has_progress and not job.over:
                job.has_progress = False
                progress.append(Progress(job.node.record.pk, job.attempt, job.share, job.message, job.resolved_json))
                self._note_progress(job)
        return progress

    def _note_progress(self, job: Job) -> None:
        if self._owns(job.run):
            data = {"attempt": job.attempt, "progress": round(job.share, 4), "message": job.message}
            job.run.note("task.progress", job.node, data, self.clock.now())
            self._held[job.run_id].dirty = True

    # --- commands -----------------------------------------------------------------------------------------------

    def _fetch_commands(self) -> None:
        run_ids = list(self._held)
        if run_ids:
            self._control.submit(
                lambda: self._store.open_commands(run_ids),
                lambda commands, error: self._post(self._on_commands, commands, error),
            )

    def _on_commands(self, commands: list[Command] | None, error: Exception | None) -> None:
        if error is not None:
            logger.warning("fetching commands failed: %s", error)
        for command in commands or ():
            held = self._held.get(command.run_id)
            if held is not None and command.pk not in held.state.handled:
                held.state.handled.add(command.pk)
                answer = self._carry_out(held.state, command)
                held.state.batch.handled.append((command.pk, answer))
                self._queue.unpark_run(held.state)
                self._after(held.state)

    def _carry_out(self, state: RunState, command: Command) -> str:
        now = self.clock.now()
        node = state.by_pk.get(command.task_run) if command.task_run is not None else None
        if state.status.is_terminal or (command.task_run is not None and node is None):
            return "too late: it has ended"
        logger.info("run %s: %s asked by %s", state.id, command.kind, command.requested_by or "a program")
        if command.kind == "cancel":
            return self._carry_out_cancel(state, node, command)
        if command.kind == "pause":
            state.pause(command.requested_by, now)
        elif command.kind == "resume":
            state.resume(command.requested_by, now)
        elif command.kind == "set_priority":
            for moved in state.set_priority(node, int(command.data["priority"]), command.requested_by, now):
                self._queue.push(state, moved)
        else:
            return f"this worker doesn't know the command {command.kind!r}"
        return "done"

    def _carry_out_cancel(self, state: RunState, node: Node | None, command: Command) -> str:
        now = self.clock.now()
        if node is None:
            self._stop_nodes(state.cancel(command.reason, command.requested_by, now))
        elif state.cancel_task(node, command.reason, now):
            self._stop_nodes([node])
        return "done"

    # --- edits by hooks -----------------------------------------------------------------------------------------

    def edit(self, job: Job, node: Node, priority: int | None, inputs_json: str | None) -> Future[None]:
        """Change a task of a job's run; the future ends when that is committed. For `HookRepository`."""
        future: Future[None] = Future()
        self._post(self._edit, job.run, node, priority, inputs_json, future)
        return future

    def _edit(
        self, state: RunState, node: Node, priority: int | None, inputs_json: str | None, future: Future[None]
    ) -> None:
        if not self._owns(state):
            future.set_exception(RuntimeError("the run is no longer this worker's"))
            return
        now = self.clock.now()
        if inputs_json is not None and not state.set_inputs(node, inputs_json, now):
            future.set_exception(ValueError(f"task {node.record.name!r} has started; its inputs are fixed"))
            return
        if priority is not None:
            for moved in state.set_priority(node, priority, None, now):
                self._queue.push(state, moved)
        self._after(state)
        self._edits.append((state, future))

    # --- tree hooks ---------------------------------------------------------------------------------------------

    def _tree_hooks(self, state: RunState, event: str, then: Callable[[], None] = lambda: None) -> None:
        hooks = self._hooks.of(event)
        if not hooks:
            then()
            return
        root = tree_root(state)
        arguments: dict[str, tuple[Any, ...]] = {
            "on_tree_completed": (root, state.status.value),
            "on_tree_failed": (root, state.error or state.status.value),
        }
        self._lanes.call(lambda: self._call_hooks(hooks, arguments.get(event, (root,)), then))

    async def _call_hooks(
        self, hooks: list[Callable[..., Any]], arguments: tuple[Any, ...], then: Callable[[], None]
    ) -> None:
        for hook in hooks:
            try:
                await self._runner.call(hook, *arguments)
            except BaseException as error:  # noqa: BLE001 - the boundary to a hook
                logger.warning("hook %s failed: %s: %s", hook_name(hook), type(error).__name__, error)
        then()

    # --- stopping -----------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Somebody asked this worker to drain: claim no more, and end when the last task has ended."""
        self._begin_drain(self.options.drain_seconds)

    def _begin_drain(self, seconds: float) -> None:
        if self._draining:
            return
        self._draining = True
        logger.info("draining: %d tasks are running", self._busy)
        self._later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._draining = True
        for job in list(self._jobs.values()):
            self._lanes.cancel(job)
            job.over = True
        self._jobs.clear()
        self._busy = 0

    def _end_drain_when_idle(self) -> None:
        if not self._draining or self._busy > 0 or self._writing:
            return
        if self._held:
            for held in self._held.values():
                if not held.state.status.is_terminal and not held.state.batch.fields.release:
                    held.state.hand_back(self.clock.now())
                held.dirty = True
            self._flush()
            return
        self._stopped.set()


def tree_root(state: RunState) -> Any:
    """Make the view of a run's first task that tree hooks get."""
    node = state.nodes[0]
    record = node.record
    return HookTask(
        id=record.uid,
        name=record.name,
        type=node.executor or "",
        inputs=None,
        params=record.params,
        schemas=record.schemas,
        priority=node.priority,
        parent_id=record.parent_uid,
        dependencies=[{"id": edge.id, "required": edge.required} for edge in record.dependencies],
        run_id=state.id,
        attempt=node.attempt,
        created_at=Moment.of(state.record.queued_at),
        started_at=node.started_at,
        status=node.status.value,
        error=node.error,
        tree_name=state.record.tree_name,
    )
