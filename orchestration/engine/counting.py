"""What an engine counts for the pages: how hooks and executors did. Written down each second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from .executor_counts import ExecutorCounts
from .hook_counts import HookCounts
from .ports import Store
from .threads import ControlThread

Key = TypeVar("Key")
Count = TypeVar("Count")


class _Counts(Protocol[Key, Count]):
    """What was counted by a key."""

    def take(self) -> dict[Key, Count]:
        """Hand over what was counted, and begin anew."""

    def give_back(self, counts: Mapping[Key, Count]) -> None:
        """Take back what could not be written down."""


class Counting:
    """Counts, and adds up in the database what was counted. What can't be written now is written later."""

    def __init__(self) -> None:
        self.hooks = HookCounts()
        self.executors = ExecutorCounts()

    def use(self, control: ControlThread, store: Store) -> None:
        """Start: it is written through `control`."""
        self._control = control
        self._store = store

    def keep(self) -> None:
        """Write down what was counted since the last time."""
        self._control.look("counts", self._write, lambda _, error: None)

    def _write(self) -> None:
        _write(self.hooks, self._store.add_hook_counts)
        _write(self.executors, self._store.add_executor_counts)


def _write(counts: _Counts[Key, Count], write: Callable[[Mapping[Key, Count]], None]) -> None:
    taken = counts.take()
    if not taken:
        return
    try:
        write(taken)
    except BaseException:
        counts.give_back(taken)
        raise
