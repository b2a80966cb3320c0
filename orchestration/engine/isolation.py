"""The parent's side of process isolation: children that run one attempt at a time and can be killed.

A child is kept warm and used again; it is replaced after `RECYCLE_AFTER` attempts, after any attempt that was stopped,
and when it dies. A death ends the attempt that it ran, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from .clock import Clock
from .config import current_config
from .outcome import Outcome
from .status import Status

if TYPE_CHECKING:
    from .job import Job
    from .runner import ThreadRunner

logger = logging.getLogger("apflow.engine")

RECYCLE_AFTER: Final = 500
#: Children that one worker has at most; further isolated tasks wait for their start.
MAX_CHILDREN: Final = max(2, os.cpu_count() or 1)
#: Seconds between SIGTERM and SIGKILL.
KILL_AFTER_SECONDS: Final = 3.0


class ChildDiedError(Exception):
    """The child ended in the middle of an attempt."""


class Child:
    """One child process and the socket to it."""

    def __init__(self, setup: str) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._reader = ours.makefile("rb")
        self.served = 0
        self.stopped = False
        #: The attempt that it was called for; guarded by the lock of its pool.
        self.serving: Job | None = None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.engine.isolated", str(theirs.fileno()), setup],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            theirs.close()

    def wait_until_ready(self) -> None:
        """Wait until the executors are loaded; blocks. Raises ChildDiedError."""
        if not self._reader.readline():
            raise ChildDiedError(self._how_it_ended())

    def call(self, request: dict[str, Any], on_message: Callable[[dict[str, Any]], None]) -> Outcome:
        """Run one attempt and return its outcome; blocks. Raises ChildDiedError."""
        self.served += 1
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            for line in self._reader:
                message = json.loads(line)
                if "outcome" in message:
                    fields = message["outcome"]
                    return Outcome(**{**fields, "status": Status(fields["status"])})
                on_message(message)
        except OSError as error:
            logger.debug("the socket of child %d failed: %s", self._process.pid, error)
        raise ChildDiedError(self._how_it_ended())

    def _how_it_ended(self) -> str:
        self._process.kill()
        code = self._process.wait()
        if code < 0:
            try:
                return f"signal {signal.Signals(-code).name}"
            except ValueError:
                return f"signal {-code}"
        return f"exit code {code}"

    def terminate(self) -> None:
        """Ask the running attempt to stop."""
        self.stopped = True
        self._process.terminate()

    def kill(self) -> None:
        """End the child and everything in its session at once."""
        self.stopped = True
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            logger.debug("child %d is gone already", self._process.pid)

    @property
    def is_reusable(self) -> bool:
        """True when the child may run another attempt."""
        return not self.stopped and self.served < RECYCLE_AFTER and self._process.poll() is None

    def close(self) -> None:
        """End the child and free what it holds here; blocks briefly."""
        self.kill()
        self._reader.close()
        self._socket.close()
        self._process.wait()


class ProcessPool:
    """Children by demand. The engine never has more isolated attempts running than `MAX_CHILDREN`."""

    def __init__(self, threads: ThreadRunner, setup: str, clock: Clock) -> None:
        self._threads = threads
        self._setup = setup
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._closed = False

    async def prepare(self) -> Child:
        """Return a child that is ready. The time this takes is not the attempt's."""
        taking = asyncio.ensure_future(self._threads.run(self._take))
        try:
            child: Child = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(self._keep_unused)
            raise
        return child

    def _keep_unused(self, taking: asyncio.Future[Child]) -> None:
        if not taking.cancelled() and taking.exception() is None:
            self.give_back(taking.result())

    async def run(self, child: Child, job: Job, inputs: dict[str, Any]) -> Outcome:
        """Run a job's `execute` in a child. A cancelled waiter stops it: SIGTERM, and SIGKILL after a grace time."""
        with self._lock:
            child.serving = job
        calling = asyncio.ensure_future(self._threads.run(lambda: self._call(child, job, inputs)))
        try:
            outcome: Outcome = await asyncio.shield(calling)
        except asyncio.CancelledError:
            await self._stop(child, job, calling)
            raise
        return outcome

    async def _stop(self, child: Child, job: Job, calling: asyncio.Future[Any]) -> None:
        self._end(child, job, child.terminate)
        await asyncio.wait([calling], timeout=KILL_AFTER_SECONDS)
        if not calling.done():
            self._end(child, job, child.kill)
            await asyncio.wait([calling], timeout=1.0)

    def _end(self, child: Child, job: Job, how: Callable[[], None]) -> None:
        """End a job's child, unless it has answered: then it may run somebody else's attempt already."""
        with self._lock:
            if child.serving is job:
                how()

    def _call(self, child: Child, job: Job, inputs: dict[str, Any]) -> Outcome:
        request = {
            "executor": job.spec.id,
            "module": job.spec.module,
            "inputs": inputs,
            "params": job.params,
            "task_id": job.task_id,
            "run_id": job.run_id,
            "attempt": job.attempt,
            "memory_mb": job.spec.memory_mb,
            "config": asdict(current_config()),
            "secrets": sorted(job.masker.secrets),
        }
        try:
            return child.call(request, lambda message: self._on_message(job, message))
        except ChildDiedError as death:
            text = f"The executor's process ended with {death} in the middle of the attempt"
            return Outcome.failed(text, "process_died", retryable=True)
        finally:
            self.give_back(child)

    def _on_message(self, job: Job, message: dict[str, Any]) -> None:
        if "log" in message:
            job.add_line(message["level"], message["logger"], message["log"], self._clock.now())
        elif "progress" in message:
            job.report_progress(message["progress"], message["message"])

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_reusable:
                    return child
                child.close()
        child = Child(self._setup)
        child.wait_until_ready()
        return child

    def give_back(self, child: Child) -> None:
        """Keep a child for the next attempt, or end it."""
        with self._lock:
            child.serving = None
            if child.is_reusable and not self._closed and len(self._idle) < MAX_CHILDREN:
                self._idle.append(child)
                return
        child.close()

    def close(self) -> None:
        """End all idle children; those that run end with their attempts, or with this process (their socket closes)."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()
