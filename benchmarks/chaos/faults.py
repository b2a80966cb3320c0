"""The faults: workers that die, stand still or are stopped, and a database that goes away."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psycopg

from benchmarks.chaos.clients import Client
from benchmarks.chaos.database import PrivateDatabase
from benchmarks.chaos.history import History
from benchmarks.chaos.worker_process import WorkerProcess

logger = logging.getLogger("benchmarks.chaos")

KINDS: Final = {
    "kill": 34,
    "freeze": 14,
    "freeze_past_lease": 14,
    "stop": 12,
    "stop_twice": 6,
    "drop_connections": 10,
    "database_restart": 7,
    "database_crash": 3,
    "database_outage": 3,
}
#: Workers that could not start (the database was away) before that is taken for a fault of our own.
MAX_FAILED_STARTS: Final = 50


@dataclass(slots=True)
class _Frozen:
    worker: WorkerProcess
    since: float
    until: float


class Keeper:
    """Keeps a number of workers running, as `systemd` would."""

    def __init__(self, folder: Path, environment: dict[str, str], count: int) -> None:
        self.workers: list[WorkerProcess] = []
        #: Workers that ended by themselves with a bad exit code.
        self.crashed: list[str] = []
        self._folder = folder
        self._environment = environment
        self._wanted = count
        self._count = 0
        self._failed_starts = 0
        self._asked_to_end: set[int] = set()

    def keep(self) -> None:
        """Start a worker for each that has ended."""
        for worker in self.workers:
            if not worker.is_alive and worker.pid not in self._asked_to_end:
                self._look_at(worker)
        self.workers = [worker for worker in self.workers if worker.is_alive]
        while len(self.workers) < self._wanted:
            self._count += 1
            log = self._folder / f"worker-{self._count}.log"
            self.workers.append(WorkerProcess(log, self._environment, slots=12, drain_seconds=3))

    def _look_at(self, worker: WorkerProcess) -> None:
        """A worker has ended by itself: without a database it can't start, but one that was ready goes on."""
        if "is ready" in worker.output:
            text = f"worker {worker.pid} ended by itself with {worker.process.returncode}"
            self.crashed.append(f"{text}: {worker.output[-500:]}")
            return
        self._failed_starts += 1
        if self._failed_starts > MAX_FAILED_STARTS:
            raise RuntimeError(f"workers don't start: {worker.output[-2000:]}")

    def ends(self, worker: WorkerProcess) -> WorkerProcess:
        """Note that a worker is about to be ended on purpose."""
        self._asked_to_end.add(worker.pid)
        return worker

    def stop_all(self) -> list[str]:
        """Stop all workers in good order; returns what did not stop or left badly."""
        for worker in self.workers:
            worker.thaw()
            self.ends(worker).terminate()
        bad = []
        for worker in self.workers:
            try:
                code = worker.wait(60)
            except Exception:  # noqa: BLE001 - a worker that hangs is what is reported
                worker.kill()
                code = -1
            if code != 0:
                bad.append(f"worker {worker.pid} did not stop in good order (exit code {code})")
        return bad

    def discard(self) -> None:
        """End all workers, whatever state they are in."""
        for worker in self.workers:
            worker.discard()


class Saboteur(Client):
    """Makes one fault after the other."""

    def __init__(self, history: History, random: Random, keeper: Keeper, database: PrivateDatabase) -> None:
        super().__init__("chaos-saboteur", history)
        self._random = random
        self._keeper = keeper
        self._database = database
        self._frozen: list[_Frozen] = []
        self._next = 0.0

    def turn(self) -> None:
        """Look after what is frozen and what has ended, and make a fault when it is time for one."""
        self.stopping.wait(0.05)
        self._thaw(time.monotonic())
        self._keeper.keep()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._random.uniform(0.4, 2.5)
            kind = self._random.choices(list(KINDS), weights=list(KINDS.values()))[0]
            self.make(kind)

    def make(self, kind: str) -> None:
        """Make one fault."""
        frozen = {item.worker.pid for item in self._frozen}
        ready = [worker for worker in self._keeper.workers if worker.pid not in frozen and "is ready" in worker.output]
        if kind in ("kill", "freeze", "freeze_past_lease", "stop", "stop_twice"):
            if not ready:
                return
            self._make_to(kind, self._random.choice(ready))
        elif kind == "drop_connections":
            try:
                self._database.drop_connections()
            except psycopg.Error:
                logger.exception("dropping connections failed")
        else:
            # Away for longer than leases last: everybody gives up everything, and comes back at once.
            away = self._random.uniform(2.5, 4.0) if kind == "database_outage" else 0.0
            self._database.restart(crash=kind == "database_crash", away_seconds=away)
        self.history.add_fault(kind)

    def _make_to(self, kind: str, worker: WorkerProcess) -> None:
        if kind == "kill":
            self._keeper.ends(worker).kill()
        elif kind.startswith("freeze"):
            seconds = self._random.uniform(2.5, 5.0) if kind == "freeze_past_lease" else self._random.uniform(0.1, 1.2)
            since = time.monotonic()
            worker.freeze()
            self._frozen.append(_Frozen(worker, since, since + seconds))
        else:
            self._keeper.ends(worker).terminate()
            if kind == "stop_twice":
                time.sleep(self._random.uniform(0.0, 0.2))
                worker.terminate()

    def _thaw(self, now: float) -> None:
        for item in [item for item in self._frozen if item.until <= now]:
            self._frozen.remove(item)
            item.worker.thaw()
            self.history.add_frozen(item.worker.pid, item.since)

    def end(self) -> None:
        """Make no more faults, and undo what can be undone."""
        self.stop()
        self._thaw(float("inf"))
        self._keeper.keep()
