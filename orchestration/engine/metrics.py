"""What an engine counts about itself. Touched by the engine's thread; a heartbeat takes a copy to the database."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

#: Upper bounds of histogram buckets, in seconds; the last, unwritten one is +Inf.
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
#: The same for rows of one group commit.
ROWS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)


#: What is not added up name by name.
_NOT_ADDED: Final = frozenset({"outcomes", "broken_executors"})


class Histogram:
    """Counts of values by bucket, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def as_json(self) -> dict[str, Any]:
        """Return bounds, counts (one more than bounds) and the sum."""
        return {"bounds": list(self.bounds), "counts": list(self.counts), "sum": self.total}


class Metrics:
    """Counters and histograms of one engine."""

    def __init__(self) -> None:
        self.starts: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.runs: Counter[str] = Counter()
        self.leases_lost = 0
        self.runs_lost = 0
        self.late_outcomes = 0
        self.start_latency = Histogram()
        self.attempt_duration = Histogram()
        self.queue_time = Histogram()
        self.flush_rows = Histogram(ROWS)
        self.flush_duration = Histogram()
        self.event_lag = Histogram()
        #: Modules that should have brought executors: `module` and `error` of each. Not a figure; a worker tells it so.
        self.broken_executors: list[dict[str, str]] = []

    def snapshot(self) -> dict[str, Any]:
        """Return everything as plain JSON. Copies first, so that the engine's thread may go on counting."""
        return {
            "starts": dict(self.starts),
            "outcomes": [[executor, status, count] for (executor, status), count in list(self.outcomes.items())],
            "runs": dict(self.runs),
            "leases_lost": self.leases_lost,
            "runs_lost": self.runs_lost,
            "late_outcomes": self.late_outcomes,
            "start_latency": self.start_latency.as_json(),
            "attempt_duration": self.attempt_duration.as_json(),
            "queue_time": self.queue_time.as_json(),
            "flush_rows": self.flush_rows.as_json(),
            "flush_duration": self.flush_duration.as_json(),
            "event_lag": self.event_lag.as_json(),
            "broken_executors": self.broken_executors,
        }


def merge(snapshots: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Add the snapshots of several engines up; counters and buckets are sums."""
    total: dict[str, Any] = Metrics().snapshot()
    outcomes: Counter[tuple[str, str]] = Counter()
    for snapshot in snapshots:
        for executor, status, count in snapshot.get("outcomes", ()):
            outcomes[executor, status] += count
        for name, value in snapshot.items():
            if name not in _NOT_ADDED and name in total:
                total[name] = _add(total[name], value)
    total["outcomes"] = [[executor, status, count] for (executor, status), count in sorted(outcomes.items())]
    return total


def _add(one: Any, other: Any) -> Any:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one + other
    if isinstance(one, dict) and "counts" in one:
        counts = [a + b for a, b in zip(one["counts"], other["counts"], strict=True)]
        return {"bounds": one["bounds"], "counts": counts, "sum": one["sum"] + other["sum"]}
    return dict(Counter(one) + Counter(other))
