"""Which ready tasks may start: executors that are limited over all workers, switched off, or isolated.

The gate is touched by the engine's thread alone. Permits of limited executors come from the database, so that all
workers together keep the limit; one is used by each start and goes back when the attempt ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .isolation import MAX_CHILDREN
from .records import Node
from .registry import ExecutorRegistry

#: What nodes that wait for a free child process are parked under.
ISOLATED = "isolated"


@dataclass(frozen=True, slots=True)
class ExecutorLimit:
    """What an installation decided about an executor; None is no limit.

    `rate_count` starts are allowed per `rate_seconds`.
    """

    executor: str
    enabled: bool = True
    max_concurrency: int | None = None
    rate_count: int | None = None
    rate_seconds: float = 60.0

    @property
    def is_limited(self) -> bool:
        """True when a start needs a permit."""
        return self.max_concurrency is not None or self.rate_count is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """The database's answer to a worker that wants permits. `wait_seconds` is when asking again may help (rate)."""

    granted: int
    wait_seconds: float | None = None


class Gate:
    """Admits nodes, and keeps count of permits and child processes."""

    def __init__(self, registry: ExecutorRegistry) -> None:
        self.limits: dict[str, ExecutorLimit] = {}
        self._registry = registry
        self._permits: Counter[str] = Counter()
        self._to_release: Counter[str] = Counter()
        self._isolated = 0

    def is_enabled(self, executor: str) -> bool:
        """Tell whether an executor may be used at all."""
        limit = self.limits.get(executor)
        return limit is None or limit.enabled

    def admit(self, node: Node) -> str | None:
        """Take what the node needs to start and return None, or return the key that it has to be parked under."""
        executor = node.executor or ""
        isolated = executor in self._registry and self._registry.get(executor).isolation == "process"
        if isolated and self._isolated >= MAX_CHILDREN:
            return ISOLATED
        limit = self.limits.get(executor)
        if limit is not None and limit.enabled and limit.is_limited:
            if self._permits[executor] <= 0:
                return executor_key(executor)
            self._permits[executor] -= 1
            node.has_permit = True
        if isolated:
            self._isolated += 1
            node.is_isolated = True
        return None

    def leave(self, node: Node) -> list[str]:
        """The node's attempt is over: return the keys under which parked nodes may have a chance now."""
        keys = []
        if node.is_isolated:
            node.is_isolated = False
            self._isolated -= 1
            keys.append(ISOLATED)
        if node.has_permit:
            node.has_permit = False
            self._to_release[node.executor or ""] += 1
        return keys

    def add_permits(self, executor: str, count: int) -> None:
        """The database granted permits."""
        self._permits[executor] += count

    def drop_unused(self, executor: str) -> None:
        """Nobody waits for the permits any more: they go back."""
        self._to_release[executor] += self._permits.pop(executor, 0)

    def take_releases(self) -> dict[str, int]:
        """Hand over the permits to give back."""
        releases = {executor: count for executor, count in self._to_release.items() if count > 0}
        self._to_release.clear()
        return releases

    def forget(self) -> None:
        """The worker has lost its lease: the permits it held are nobody's."""
        self._permits.clear()
        self._to_release.clear()


def executor_key(executor: str) -> str:
    """Return what nodes that wait for a permit are parked under."""
    return f"executor:{executor}"
