"""The engine: one thread that owns runs. It claims, decides, hands jobs to lanes and flushes to the writer.

All state is touched by the loop's thread alone. User code never runs in it, and it never waits for the database:
claims and commands are fetched by a control thread, writes by the writer, the lease is kept by the heartbeat thread.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from .admissions import Admissions
from .attempts import Attempts
from .changes import RunBatch
from .clock import SystemClock
from .commands import Commands
from .counting import Counting
from .holdings import Held, Holdings
from .hook_calls import HookCaller
from .hook_plan import HookFacts, HookPlan, PlannedHook, Webhooks, no_webhooks
from .hook_repository import HookRepository, Queries
from .hooks import HookRegistry, default_hooks
from .isolation import ProcessPool
from .job import Job, install_capture
from .lanes import ThreadPool
from .loop import Loop
from .made import MadeSource, Offer, none_made
from .metrics import Metrics
from .outcome import Outcome
from .ports import Flush, Store, WorkerInfo
from .promise import Promise
from .records import Node, RunRecord
from .registry import ExecutorRegistry, default_registry
from .run_state import RunState
from .runner import Runner
from .secret_source import SecretSource, no_secrets
from .status import Status
from .threads import ControlThread, HeartbeatThread, ListenThread
from .tree_hooks import TreeHooks
from .writer import Writer

logger = logging.getLogger("apflow.engine")

#: Rows of one flush; what is over it waits for the next.
MAX_FLUSH_ROWS: Final = 4_000
#: Seconds between looks for progress and log lines of running tasks, and at the lanes and the lease.
NEWS_SECONDS: Final = 0.25
WATCH_SECONDS: Final = 0.05
#: Seconds between polls; hints from the database make them mostly needless, and are never trusted.
POLL_SECONDS: Final = 1.0
#: How many times `max_runs` are held altogether, those of which every task waits included.
WAITING_RUNS: Final = 5
#: Seconds between looks for runs that are this worker's and not held here, to be given back.
UNHELD_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine behaves.

    `accepts_runs` False claims only runs that `adopt` names; `max_runs` bounds how many runs with a task at work are
    held at once; `child_setup` is the `module:function` that loads the executors in the children of isolated attempts.
    """

    slots: int = 40
    lease_seconds: float = 10.0
    drain_seconds: float = 30.0
    accepts_runs: bool = True
    max_runs: int = 200
    name: str = ""
    version: str = "0"
    child_setup: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine is told about the program around it.

    `around_thread` runs before and after other people's code in a thread; `tidy` runs in a lane after an attempt that
    raised: both let go of database connections that do not work any more. `secrets` reads what `{{ secrets.NAME }}`
    names; `made` reads the executors that are stored; `failures` are the modules that should have brought some.
    `webhooks` tells webhooks what hooks are called for.
    """

    queries: Queries
    registry: ExecutorRegistry = default_registry
    hooks: HookRegistry = default_hooks
    around_thread: Callable[[], None] = lambda: None
    tidy: Callable[[], Awaitable[None]] | None = None
    secrets: SecretSource = no_secrets
    made: MadeSource = none_made
    failures: Callable[[], list[dict[str, str]]] = list
    webhooks: Webhooks = no_webhooks


class Engine:
    """One engine. Public methods may be called from any thread."""

    def __init__(self, store: Store, options: EngineOptions, surroundings: Surroundings) -> None:
        self.options = options
        self.clock = SystemClock()
        self.loop = Loop(self.clock)
        self.worker_id = ""
        #: Group commits so far.
        self.flushes = 0
        self._store = store
        self._around = surroundings
        self.metrics = Metrics()
        self._counting = Counting()
        self._offer = Offer(store, surroundings.registry, surroundings.made)
        self._admissions = Admissions(self.loop, store, surroundings.registry, options.slots)
        self._holdings = Holdings(self.loop, self.clock, self._admissions.queue)
        self._attempts = Attempts(self.loop, self.clock, self._holdings, self._admissions, self.metrics)
        self._hooks = TreeHooks(self.loop, self.clock, self._holdings, self._attempts, HookPlan(surroundings.hooks))
        self._commands = Commands(self.loop, self.clock, self._holdings, self._admissions, self._attempts)
        self._edits: list[tuple[RunState, Future[None]]] = []
        self._threads: tuple[threading.Thread, ...] = ()
        self._writing = False
        self._flushed_at = 0.0
        self._claiming = False
        self._claim_again = False
        self._draining = False
        #: Somebody drained this worker: it lives on, idle, until it is resumed. `_draining` is the process's own end.
        self._resting = False
        self._fenced = False
        self._random = random.Random()  # noqa: S311 - jitter, no secret

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Register the worker and start all threads."""
        install_capture()
        self._offer.refresh()
        self.metrics.broken_executors = self._around.failures()
        self.info = WorkerInfo(
            name=self.options.name or f"{socket.gethostname()}:{os.getpid()}",
            host=socket.gethostname(),
            pid=os.getpid(),
            version=self.options.version,
            slots=self.options.slots,
            executors=[spec.id for spec in self._around.registry],
            lease_seconds=self.options.lease_seconds,
            accepts_runs=self.options.accepts_runs,
            hooks=self._around.hooks.named(),
        )
        # Before the first claim: what it decides by the time must not depend on this machine's own clock.
        self.clock.follow(self._store.now())
        self.worker_id = self._admissions.worker_id = self._store.register_worker(self.info)
        limits = self._store.executor_limits()
        self._hooks.take(self._store.hook_rules(-1))
        self._store.close()
        self.threads = ThreadPool(self._around.around_thread)
        self._processes = ProcessPool(self.threads, self.options.child_setup, self.clock)
        caller = HookCaller(self.threads, self._around.webhooks, self._counting.hooks)
        self._runner = Runner(
            *(self._hooks.plan, caller, self.threads, self._processes, self._repository),
            secrets=self._around.secrets,
            tidy=self._around.tidy,
        )
        self._attempts.use(self._runner, self._around.registry)
        self._writer = Writer(self._store, self.worker_id, lambda *said: self.loop.post(self._on_written, *said))
        self._control = ControlThread(self._store)
        self._admissions.use(self._control, limits)
        self._hooks.use(self._control, self._store, caller)
        self._counting.use(self._control, self._store)
        self._heartbeat = HeartbeatThread(self._store, self, self.options.lease_seconds)
        self._listen = ListenThread(self._store, self.poke) if self.options.accepts_runs else None
        self._thread = threading.Thread(target=self._serve, name="apflow-engine", daemon=True)
        self._thread.start()
        parts = (self._writer, self._control, self._heartbeat, self._listen)
        self._threads = (self._thread, *(part.thread for part in parts if part is not None))

    def _repository(self, job: Job, view: Any) -> HookRepository:
        return HookRepository(self, job, view, self._around.queries)

    def stop(self, drain_seconds: float | None = None) -> None:
        """Stop in good order: claim no more, let running tasks finish until the limit, hand the runs back."""
        seconds = self.options.drain_seconds if drain_seconds is None else drain_seconds
        self.loop.post(self._begin_drain, seconds)
        # Its thread, not its word: a loop that has died says nothing.
        self._thread.join(seconds + 10)
        self._heartbeat.stop()
        if self._listen is not None:
            self._listen.stop()
        self._counting.keep()
        self._control.stop()
        self._writer.stop(5)
        self._attempts.lanes.close()
        self._processes.close()
        try:
            self._store.retire_worker(self.worker_id)
        except Exception:  # noqa: BLE001 - without a database the lease runs out by itself
            logger.warning("the worker could not sign off; its lease will run out")
        self._store.close()

    def hurry(self) -> None:
        """Cut a drain short: what still runs is given up and handed back at once."""
        self.loop.post(self._give_up)

    def poke(self) -> None:
        """Look for commands and runs now."""
        self.loop.post(self._look)

    @property
    def is_stopped(self) -> bool:
        """True once the engine's loop has ended."""
        return self.loop.stopped.is_set()

    @property
    def lost_thread(self) -> threading.Thread | None:
        """A thread that has ended by itself; without it the engine only seems to live. For an engine that goes on."""
        return next((thread for thread in self._threads if not thread.is_alive()), None)

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return self._admissions.busy

    # --- the loop -----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        self.loop.every(NEWS_SECONDS, lambda: None)  # a turn, in which `_flush` takes the news along
        self.loop.every(WATCH_SECONDS, self._watch)
        self.loop.every(POLL_SECONDS, self._look)
        self.loop.every(POLL_SECONDS, self._admissions.fetch_limits)
        self.loop.every(POLL_SECONDS, self._follow_made)
        self.loop.every(POLL_SECONDS, self._hooks.fetch)
        self.loop.every(POLL_SECONDS, self._counting.keep)
        self.loop.every(UNHELD_SECONDS, self._look_for_unheld)
        self._look()
        self.loop.run(self._step)

    def _follow_made(self) -> None:
        """Offer what is made, changed and deleted while the worker runs."""

        def follow() -> None:
            self._offer.refresh()
            self._offer.tell(self.worker_id)

        self._control.look("made", follow, lambda _, error: None)

    def _step(self) -> None:
        takes_work = not (self._draining or self._resting)
        if takes_work:
            self._start_ready()
        self._admissions.settle(asking=takes_work)
        if self._resting and not self._draining:
            self._hand_over_idle()
        self._flush()
        if self._draining:
            self._end_drain_when_idle()

    def _watch(self) -> None:
        self._attempts.lanes.watch()
        if self._heartbeat.is_over and not self._fenced:
            self.lease_lost()

    def _start_ready(self) -> None:
        now = self.clock.now()
        while (popped := self._admissions.next()) is not None:
            state, node = popped
            if not self._holdings.may_start(state):
                self._admissions.free(node)
            elif node.executor not in self._around.registry:
                self._admissions.free(node)
                state.refuse(node, state.no_executor(node), now)
                self._holdings.touch(state)
            elif not self._admissions.is_enabled(node):
                self._admissions.free(node)
                text = f"The executor {node.executor!r} is switched off; an administrator can switch it on"
                state.refuse(node, Outcome.failed(text, "executor_disabled"), now)
                self._holdings.touch(state)
            else:
                state.start(node, now)
                self._holdings.touch(state)

    # --- claiming -----------------------------------------------------------------------------------------------

    def adopt(self, run_id: str) -> Future[Status]:
        """Claim one run by its id; the future ends with the run."""
        future: Promise[Status] = Promise()
        worker_id = self.worker_id
        self._control.submit(
            lambda: self._claim(worker_id, 1, run_id),
            lambda records, error: self.loop.post(self._on_adopted, worker_id, run_id, future, records, error),
        )
        return future

    def _on_adopted(
        self,
        worker_id: str,
        run_id: str,
        future: Promise[Status],
        records: list[RunRecord] | None,
        error: Exception | None,
    ) -> None:
        if error is not None:
            future.set_exception(error)
            self._look_for_unheld()
        elif not records:
            future.set_exception(RuntimeError(f"run {run_id} is finished, or another worker has it"))
        elif worker_id != self.worker_id or self._fenced:
            future.set_exception(RuntimeError("the worker's lease ran out; the run goes on elsewhere"))
        else:
            self._try_to_take(records[0], future)

    def _look(self) -> None:
        """Look for commands to carry out, for whether people want this worker to rest, and for runs to claim."""
        self._commands.fetch(self._control, self._store)
        if not self.options.accepts_runs or self._draining or self._fenced:
            return
        self._ask_whether_to_rest()
        # Runs whose tasks all wait (for an executor, a time, a person) hold up no other one.
        held = len(self._holdings)
        room = min(self.options.max_runs - self._holdings.working, self.options.max_runs * WAITING_RUNS - held)
        if self._resting or room <= 0:
            return
        if self._claiming or self._admissions.is_full_ahead:
            self._claim_again = self._claiming
            return
        self._claiming = True
        limit, worker_id = min(room, max(self.options.slots, 10)), self.worker_id
        self._control.submit(
            lambda: self._claim(worker_id, limit),
            lambda records, error: self.loop.post(self._on_claimed, worker_id, records, error),
        )

    def _claim(self, worker_id: str, limit: int, only: str | None = None) -> list[RunRecord]:
        """Claim in the control thread. An executor that a run names may have been made just before the run."""
        records = self._store.claim_runs(worker_id, limit, only)
        if records:
            self._offer.refresh()
        return records

    def _on_claimed(self, worker_id: str, records: list[RunRecord] | None, error: Exception | None) -> None:
        self._claiming = False
        if error is not None:
            logger.warning("claiming failed: %s", error)
            self._look_for_unheld()
            return
        if worker_id != self.worker_id or self._fenced:
            return  # claimed under an identity that is over: its lease frees the runs
        for record in records or ():
            self._try_to_take(record, Promise())
        if records or self._claim_again:
            self._claim_again = False
            self._look()

    def _look_for_unheld(self) -> None:
        """Look for runs that are this worker's in the database and not here: those of a claim whose answer was lost,
        or that could not be taken. While the worker lives, nobody else would claim them."""
        worker_id = self.worker_id
        self._control.look(
            "unheld",
            lambda: self._store.claimed_runs(worker_id),
            lambda claimed, error: self.loop.post(self._give_back, worker_id, claimed or {}),
        )

    def _give_back(self, worker_id: str, claimed: dict[str, int]) -> None:
        """Let anyone claim what is not held here.

        What was claimed before the look is held by now: claims and looks are made, and their answers come, in one
        order. What is claimed after it has a later epoch, and stays.
        """
        for run_id, epoch in claimed.items():
            if self._holdings.get(run_id, epoch) is None:
                # Most have ended since the look.
                give_back = partial(self._store.give_back_run, worker_id, run_id, epoch)
                self._control.submit(give_back, partial(_log_given_back, run_id, epoch))

    def _try_to_take(self, record: RunRecord, ended: Promise[Status]) -> None:
        """Take a run. One that trips our own code must not take others along; it is given back after a while."""
        try:
            self._take(record, ended)
        except Exception as error:
            logger.exception("run %s can't be taken", record.id)
            ended.set_exception(error)
            held = self._holdings.get(record.id, record.epoch)
            if held is not None:
                self._lose(held)

    def _take(self, record: RunRecord, ended: Promise[Status]) -> None:
        earlier = self._holdings.get(record.id)
        if earlier is not None:
            self._lose(earlier)
        state = RunState(record, self._around.registry, self._random.random)
        fresh = state.status is Status.PENDING
        state.begin(self.clock.now())
        self._holdings.add(Held(state, ended))
        logger.info("run %s claimed (epoch %d, %d tasks)", state.id, state.epoch, len(state.nodes))
        if fresh:
            self.metrics.queue_time.observe((self.clock.now() - record.queued_at).total_seconds())
            # A run that is not claimed but adopted was created by this process, which has called the hooks of that.
            self._hooks.begin(state, created=self.options.accepts_runs)
        self._holdings.touch(state)
        self._limit_run(state)

    def _limit_run(self, state: RunState) -> None:
        """Stop a run that takes longer than its tree allows; the time counts from its first start."""
        limit = state.record.timeout_seconds
        if limit is not None:
            begun = state.record.started_at or self.clock.now()
            left = limit - (self.clock.now() - begun).total_seconds()
            self._holdings.later(state, left, lambda: self._time_out_run(state))

    def _time_out_run(self, state: RunState) -> None:
        if not state.status.is_terminal:
            self._attempts.stop(state.time_out(self.clock.now()))
            self._holdings.touch(state)

    # --- writing ------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Hand everything that waits to the writer, if it is free."""
        if self._writing:
            return
        progress = self._attempts.take_progress()
        batches, rows = [], 0
        for held in self._holdings:
            if held.dirty and rows <= MAX_FLUSH_ROWS:
                held.dirty = False
                if held.state.has_changes():
                    batches.append(held.state.take_batch())
                    rows += batches[-1].rows
        logs = self._attempts.take_lines()
        if batches or logs or progress:
            self._writing = True
            self._flushed_at = self.clock.monotonic()
            self.metrics.flush_rows.observe(rows + len(logs) + len(progress))
            self.flushes += 1
            self._writer.submit(Flush(batches, logs, progress))

    def _on_written(self, flush: Flush, lost: set[str] | None) -> None:
        self._writing = False
        self.metrics.flush_duration.observe(self.clock.monotonic() - self._flushed_at)
        if lost is None:
            return
        started: list[tuple[RunState, Node]] = []
        for batch in flush.batches:
            # A run that was lost and claimed again meanwhile has another epoch: none of this is about it.
            held = self._holdings.get(batch.run_id, batch.epoch)
            if held is None:
                continue
            by_pk = held.state.by_pk
            if batch.run_id not in lost:
                started.extend((held.state, by_pk[start.task_run]) for part in batch.segments for start in part.starts)
            try:
                self._follow_up(held, batch, is_lost=batch.run_id in lost)
            except Exception:
                # A run that trips our own code must not keep the starts of others, which are committed, from running.
                logger.exception("what was written of run %s can't be followed up", batch.run_id)
        self._attempts.launch(started)
        self._answer_edits()

    def _follow_up(self, held: Held, batch: RunBatch, *, is_lost: bool) -> None:
        """A batch is committed, or was left out because the run is lost."""
        if batch.events:
            self.metrics.event_lag.observe((self.clock.now() - batch.events[0].at).total_seconds())
        if is_lost:
            logger.warning("run %s is not ours any more (epoch %d is over)", batch.run_id, batch.epoch)
            self._lose(held)
            # If it is, after all (its log went on without us), nobody else would have it.
            self._look_for_unheld()
            return
        if batch.fields.release:
            self._release(held)
        self._counting.executors.add(batch, held.state.by_pk)

    def _release(self, held: Held) -> None:
        """The run has ended, or was handed back, and that is committed."""
        state = held.state
        self._holdings.remove(held)
        if not state.status.is_terminal:
            held.fail("the worker stopped before the run ended; the run goes on elsewhere")
            return
        logger.info("run %s %s", state.id, state.status)
        self.metrics.runs[state.status.value] += 1
        try:
            self._hooks.end(state, lambda: held.ended.set_result(state.status))
        except Exception:
            held.fail("the engine could not call the hooks of the run's end")
            raise
        self._look()

    def _lose(self, held: Held) -> None:
        """Somebody else owns the run now: touch it no more."""
        self.metrics.runs_lost += 1
        self._holdings.remove(held)
        self._attempts.abandon(held.state)
        held.fail("another worker took the run over")

    def lease_lost(self) -> None:
        """The lease is over: give up every run at once, without a word to the database, and claim none for now."""
        self._fenced = True
        self.metrics.leases_lost += 1
        logger.error("the lease ran out; giving up %d runs", len(self._holdings))
        for held in self._holdings:
            self._lose(held)

    def renew(self, worker_id: str) -> None:
        """Go on under a new identity."""
        for held in self._holdings:
            self._lose(held)
        self._fenced = False
        self.worker_id = self._writer.worker_id = worker_id
        self._admissions.renew(worker_id)
        self._look()

    # --- edits by hooks -----------------------------------------------------------------------------------------

    def edit(self, job: Job, node: Node, priority: int | None, inputs_json: str | None) -> Future[None]:
        """Change a task of a job's run; the future ends when that is committed. For `HookRepository`."""
        future: Promise[None] = Promise()
        self.loop.post(self._edit, job.run, node, priority, inputs_json, future)
        return future

    def _edit(
        self, state: RunState, node: Node, priority: int | None, inputs_json: str | None, future: Future[None]
    ) -> None:
        now = self.clock.now()
        if not self._holdings.owns(state):
            future.set_exception(RuntimeError("the run is no longer this worker's"))
            return
        if inputs_json is not None and not state.set_inputs(node, inputs_json, now):
            future.set_exception(ValueError(f"task {node.record.name!r} has started; its inputs are fixed"))
            return
        if priority is not None:
            for moved in state.set_priority(node, priority, None, now):
                self._admissions.queue.push(state, moved)
        self._holdings.touch(state)
        self._edits.append((state, future))

    def _answer_edits(self) -> None:
        edits, self._edits = self._edits, []
        for state, future in edits:
            if self._holdings.owns(state) and state.has_changes():
                self._edits.append((state, future))
            else:
                future.set_result(None)

    # --- tree hooks ---------------------------------------------------------------------------------------------

    def hooks_of(self, event: str) -> tuple[PlannedHook, ...]:
        """Return the hooks of an event as this engine calls them now."""
        return self._hooks.plan.of(event)

    def tree_created(self, root: Any, tree: HookFacts) -> Future[None]:
        """Call the `on_tree_created` hooks of a tree that is to run; the future ends after them."""
        return self._hooks.created(root, tree)

    # --- resting ------------------------------------------------------------------------------------------------

    def _ask_whether_to_rest(self) -> None:
        worker_id = self.worker_id
        self._control.look(
            "drained",
            lambda: self._store.is_drained(worker_id),
            lambda drained, error: self.loop.post(self._on_drained, worker_id, drained),
        )

    def _on_drained(self, worker_id: str, drained: bool | None) -> None:
        if drained is None or drained is self._resting or worker_id != self.worker_id:
            return
        self._resting = drained
        if drained:
            logger.info("drained: this worker takes no more runs; %d tasks are still running", self._admissions.busy)
        else:
            logger.info("resumed: this worker takes runs again")
            self._look()

    def _hand_over_idle(self) -> None:
        """Let other workers have each run of which nothing runs here any more, no hook of its beginning either."""
        for held in self._holdings:
            is_busy = held.state.active or self._hooks.is_calling(held.state.id)
            if not (is_busy or held.leaving or held.state.status.is_terminal):
                self._holdings.hand_over(held)

    # --- stopping -----------------------------------------------------------------------------------------------

    def _begin_drain(self, seconds: float) -> None:
        if not self._draining:
            self._draining = True
            logger.info("draining: %d tasks are running", self._admissions.busy)
            self.loop.later(seconds, self._give_up)

    def _give_up(self) -> None:
        self._draining = True
        self._attempts.give_up()

    def _end_drain_when_idle(self) -> None:
        is_busy = self._admissions.busy > 0 or self._hooks.is_calling()
        if self._writing or (is_busy and not self._attempts.has_given_up):
            return
        if not len(self._holdings):
            self.loop.stopped.set()
            return
        for held in self._holdings:
            if not held.state.status.is_terminal and not held.state.batch.fields.release:
                held.state.hand_back(self.clock.now())
            held.dirty = True
        self._flush()


def _log_given_back(run_id: str, epoch: int, was_given_back: bool | None, error: Exception | None) -> None:
    """Tell of it, in the control thread. What failed is found again by the next look."""
    if was_given_back:
        logger.warning("run %s was this worker's and not held here (epoch %d); it was given back", run_id, epoch)
