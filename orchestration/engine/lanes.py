"""Lanes: the threads in which other people's code runs. The engine's own thread never does."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from .job import Job, current_job
from .outcome import Outcome
from .runner import CANCEL_GRACE_SECONDS, TIMEOUT_GRACE_SECONDS, Runner

logger = logging.getLogger("apflow.engine")

#: How often a lane shows that its loop turns, and how long a silence is a block, in seconds.
TICK_SECONDS: Final = 0.05
BLOCKED_SECONDS: Final = 0.12
#: Seconds that an idle pool thread waits for work before it ends.
IDLE_SECONDS: Final = 10.0

Done = Callable[[Job, Outcome], None]


class ThreadPool:
    """Threads for plain functions. They are daemons: code that never returns keeps no process alive.

    A thread is made when none is idle, so that stuck ones take nothing from the others; the engine's slots bound how
    many there are.
    """

    def __init__(self, around: Callable[[], None] = lambda: None) -> None:
        self._around = around
        self._lock = threading.Condition()
        self._calls: deque[Callable[[], None]] = deque()
        self._idle = 0
        self._count = 0

    def submit(self, call: Callable[[], None]) -> None:
        """Run `call` in a thread. Raises RuntimeError when there is none to be had; then it is not run."""
        with self._lock:
            self._calls.append(call)
            if self._idle >= len(self._calls):
                self._lock.notify()
                return
            self._count += 1
            name = f"apflow-thread-{self._count}"
        try:
            threading.Thread(target=self._serve, name=name, daemon=True).start()
        except RuntimeError:
            with self._lock:
                if call in self._calls:  # else a thread that came free has it
                    self._calls.remove(call)
                    raise

    def _serve(self) -> None:
        while (call := self._next()) is not None:
            self._tidy()
            call()
            self._tidy()

    def _tidy(self) -> None:
        try:
            self._around()
        except Exception:
            # The call that waits behind it must not be lost with this thread.
            logger.exception("a thread could not be tidied; going on")

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if not self._calls:
                self._idle += 1
                self._lock.wait_for(lambda: bool(self._calls), IDLE_SECONDS)
                self._idle -= 1
            return self._calls.popleft() if self._calls else None

    async def run(self, call: Callable[[], Any], *, interrupts: bool = True) -> Any:
        """Run `call` in a thread and return what it returns or raise what it raises.

        When the waiter is cancelled, the thread gets a short time to notice; after that it is left alone. With
        `interrupts` False it is left alone at once, and the attempt is not asked to stop: it is a hook, and goes on
        without it.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                result, error = context.run(call), None
            except BaseException as raised:  # noqa: BLE001 - the boundary to user code
                result, error = None, raised
            _post(loop, _resolve, future, result, error)

        self.submit(work)
        try:
            pair = await asyncio.shield(future)
        except asyncio.CancelledError:
            if interrupts:
                await self._grace(future)
            raise
        return _value(pair)

    @staticmethod
    async def _grace(future: asyncio.Future[Any]) -> None:
        job = current_job.get()
        seconds = TIMEOUT_GRACE_SECONDS
        if job is not None:
            if job.is_cancelled():
                seconds = CANCEL_GRACE_SECONDS
            job.cancel_requested.set()
        await asyncio.wait([future], timeout=seconds)


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        logger.debug("a thread ended after its lane was closed")


def _resolve(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    # The pair travels as a value: a future refuses StopIteration, and logs exceptions that nobody fetched.
    if not future.done():
        future.set_result((result, error))


def _value(pair: tuple[Any, BaseException | None]) -> Any:
    result, error = pair
    if error is not None:
        raise error
    return result


class AsyncLane:
    """A thread with its own event loop. Blocking code in one stops that lane alone, and is noticed."""

    def __init__(self, name: str, runner: Runner, done: Done) -> None:
        self.name = name
        self.loop = asyncio.new_event_loop()
        self.last_tick = time.monotonic()
        self.jobs = 0
        self._runner = runner
        self._done = done
        self._running: dict[Job, asyncio.Task[Outcome]] = {}
        self._waiting: deque[Job] = deque()
        self._side_tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def is_blocked(self) -> bool:
        """True when the loop has not turned for too long."""
        return time.monotonic() - self.last_tick > BLOCKED_SECONDS

    def holder(self) -> asyncio.Task[Any] | None:
        """Return what holds the loop, an attempt or a hook, as far as that can be told from outside."""
        return asyncio.current_task(self.loop)

    def job_of(self, holder: asyncio.Task[Any]) -> Job | None:
        """Return the job whose attempt this is; None for a hook of a tree."""
        return next((job for job, side in list(self._running.items()) if side is holder), None)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Start jobs."""
        self.jobs += len(jobs)
        self._waiting.extend(jobs)
        self.loop.call_soon_threadsafe(self._begin_next)

    def take_back(self) -> list[Job]:
        """Take the jobs that have not begun out of a lane that is blocked."""
        taken = []
        while self._waiting:
            try:
                taken.append(self._waiting.popleft())
            except IndexError:  # the lane's own thread was faster
                break
        self.jobs -= len(taken)
        return taken

    def cancel(self, job: Job) -> None:
        """Interrupt a job; one that has ended is no error."""
        self.loop.call_soon_threadsafe(self._interrupt, job)

    def call(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine that is no attempt (tree hooks)."""
        self.loop.call_soon_threadsafe(lambda: self._keep(self.loop.create_task(_await(work))))

    def close(self) -> None:
        """Stop the loop; what still runs is cancelled, and what does not stop is left to the process's end."""
        self._closing = True
        _post(self.loop, self.loop.stop)

    def join(self, timeout_seconds: float) -> None:
        """Wait for the lane's thread to end."""
        self._thread.join(timeout_seconds)

    def _begin_next(self) -> None:
        """Begin one job, and the next one after its first step: what is behind code that blocks can be taken back."""
        try:
            job = self._waiting.popleft()
        except IndexError:
            return
        if job.cancel_requested.is_set():
            # Its interruption is behind it in this loop, or was sent to the lane that it was taken back from.
            self.jobs -= 1
            self._done(job, cancelled_unbegun(job))
            self.loop.call_soon(self._begin_next)
            return
        side = self.loop.create_task(self._runner.run(job))
        self._running[job] = side
        # A callback, not the end of the coroutine: a task that is cancelled before its first step never runs.
        side.add_done_callback(lambda side: self._end(job, side))
        self.loop.call_soon(self._begin_next)

    def _end(self, job: Job, side: asyncio.Task[Outcome]) -> None:
        self._running.pop(job, None)
        self.jobs -= 1
        if side.cancelled():
            outcome = cancelled_unbegun(job)
        else:
            error = side.exception()
            outcome = side.result() if error is None else Outcome.raised(error, job.mask)
        self._done(job, outcome)

    def _interrupt(self, job: Job) -> None:
        side = self._running.get(job)
        if side is None:
            self._drop_waiting(job)
            return
        if job.instance is not None and job.spec.cls.cancelable:
            self._keep(self.loop.create_task(self._runner.call_cancel(job.instance)))
        side.cancel()

    def _drop_waiting(self, job: Job) -> None:
        """A job that is cancelled before it has begun never begins."""
        if job in self._waiting:
            self._waiting.remove(job)
            self.jobs -= 1
            self._done(job, cancelled_unbegun(job))

    def _keep(self, side: asyncio.Task[Any]) -> None:
        # The loop itself holds its tasks only weakly.
        self._side_tasks.add(side)
        side.add_done_callback(self._side_tasks.discard)

    def _tick(self) -> None:
        self.last_tick = time.monotonic()
        self.loop.call_later(TICK_SECONDS, self._tick)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(self._tick)
        while not self._closing:
            try:
                self.loop.run_forever()
            except BaseException:
                logger.exception("user code raised through the event loop of %s", self.name)
        self._wind_down()

    def _wind_down(self) -> None:
        left = asyncio.all_tasks(self.loop)
        for side in left:
            side.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left, timeout=0.5))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


def cancelled_unbegun(job: Job) -> Outcome:
    """The outcome of a job whose cancel came before its code had begun, or ended what began."""
    return Outcome.cancelled(job.node.cancel_reason or "The task was cancelled")


async def _await(work: Callable[[], Awaitable[None]]) -> None:
    await work()


class Lanes:
    """All lanes of an engine. New jobs go to a lane that turns; a new one is made when none does."""

    def __init__(self, runner: Runner, done: Done, on_blocked: Callable[[AsyncLane, Job], None]) -> None:
        self._runner = runner
        self._done = done
        self._on_blocked = on_blocked
        self._lanes: list[AsyncLane] = []
        self._flagged: set[AsyncLane] = set()
        self._suspects: dict[AsyncLane, asyncio.Task[Any]] = {}
        self._of_job: dict[Job, AsyncLane] = {}

    def submit(self, jobs: Sequence[Job]) -> None:
        """Start jobs, all in the lane with the least to do."""
        lane = self._healthy()
        for job in jobs:
            self._of_job[job] = lane
        lane.submit(jobs)

    def call(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine that is no attempt."""
        self._healthy().call(work)

    def cancel(self, job: Job) -> None:
        """Ask a job to stop: its flag, its executor's own `cancel()`, and an interruption at its next await."""
        job.cancel_requested.set()
        lane = self._of_job.get(job)
        if lane is not None:
            lane.cancel(job)

    def forget(self, job: Job) -> None:
        """The job is over for the engine."""
        self._of_job.pop(job, None)

    def watch(self) -> None:
        """Flag lanes in which the code of one task or hook holds the loop; call it every 50 ms.

        The same task must be found at it twice in a row: on a busy machine a lane may just not have had its turn.
        """
        suspects: dict[AsyncLane, asyncio.Task[Any]] = {}
        for lane in self._lanes:
            if not lane.is_blocked:
                self._flagged.discard(lane)
                continue
            holder = lane.holder()
            if holder is None or lane in self._flagged:
                continue
            if self._suspects.get(lane) is holder:
                self._flagged.add(lane)
                job = lane.job_of(holder)
                if job is not None:
                    self._on_blocked(lane, job)
                else:
                    logger.warning("a hook of a tree blocks %s: it does not await; tasks go elsewhere", lane.name)
                stuck = lane.take_back()
                if stuck:
                    self.submit(stuck)
            else:
                suspects[lane] = holder
        self._suspects = suspects

    def _healthy(self) -> AsyncLane:
        turning = [lane for lane in self._lanes if not lane.is_blocked]
        if len(turning) < 2 and len(self._lanes) - len(self._flagged) < 2:
            try:
                lane = AsyncLane(f"apflow-lane-{len(self._lanes) + 1}", self._runner, self._done)
            except RuntimeError:
                # No more threads: the lanes there are have to do.
                if not self._lanes:
                    raise
            else:
                self._lanes.append(lane)
                return lane
        return min(turning or self._lanes, key=lambda lane: lane.jobs)

    def close(self) -> None:
        """Stop all lanes."""
        for lane in self._lanes:
            lane.close()
        for lane in self._lanes:
            # One that is blocked would not hear of it; it is a daemon, and ends with the process.
            lane.join(0.0 if lane in self._flagged else 1.0)
