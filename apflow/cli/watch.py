"""Watching a run in the terminal: a line for each event and log line, and its end as an exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum, auto
from queue import SimpleQueue
from types import FrameType
from typing import Final

from apflow.client import ApiError, Client, End, Event, Item, Snapshot
from apflow.client.documents import LogLine, Run

from .away import AwayNotice
from .exit_codes import EXIT_CANCELLED, EXIT_OF_STATUS
from .lines import event_line, log_line, snapshot_line
from .screen import Screen

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Sign(Enum):
    """News that bring nothing but themselves."""

    INTERRUPTED = auto()
    LOGS_READ = auto()


class Watch:
    """Prints what happens to one run until it ends.

    Threads read the events and the log lines, and the main thread alone prints: so a signal is one more piece of news
    that waits its turn, and can't tear a line or a request apart.
    """

    def __init__(self, client: Client, run: Run, screen: Screen) -> None:
        self._client = client
        self._run = run
        self._screen = screen
        # Its `put` may be called in a signal handler at any moment.
        self._news: SimpleQueue[Item | LogLine | Exception | Sign] = SimpleQueue()
        self._names: dict[str, str] = {}
        self._interrupts = 0
        self._away = AwayNotice(screen)
        # As JSON there are events alone; `apflow logs --json` has the lines.
        self._owes_logs = not screen.as_json
        self._end: End | None = None

    def until_end(self) -> int:
        """Print until the run has ended; return its exit code. Ctrl-C cancels the run, a second one leaves it."""
        self._names = {task["id"]: task["name"] for task in self._client.task_runs(self._run["id"])}
        with self._interruptible():
            self._begin(self._read_events)
            if self._owes_logs:
                self._begin(self._read_logs)
            while self._end is None or self._owes_logs:
                self._take(self._news.get())
                if self._interrupts > 1:
                    self._screen.complain("The run goes on being cancelled; this command stops watching it.")
                    return EXIT_CANCELLED
        return EXIT_OF_STATUS[self._end.status]

    # --- what the threads do ----------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[], None]) -> None:
        threading.Thread(target=self._reporting, args=(work,), name=work.__name__, daemon=True).start()

    def _reporting(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  (the main thread raises it)
            self._news.put(error)

    def _read_events(self) -> None:
        for item in self._client.follow(self._run["id"], 0, on_away=self._away):
            self._news.put(item)

    def _read_logs(self) -> None:
        for line in self._client.logs(self._run["id"], follow=True):
            self._news.put(line)
        self._news.put(Sign.LOGS_READ)

    def _cancel(self) -> None:
        try:
            self._client.cancel(self._run["id"], "Interrupted in the terminal")
        except ApiError as error:
            if error.status != 409:  # it has ended meanwhile
                raise

    # --- what the main thread does ----------------------------------------------------------------------------------

    def _take(self, news: Item | LogLine | Exception | Sign) -> None:
        match news:
            case Sign.INTERRUPTED:
                self._interrupt()
            case Sign.LOGS_READ:
                self._owes_logs = False
            case Exception():
                raise news
            case Event() | Snapshot() | End():
                self._away.over()
                self._show(news)
            case _:
                self._screen.say(log_line(news, self._names))

    def _show(self, item: Item) -> None:
        match item:
            case Event():
                self._screen.json_line(asdict(item))
                self._screen.say(event_line(item, self._names, self._run["tree_name"]))
            case Snapshot():
                self._screen.json_line({"type": "snapshot", **asdict(item)})
                self._screen.say(snapshot_line(item))
            case End():
                self._screen.json_line({"type": "end", **asdict(item)})
                self._end = item

    def _interrupt(self) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self._screen.complain("Cancelling the run (Ctrl-C again to stop watching) …")
            self._begin(self._cancel)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        def interrupt(number: int, frame: FrameType | None) -> None:
            self._news.put(Sign.INTERRUPTED)

        before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
