"""The clients: they start runs, ask things of them, and look. They try again when the database is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import Error, connections
from django.db.models import F

from benchmarks.chaos.generator import random_tree
from benchmarks.chaos.history import History
from orchestration.actions.runs import RunRequest, cancel_run, send_command, start_spec
from orchestration.models import Run, RunCommand, TaskRun

logger = logging.getLogger("benchmarks.chaos")


def insist(call: Callable[[], Any], seconds: float = 60) -> Any:
    """Call until the database answers, as a retrying client does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except Error:
            connections.close_all()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class Client(threading.Thread):
    """One kind of client: repeats `turn` until it is stopped."""

    def __init__(self, name: str, history: History) -> None:
        super().__init__(name=name, daemon=True)
        self.history = history
        self.stopping = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Repeat until stopped; keep what went wrong for `stop`."""
        try:
            while not self.stopping.is_set():
                self.turn()
        except BaseException as error:
            logger.exception("%s failed", self.name)
            self.failure = error
        finally:
            connections.close_all()

    def turn(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop, wait, and raise what went wrong."""
        self.stopping.set()
        self.join(120)
        if self.failure is not None:
            raise self.failure


class Starter(Client):
    """Starts runs, as long as not too many are open; asks twice now and then, as a double click does."""

    def __init__(self, history: History, random: Random, effects: str, most_open: int) -> None:
        super().__init__("chaos-starter", history)
        self._random = random
        self._effects = effects
        self._most_open = most_open
        self._count = 0

    def turn(self) -> None:
        """Start one run."""
        self._count += 1
        random, key = self._random, f"chaos-{self._count}"
        spec = random_tree(random, self._effects)
        request = RunRequest(priority=random.randrange(4), trigger=Run.Trigger.API, idempotency_key=key)
        for _ in range(2 if random.random() < 0.2 else 1):
            # A start whose answer is lost with the connection is asked again with its key: still one run.
            run = insist(lambda: start_spec(spec, request))
            self.history.add_run(str(run.pk), key)
        while not self.stopping.wait(0.01) and insist(Run.objects.active().count) >= self._most_open:
            pass


class Meddler(Client):
    """Cancels some runs and tasks, pauses others and always resumes them."""

    def __init__(self, history: History, random: Random) -> None:
        super().__init__("chaos-meddler", history)
        self._random = random
        self.paused: set[str] = set()

    def turn(self) -> None:
        """Ask one thing of one live run."""
        self.stopping.wait(self._random.uniform(0.0, 0.15))
        live = insist(lambda: list(Run.objects.active().order_by("queued_at")[:50]))
        if not live:
            return
        run, chance = self._random.choice(live), self._random.random()
        if chance < 0.35:
            for _ in range(self._random.choice((1, 1, 2))):
                insist(lambda: cancel_run(run, reason="chaos"))
                if str(run.pk) in self.history.asked:
                    self.history.add_cancel(str(run.pk))
        elif chance < 0.5:
            tasks = insist(lambda: list(TaskRun.objects.filter(run=run)))
            insist(lambda: cancel_run(run, reason="chaos task", task_run=self._random.choice(tasks)))
        elif chance < 0.7:
            insist(lambda: send_command(run, RunCommand.Kind.PAUSE))
            self.paused.add(str(run.pk))
        elif chance < 0.85:
            data = {"priority": self._random.randrange(4)}
            insist(lambda: send_command(run, RunCommand.Kind.SET_PRIORITY, data=data))
        if self.paused and self._random.random() < 0.6:
            self.resume(self._random.choice(sorted(self.paused)))

    def resume(self, run_id: str) -> None:
        """Resume one run."""
        insist(lambda: send_command(Run.objects.get(pk=run_id), RunCommand.Kind.RESUME))
        self.paused.discard(run_id)

    def resume_all(self) -> None:
        """Resume everything that was paused."""
        for run_id in sorted(self.paused):
            self.resume(run_id)


class Watcher(Client):
    """Looks at everything that has ended: it must never change."""

    def __init__(self, history: History) -> None:
        super().__init__("chaos-watcher", history)

    def turn(self) -> None:
        """Look once."""
        self.look(recent=1000)
        self.stopping.wait(0.2)

    def look(self, recent: int | None = None) -> None:
        """Look at all ended runs and tasks, or at the newest only."""
        runs = Run.objects.finished().newest_first().values_list("pk", "status", "finished_at", "last_seq")
        tasks = TaskRun.objects.filter(status__in=("completed", "failed", "cancelled")).order_by("-pk")
        fields = ("pk", "status", "finished_at", "attempt", "result", "error")
        for pk, *rest in insist(lambda: list(runs[:recent])):
            self.history.see_ended("run", pk, tuple(rest))
        for pk, *rest in insist(lambda: list(tasks.values_list(*fields)[:recent])):
            self.history.see_ended("task", pk, tuple(map(str, rest)))


def stuck_runs() -> list[str]:
    """Say what is not finished."""
    fields = ("pk", "status", "paused", "epoch", "last_seq", "owner_id")
    live = Run.objects.active().annotate(stopped=F("owner__stopped_at"), lease=F("owner__lease_expires_at"))
    return [str(row) for row in live.values_list(*fields, "stopped", "lease")]
