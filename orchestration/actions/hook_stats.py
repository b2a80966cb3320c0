"""How hooks did in the last days, added up from what the workers have counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from orchestration.engine.duration_scale import added, percentile
from orchestration.engine.hook_counts import BUCKETS, SHOWN_DAYS
from orchestration.models import HookUse


@dataclass(slots=True)
class HookStats:
    """The calls of a hook: how many, how many of them failed or were slow, and how long 95 in 100 took at most."""

    runs: int = 0
    errors: int = 0
    slow: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def p95_ms(self) -> float | None:
        """Milliseconds that 95 in 100 calls did not exceed; None without calls."""
        return percentile(self.buckets, 0.95)

    @property
    def p95_words(self) -> str:
        """The same in words; empty without calls."""
        value = self.p95_ms
        if value is None:
            return ""
        return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def hook_stats(hooks: Collection[int]) -> dict[int, HookStats]:
    """Return the statistics of hooks by their ids, in one query."""
    stats = {pk: HookStats() for pk in hooks}
    for use in HookUse.objects.since(SHOWN_DAYS).filter(hook__in=hooks):
        found = stats[use.hook_id]
        found.runs += use.runs
        found.errors += use.errors
        found.slow += use.slow
        found.buckets = added(found.buckets, use.buckets)
    return stats
