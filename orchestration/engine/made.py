"""Executors that are made while the program runs: what a worker can run follows what the installation has stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .base import BaseTask
    from .ports import Store
    from .registry import ExecutorRegistry

logger = logging.getLogger("apflow.engine")


@dataclass(frozen=True, slots=True)
class MadeExecutors:
    """All executors that are stored and switched on, as classes. `stamp` is another one after every change."""

    stamp: str
    classes: Sequence[type[BaseTask]]


#: Given the stamp that is known, returns what is stored, or None when that is still all. It blocks.
MadeSource: TypeAlias = Callable[[str], MadeExecutors | None]


def none_made(stamp: str) -> MadeExecutors | None:
    """Know none."""
    return None


# Reading and taking over are one, so that nobody puts an older state over a newer one.
_reading = threading.Lock()


def refresh_made(registry: ExecutorRegistry, source: MadeSource) -> bool:
    """Take over what has changed, if anything has; tells whether. Raises what the source raises."""
    with _reading:
        made = source(registry.made_stamp)
        if made is None:
            return False
        registry.replace_made(made.classes, made.stamp)
        return True


class Offer:
    """What a worker can run, and what the database believes it can. Used in the control thread alone."""

    def __init__(self, store: Store, registry: ExecutorRegistry, source: MadeSource) -> None:
        self._store = store
        self._registry = registry
        self._source = source
        self._told: tuple[str, list[str]] | None = None

    def refresh(self) -> None:
        """Follow what is stored; while that can't be read, what is known stays."""
        try:
            refresh_made(self._registry, self._source)
        except Exception as error:  # noqa: BLE001 - a database that is away must not lose what was claimed a moment ago
            logger.warning("the executors that were made here can't be read: %s", error)
            self._store.close()

    def tell(self, worker_id: str) -> None:
        """Let the worker's row say what it offers now."""
        now = (worker_id, [spec.id for spec in self._registry])
        if now != self._told:
            self._store.offer_executors(*now)
            self._told = now
