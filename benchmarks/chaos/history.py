"""What the clients asked for and were told, and what they saw: the outside view of a chaos run."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Asked:
    """One run that was asked for, and what was asked of it later."""

    run: str
    key: str
    started_at: float
    cancels: list[float] = field(default_factory=list)
    pauses: int = 0


class History:
    """Collects from several threads. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked: dict[str, Asked] = {}
        self.violations: list[str] = []
        #: Ended things as they were first seen: ("run" | "task", id) -> what must never change.
        self._ended: dict[tuple[str, Any], tuple[Any, ...]] = {}
        #: Spans in which a process stood still: pid -> [(from, to)].
        self.frozen: dict[int, list[tuple[float, float]]] = {}
        #: What turns a wall-clock time, as the database tells it, into a monotonic one.
        self.wall_offset = time.time() - time.monotonic()
        self.faults: dict[str, int] = {}

    def add_run(self, run: str, key: str) -> None:
        """A start was answered."""
        with self._lock:
            known = self.asked.get(run)
            if known is not None and known.key != key:
                self.violations.append(f"run {run} was returned for two keys, {known.key} and {key}")
            self.asked.setdefault(run, Asked(run, key, time.monotonic()))

    def add_cancel(self, run: str) -> None:
        """A cancel was answered."""
        with self._lock:
            self.asked[run].cancels.append(time.monotonic())

    def add_pause(self, run: str) -> None:
        """A pause was answered."""
        with self._lock:
            self.asked[run].pauses += 1

    def add_fault(self, kind: str) -> None:
        """A fault was made."""
        with self._lock:
            self.faults[kind] = self.faults.get(kind, 0) + 1

    def add_frozen(self, pid: int, since: float) -> None:
        """A process stood still from `since` until now."""
        with self._lock:
            self.frozen.setdefault(pid, []).append((since, time.monotonic()))

    def stood_still(self, pid: int, since: float, until: float) -> bool:
        """Tell whether a process was frozen somewhere between two moments."""
        with self._lock:
            return any(begin < until and end > since for begin, end in self.frozen.get(pid, ()))

    def see_ended(self, kind: str, pk: Any, seen: tuple[Any, ...]) -> None:
        """Something was seen ended; it must look the same whenever it is seen again."""
        with self._lock:
            before = self._ended.setdefault((kind, pk), seen)
            if before != seen:
                self.violations.append(f"{kind} {pk} had ended as {before} and then was {seen}")

    @property
    def ended_tasks(self) -> set[Any]:
        """Ids of the task runs that were seen ended."""
        with self._lock:
            return {pk for kind, pk in self._ended if kind == "task"}

    @property
    def ended_runs(self) -> set[Any]:
        """Ids of the runs that were seen ended."""
        with self._lock:
            return {pk for kind, pk in self._ended if kind == "run"}
