"""Following a run in the terminal: one line per transition, and its end as an exit code."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Any, Final

from django.db import InterfaceError, OperationalError, connection

from orchestration.actions.runs import cancel_run
from orchestration.engine.status import Status
from orchestration.models import Run, RunEvent, TaskLog, TaskRun, Worker

from .targets import EXIT_CANCELLED, EXIT_COMPLETED, EXIT_FAILED

_POLL_SECONDS: Final = 0.05
#: Seconds between tries while the database is away.
_AWAY_SECONDS: Final = 1.0
#: Seconds without a live worker before the reader is told.
_LONELY_SECONDS: Final = 15.0

EXIT_CODES: Final = {
    Status.COMPLETED: EXIT_COMPLETED,
    Status.FAILED: EXIT_FAILED,
    Status.CANCELLED: EXIT_CANCELLED,
}


@dataclass
class Follower:
    """Prints what happens to one run until it ends.

    `say` prints a line; `as_json` prints events as JSON lines; `verbose` adds log lines and progress; `poke` is called
    after a command was left for the run's owner.
    """

    run: Run
    say: Callable[[str], None]
    warn: Callable[[str], None]
    as_json: bool = False
    verbose: bool = False
    poke: Callable[[], None] = lambda: None
    _seq: int = 0
    _log: int = 0
    _names: dict[int, str] = field(default_factory=dict)
    _interrupted: int = 0
    _lonely_since: float | None = None
    _away: bool = False

    def follow(self) -> int:
        """Print until the run has ended; return the exit code. Ctrl-C cancels the run, a second one leaves it."""
        self._names = dict(TaskRun.objects.filter(run=self.run).values_list("pk", "name"))
        with self._interrupts():
            while self._interrupted < 2:
                try:
                    status = self._look()
                except (OperationalError, InterfaceError):
                    # The run does not depend on this command: a database that restarts is waited for.
                    self._reconnect()
                    continue
                if status.is_terminal:
                    return EXIT_CODES[status]
                time.sleep(_POLL_SECONDS)
        self.warn("The run goes on being cancelled; this command stops watching it.")
        return EXIT_CANCELLED

    def _look(self) -> Status:
        """Print what is new and return the run's status, read before that, so that nothing of its end is missed."""
        status = Status(Run.objects.values_list("status", flat=True).get(pk=self.run.pk))
        self._print_new()
        if not status.is_terminal:
            self._look_for_workers()
        return status

    def _reconnect(self) -> None:
        if not self._away:
            self.warn("The database does not answer; waiting for it …")
        self._away = True
        connection.close()
        time.sleep(_AWAY_SECONDS)

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        def interrupt(number: int, frame: FrameType | None) -> None:
            self._interrupted += 1
            if self._interrupted == 1:
                self.warn("Cancelling the run (Ctrl-C again to stop watching) …")
                cancel_run(self.run, reason="Interrupted in the terminal")
                self.poke()

        before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _print_new(self) -> None:
        if self.verbose:
            self._print_logs()
        for event in RunEvent.objects.filter(run=self.run, seq__gt=self._seq).order_by("seq"):
            self._seq = event.seq
            if event.type != "task.progress" or self.verbose:
                self.say(self._json_line(event) if self.as_json else self._line(event))

    def _print_logs(self) -> None:
        for line in TaskLog.objects.filter(task_run__run=self.run, pk__gt=self._log).order_by("pk"):
            self._log = line.pk
            if not self.as_json:
                self.say(f"{clock(line.at)}  log        {self._names.get(line.task_run_id, '?')}: {line.message}")

    def _json_line(self, event: RunEvent) -> str:
        task = self._names.get(event.task_run_id) if event.task_run_id else None
        plain = {"seq": event.seq, "type": event.type, "task": task, "at": event.at.isoformat(), "data": event.data}
        return json.dumps(plain, ensure_ascii=False)

    def _line(self, event: RunEvent) -> str:
        scope, _, word = event.type.partition(".")
        name = self._names.get(event.task_run_id, "?") if event.task_run_id else f"run {self.run.tree_name}"
        return f"{clock(event.at)}  {word.replace('_', ' '):<10} {name}{_details(event.data) if scope else ''}"

    def _look_for_workers(self) -> None:
        if Worker.objects.live().exists():
            self._lonely_since = None
            return
        now = time.monotonic()
        if self._lonely_since is None:
            self._lonely_since = now
        elif now - self._lonely_since > _LONELY_SECONDS:
            self.warn("No worker is alive; the run waits until one starts (manage.py worker).")
            self._lonely_since = now


def clock(at: datetime) -> str:
    """Return a time of day for one line of output."""
    return at.astimezone().strftime("%H:%M:%S.%f")[:-3]


def _details(data: dict[str, Any]) -> str:
    parts = []
    if data.get("attempt", 1) > 1:
        parts.append(f"attempt {data['attempt']}")
    if "delay_seconds" in data:
        parts.append(f"again in {data['delay_seconds']:g} s")
    if "progress" in data:
        parts.append(f"{data['progress']:.0%} {data.get('message', '')}".strip())
    if data.get("error"):
        parts.append(str(data["error"]).splitlines()[0])
    if isinstance(data.get("tasks"), dict):
        parts.append(", ".join(f"{count} {status}" for status, count in data["tasks"].items() if count))
    return f"  ({'; '.join(parts)})" if parts else ""
