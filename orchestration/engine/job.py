"""One attempt on its way through a lane."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from .changes import LogLine
from .hook_plan import HookFacts
from .json_values import decode, encode, storable_text
from .masked_records import mask_records
from .masking import Masker, secret_values

if TYPE_CHECKING:
    from .base import BaseTask
    from .clock import Clock
    from .inputs import InputSources
    from .outcome import Outcome
    from .records import Node
    from .registry import ExecutorSpec
    from .run_state import RunState

MAX_LOG_LINE_CHARS: Final = 16_384
#: Lines kept of one attempt; what follows is counted and said.
MAX_LOG_LINES: Final = 20_000
MAX_PROGRESS_CHARS: Final = 500

#: The job whose code is running, for captured log records.
current_job: ContextVar[Job | None] = ContextVar("apflow_current_job", default=None)


@dataclass(slots=True, eq=False)
class Job:
    """One attempt: what it runs, and the little that it shares with the engine's thread.

    It is the `AttemptContext` that the executor sees. `on_news` tells the engine that there are log lines or
    progress to fetch.
    """

    run: RunState
    node: Node
    attempt: int
    spec: ExecutorSpec
    sources: InputSources
    params: dict[str, Any]
    timeout_seconds: float | None
    may_retry: bool
    clock: Clock
    on_news: Callable[[Job], None]
    instance: BaseTask | None = None
    resolved_json: str | None = None
    cancel_requested: threading.Event = field(default_factory=threading.Event)
    limit: asyncio.Timeout | None = None
    #: What the executor's code came to, while post-hooks still run.
    outcome: Outcome | None = None
    share: float = 0.0
    message: str = ""
    has_progress: bool = False
    over: bool = False
    #: What the attempt was granted, by name.
    secrets: Mapping[str, str] = field(default_factory=dict)
    #: What became of the hooks that were called so far, as events hold it.
    hook_notes: list[dict[str, Any]] = field(default_factory=list)
    #: Seconds that its post-hooks may take together; set before they are called.
    hook_seconds: float = 0.0
    _lines: list[LogLine] = field(default_factory=list)
    _line_count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _inputs: dict[str, Any] | None = None
    _masker: Masker | None = None
    #: Of the secrets that were granted to the attempt; None when there are none.
    _granted: Masker | None = None

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.node.record.uid

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.id

    def hook_facts(self, status: str | None = None) -> HookFacts:
        """Return what filters of hooks look at."""
        return replace(self.run.hook_facts, executor=self.spec.id, status=status)

    def takes(self, inputs: dict[str, Any]) -> None:
        """The attempt's inputs are these now: their secrets stay out of everything that it says."""
        self._inputs, self._masker = inputs, None

    def was_granted(self, secrets: Mapping[str, str]) -> None:
        """The attempt was given these secrets, by name: they stay out of whatever is stored of it."""
        self.secrets = secrets
        values = frozenset(secrets.values())
        self._granted, self._masker = Masker(values) if values else None, None

    def storable(self, json_text: str) -> str:
        """Return JSON that is to be stored, without the secrets that the attempt was granted."""
        return json_text if self._granted is None else encode(self._granted.hide(decode(json_text)))

    @property
    def masker(self) -> Masker:
        """What takes the secrets of this attempt out of texts. Made when it is needed: most attempts say nothing."""
        masker = self._masker
        if masker is None:
            masker = self._masker = self._make_masker()
        return masker

    def mask(self, text: str) -> str:
        """Return a text of the attempt without the attempt's secrets."""
        return self.masker.text(text)

    def _make_masker(self) -> Masker:
        given = (self.sources.own, self.sources.params, self.params)
        try:
            found = secret_values(*given, self._inputs)
        except RecursionError:  # a hook has made the inputs contain themselves
            found = secret_values(*given)
        return found if self._granted is None else Masker(found.secrets | self._granted.secrets)

    def is_cancelled(self) -> bool:
        """Tell whether the attempt was asked to stop."""
        return self.cancel_requested.is_set()

    def report_progress(self, share: float, message: str) -> None:
        """Take over the newest progress; what is not a number is 0, what is outside 0 to 1 is brought inside."""
        value = float(share) if isinstance(share, int | float) and share == share else 0.0
        self.share = min(max(value, 0.0), 1.0)
        self.message = storable_text(self.mask(str(message)), MAX_PROGRESS_CHARS)[:MAX_PROGRESS_CHARS]
        self.has_progress = True
        self.on_news(self)

    def add_line(self, level: int, logger: str, message: str, at: datetime) -> None:
        """Append a line to the attempt's log."""
        with self._lock:
            if self.over:
                return
            self._line_count += 1
            if self._line_count > MAX_LOG_LINES:
                if self._line_count > MAX_LOG_LINES + 1:
                    return
                level, message = logging.WARNING, f"more than {MAX_LOG_LINES:,} lines; the rest is left out"
            text = storable_text(self.mask(message), MAX_LOG_LINE_CHARS)
            self._lines.append(LogLine(self.node.record.pk, self.attempt, level, logger[:255], text, at))
        self.on_news(self)

    def take_lines(self) -> list[LogLine]:
        """Hand over the lines that came since the last call."""
        with self._lock:
            lines, self._lines = self._lines, []
            return lines


class CaptureHandler(logging.Handler):
    """Sends every log record that is emitted while a task runs to that task's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to the running job; records outside one are none of ours."""
        job = current_job.get()
        if job is None:
            return
        try:
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
            job.add_line(record.levelno, record.name, text, job.clock.now())
        except Exception:  # noqa: BLE001 - formatting a record runs other people's __str__
            self.handleError(record)


_capture: Final = CaptureHandler()


def _current_masker() -> Masker | None:
    job = current_job.get()
    return None if job is None else job.masker


def install_capture() -> None:
    """Capture log records of running tasks from now on, without secrets. Calling it again changes nothing."""
    mask_records(_current_masker)
    logging.getLogger().addHandler(_capture)
    executors = logging.getLogger("apflow")
    if executors.level == logging.NOTSET:
        executors.setLevel(logging.INFO)
