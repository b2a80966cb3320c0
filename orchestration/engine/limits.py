"""Which ready tasks may start: executors that are limited over all workers, switched off, or isolated.

The gate is touched by the engine's thread alone. Permits of limited executors come from the database, so that all
workers together keep the limit; one is used by each start and goes back when the attempt ends.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .breaker import Verdict
from .isolation import MAX_CHILDREN
from .records import Node
from .registry import ExecutorRegistry
from .retry import RetryPolicy

#: What nodes that wait for a free child process are parked under.
ISOLATED = "isolated"


@dataclass(frozen=True, slots=True)
class ExecutorLimit:
    """What an installation decided about an executor; None is no limit.

    `rate_count` starts are allowed per `rate_seconds`. `timeout_seconds`, `retry` and `params` are for tasks that say
    nothing themselves. `breaker_failures` in a row open its breaker; it is open or half-open while `retry_at` is set,
    and `is_probed` while a probe is out.
    """

    executor: str
    enabled: bool = True
    max_concurrency: int | None = None
    rate_count: int | None = None
    rate_seconds: float = 60.0
    timeout_seconds: float | None = None
    retry: RetryPolicy | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    breaker_failures: int | None = None
    retry_at: datetime | None = None
    is_probed: bool = False

    @property
    def is_limited(self) -> bool:
        """True when a start needs a permit."""
        return any(limit is not None for limit in (self.max_concurrency, self.rate_count, self.breaker_failures))


@dataclass(frozen=True, slots=True)
class Grant:
    """The database's answer to a worker that wants permits.

    `wait_seconds` is when asking again may help (rate, breaker); `is_probe` says that the one permit is the probe of a
    half-open breaker.
    """

    granted: int
    wait_seconds: float | None = None
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Permits of an executor that go back, and what their attempts said about it."""

    count: int
    verdicts: tuple[Verdict, ...] = ()


class Gate:
    """Admits nodes, and keeps count of permits and child processes."""

    def __init__(self, registry: ExecutorRegistry) -> None:
        self.limits: dict[str, ExecutorLimit] = {}
        self._registry = registry
        self._permits: Counter[str] = Counter()
        self._to_release: Counter[str] = Counter()
        self._verdicts: dict[str, list[Verdict]] = {}
        #: Executors whose one unused permit is a probe.
        self._probes: set[str] = set()
        self._isolated = 0
        #: Rises with each identity of the worker: what one was granted, another must not give back.
        self._identity = 0

    def is_enabled(self, executor: str) -> bool:
        """Tell whether an executor may be used at all."""
        limit = self.limits.get(executor)
        return limit is None or limit.enabled

    def admit(self, node: Node) -> str | None:
        """Take what the node needs to start and return None, or return the key that it has to be parked under."""
        executor = node.executor or ""
        isolated = self._is_isolated(executor)
        is_full = isolated and self._isolated >= MAX_CHILDREN
        limit = self.limits.get(executor)
        if limit is not None and limit.enabled and limit.is_limited:
            # Without a child it needs no permit yet, so it waits for both in one place.
            if is_full or self._permits[executor] <= 0:
                return executor_key(executor)
            self._permits[executor] -= 1
            node.permit_of = self._identity
            node.is_probe = executor in self._probes
            self._probes.discard(executor)
        elif is_full:
            return ISOLATED
        if isolated:
            self._isolated += 1
            node.is_isolated = True
        return None

    def _is_isolated(self, executor: str) -> bool:
        spec = self._registry.find(executor)
        return spec is not None and spec.isolation == "process"

    def room(self, executor: str) -> int:
        """Return how many more nodes of an executor may start here, permits aside: each isolated one needs a child."""
        return MAX_CHILDREN - self._isolated if self._is_isolated(executor) else sys.maxsize

    def permits(self, executor: str) -> int:
        """Return how many permits are here that no attempt has."""
        return self._permits[executor]

    def unused(self) -> Iterator[tuple[str, int]]:
        """Yield the keys under which nodes may start now, each with how many."""
        yield ISOLATED, MAX_CHILDREN - self._isolated
        for executor, permits in self._permits.items():
            yield executor_key(executor), min(permits, self.room(executor))

    def leave(self, node: Node, worked: bool | None = None) -> bool:
        """The node's attempt is over; `worked` is what it says about its executor, see `breaker.judge`.

        Return True when a child is free now.
        """
        was_isolated, node.is_isolated = node.is_isolated, False
        self._isolated -= was_isolated
        if node.permit_of == self._identity:
            self._to_release[node.executor or ""] += 1
            self._note(node.executor or "", Verdict(worked, node.is_probe))
        node.permit_of, node.is_probe = None, False
        return was_isolated

    def _note(self, executor: str, verdict: Verdict) -> None:
        limit = self.limits.get(executor)
        if limit is not None and limit.breaker_failures is not None and verdict != (None, False):
            self._verdicts.setdefault(executor, []).append(verdict)

    def add_permits(self, executor: str, count: int, *, is_probe: bool = False) -> None:
        """The database granted permits."""
        self._permits[executor] += count
        if is_probe:
            self._probes.add(executor)

    def drop_unused(self, executor: str) -> None:
        """Nobody waits for the permits any more: they go back."""
        unused = self._permits.pop(executor, 0)
        if unused > 0:
            self._to_release[executor] += unused
        if executor in self._probes:
            self._probes.discard(executor)
            self._note(executor, Verdict(None, is_probe=True))

    def take_releases(self) -> dict[str, Release]:
        """Hand over the permits to give back."""
        releases = {
            executor: Release(count, tuple(self._verdicts.get(executor, ())))
            for executor, count in self._to_release.items()
        }
        self._to_release.clear()
        self._verdicts.clear()
        return releases

    def put_back(self, releases: Mapping[str, Release]) -> None:
        """These could not be given back; they are to be taken once more."""
        for executor, release in releases.items():
            self._to_release[executor] += release.count
            if release.verdicts:
                self._verdicts.setdefault(executor, [])[:0] = release.verdicts

    def forget(self) -> None:
        """The worker has lost its lease: the permits it held are nobody's, those too that attempts still have."""
        self._identity += 1
        self._permits.clear()
        self._to_release.clear()
        self._verdicts.clear()
        self._probes.clear()


def own_or_default(own: RetryPolicy, limit: ExecutorLimit | None) -> RetryPolicy:
    """Return the retry policy of a task: its own, or where it has none what the installation decided."""
    if own != RetryPolicy() or limit is None or limit.retry is None:
        return own
    return limit.retry


def executor_key(executor: str) -> str:
    """Return what nodes that wait for a permit are parked under."""
    return f"executor:{executor}"
