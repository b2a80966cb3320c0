"""Running attempts: from the committed start to the outcome, with timeouts, cancels, log lines and progress."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Final

from .admissions import Admissions
from .changes import LogLine, Progress
from .clock import Clock
from .holdings import Holdings
from .isolation import KILL_AFTER_SECONDS
from .job import Job
from .lanes import AsyncLane, Lanes
from .limits import own_or_default
from .loop import Loop, Timer
from .metrics import Metrics
from .outcome import Outcome
from .records import Node, Phase
from .registry import ExecutorRegistry, ExecutorSpec
from .run_state import RunState
from .runner import CANCEL_GRACE_SECONDS, Runner

logger = logging.getLogger("apflow.engine")

#: Seconds that a child of an isolated attempt may take to load the executors.
CHILD_START_SECONDS: Final = 60.0
#: Seconds that post-hooks get at least after the timeout of an attempt that ended in time.
HOOKS_SECONDS: Final = 60.0
#: Hooks that an event tells of.
MAX_NOTES: Final = 100
#: Seconds that a lane gets beyond a timeout or a cancel before the attempt is ended without it.
OVERDUE_SECONDS: Final = 0.5


class Attempts:
    """The jobs of an engine. Each gives its slot back exactly once, whatever its lane does."""

    def __init__(self, loop: Loop, clock: Clock, holdings: Holdings, admissions: Admissions, metrics: Metrics) -> None:
        self._loop = loop
        self._clock = clock
        self._holdings = holdings
        self._admissions = admissions
        self._metrics = metrics
        self._jobs: dict[int, Job] = {}
        #: What is due for jobs that aren't over.
        self._timers: dict[Job, list[Timer]] = {}
        self._news: set[Job] = set()
        self._lines: list[LogLine] = []
        self._given_up = False

    def use(self, runner: Runner, registry: ExecutorRegistry) -> None:
        """Start: jobs of these executors go to lanes with this runner."""
        self._registry = registry
        self.lanes = Lanes(
            runner, lambda job, outcome: self._loop.post(self.on_outcome, job, outcome), self._on_blocked
        )

    # --- starting -----------------------------------------------------------------------------------------------

    def launch(self, started: Sequence[tuple[RunState, Node]]) -> None:
        """These starts are committed: let the lanes run them."""
        jobs = []
        for state, node in started:
            if node.phase is not Phase.STARTING or self._given_up:
                continue
            node.phase = Phase.RUNNING
            spec = self._registry.find(node.executor or "")
            if node.cancel_reason is not None:
                self._end_unrun(state, node, Outcome.cancelled(node.cancel_reason))
            elif spec is None:
                self._end_unrun(state, node, state.no_executor(node))  # it was deleted while the start was written
            else:
                try:
                    jobs.append(self._make_job(state, node, spec))
                except Exception as error:
                    # One that trips our own code must not keep the others, whose starts are committed, from running.
                    logger.exception("task run %s can't be started", node.record.pk)
                    self._end_unrun(state, node, Outcome.raised(error))
        if jobs:
            self._submit(jobs)

    def _end_unrun(self, state: RunState, node: Node, outcome: Outcome) -> None:
        self._admissions.free(node)
        state.finish(node, outcome, None, self._clock.now())
        self._holdings.touch(state)

    def _submit(self, jobs: list[Job]) -> None:
        try:
            self.lanes.submit(jobs)
        except RuntimeError as error:
            # No thread to be had: the attempts fail, and are not left behind as running.
            logger.exception("no lane could take %d attempts", len(jobs))
            for job in jobs:
                self.on_outcome(job, Outcome.raised(error))

    def _make_job(self, state: RunState, node: Node, spec: ExecutorSpec) -> Job:
        record = node.record
        limit = self._admissions.limit_of(spec.id)
        timeout = record.timeout_seconds or (limit and limit.timeout_seconds) or spec.timeout_seconds
        # A copy: what one attempt does to its parameters must not reach the next one, whoever's it is.
        params = record.params if limit is None else {**deepcopy(dict(limit.params)), **record.params}
        node.retry = own_or_default(record.retry, limit)
        job = Job(
            run=state,
            node=node,
            attempt=node.attempt,
            spec=spec,
            sources=state.sources(node),
            params={key: value for key, value in params.items() if key != "executor_id"},
            timeout_seconds=timeout,
            may_retry=node.retry.allows_another(node.counted_attempts),
            clock=self._clock,
            on_news=self._news.add,
        )
        self._jobs[record.pk] = job
        self._metrics.starts[spec.id] += 1
        if node.ready_at is not None:
            self._metrics.start_latency.observe(self._clock.monotonic() - node.ready_at)
        if timeout is not None:
            grace = OVERDUE_SECONDS if spec.isolation == "lane" else CHILD_START_SECONDS + KILL_AFTER_SECONDS
            self._later(job, timeout + grace, lambda: self._overdue(job, Outcome.timed_out(timeout)))
        return job

    def _later(self, job: Job, seconds: float, call: Callable[[], None]) -> None:
        self._timers.setdefault(job, []).append(self._loop.later(seconds, call))

    # --- ending -------------------------------------------------------------------------------------------------

    def on_outcome(self, job: Job, outcome: Outcome) -> None:
        """A lane reports the end of an attempt; one that is not awaited any more is dropped."""
        if job.over:
            self._late(job, outcome)
            return
        is_ours = job.node.cancel_reason is None and self._holdings.owns(job.run)
        self._close(job, outcome if is_ours else None)
        self._metrics.outcomes[job.spec.id, outcome.status.value] += 1
        if job.node.started_at is not None:
            self._metrics.attempt_duration.observe((self._clock.now() - job.node.started_at).total_seconds())
        state = job.run
        if not self._holdings.owns(state):
            return
        now = self._clock.now()
        if job.hook_notes:
            state.note("task.hooks", job.node, {"attempt": job.attempt, "hooks": job.hook_notes[:MAX_NOTES]}, now)
        state.finish(job.node, outcome, job.resolved_json, now)
        self._holdings.touch(state)

    def _close(self, job: Job, outcome: Outcome | None = None) -> None:
        job.over = True
        for timer in self._timers.pop(job, ()):
            timer.cancel()
        self.lanes.forget(job)
        pk = job.node.record.pk
        if self._jobs.get(pk) is job:
            del self._jobs[pk]
        self._admissions.free(job.node, outcome)
        self._news.discard(job)
        self._lines.extend(job.take_lines())

    def _late(self, job: Job, outcome: Outcome) -> None:
        if outcome is job.outcome and not job.cancel_requested.is_set():
            return  # it was taken over already, before its hooks had ended
        self._metrics.late_outcomes += 1
        logger.warning(
            "run %s task %s: attempt %d ended late as %s; its outcome is discarded",
            job.run_id, job.task_id, job.attempt, outcome.status,
        )  # fmt: skip
        if self._holdings.owns(job.run) and not job.run.status.is_terminal:
            data = {"attempt": job.attempt, "status": outcome.status.value}
            job.run.note("task.late_outcome", job.node, data, self._clock.now())
            self._holdings.touch(job.run)

    def _overdue(self, job: Job, outcome: Outcome) -> None:
        """The lane did not end the attempt in time (blocking code): end it without the lane."""
        if job.over:
            return
        if job.outcome is not None and not job.cancel_requested.is_set():
            # Its code ended in time, and hooks have the word: the timeout was not theirs.
            self._later(job, max(HOOKS_SECONDS, job.hook_seconds), lambda: self._end_without_hooks(job))
            return
        self.lanes.cancel(job)
        self.on_outcome(job, outcome)

    def _end_without_hooks(self, job: Job) -> None:
        if not job.over and job.outcome is not None:
            logger.warning("run %s task %s: its post-hooks take too long; going on", job.run_id, job.task_id)
            self.on_outcome(job, job.outcome)

    def stop(self, nodes: Sequence[Node]) -> None:
        """Stop the running attempts of these nodes; they end within a bounded time."""
        for node in nodes:
            job = self._jobs.get(node.record.pk)
            if job is not None and job.node is node and not job.cancel_requested.is_set():
                self._stop_job(job)

    def _stop_job(self, job: Job) -> None:
        outcome = Outcome.cancelled(job.node.cancel_reason or "The task was cancelled")
        self.lanes.cancel(job)
        self._later(job, CANCEL_GRACE_SECONDS + OVERDUE_SECONDS, lambda: self._overdue(job, outcome))

    def abandon(self, state: RunState) -> None:
        """The run is somebody else's now: stop its attempts here, whose outcomes count for nothing."""
        for node in state.nodes:
            job = self._jobs.get(node.record.pk)
            if job is not None and job.run is state:
                if not job.cancel_requested.is_set():
                    self._stop_job(job)
            elif node.phase is Phase.STARTING:
                self._admissions.free(node)
                node.phase = Phase.DONE

    def give_up(self) -> None:
        """The process ends now: wait for nothing that still runs."""
        self._given_up = True
        for job in list(self._jobs.values()):
            self.lanes.cancel(job)
            self._close(job)

    @property
    def has_given_up(self) -> bool:
        """True after `give_up`."""
        return self._given_up

    # --- news of running attempts -------------------------------------------------------------------------------

    def take_lines(self) -> list[LogLine]:
        """Hand over the log lines that are to be written."""
        lines, self._lines = self._lines, []
        return lines

    def take_progress(self) -> list[Progress]:
        """Collect log lines and progress of running attempts; each has at most one progress in a round."""
        if not self._news:
            return []
        # Lanes add to `_news` while this runs; what comes after the copy is taken next time.
        news = list(self._news)
        self._news.difference_update(news)
        progress = []
        for job in news:
            self._lines.extend(job.take_lines())
            if job.has_progress and not job.over:
                job.has_progress = False
                progress.append(Progress(job.node.record.pk, job.attempt, job.share, job.message, job.resolved_json))
                self._note_progress(job)
        return progress

    def _note_progress(self, job: Job) -> None:
        if self._holdings.owns(job.run):
            data = {"attempt": job.attempt, "progress": round(job.share, 4), "message": job.message}
            job.run.note("task.progress", job.node, data, self._clock.now())
            self._holdings.touch(job.run)

    def _on_blocked(self, lane: AsyncLane, job: Job) -> None:
        logger.warning(
            "run %s task %s blocks %s: its async code does not await; other tasks go elsewhere",
            job.run_id, job.task_id, lane.name,
        )  # fmt: skip
        if self._holdings.owns(job.run):
            job.run.note("task.lane_blocked", job.node, {"attempt": job.attempt, "lane": lane.name}, self._clock.now())
            self._holdings.touch(job.run)
