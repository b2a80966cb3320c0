"""What workers have counted of executors, for tests."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from orchestration.engine.duration_scale import bucket_of
from orchestration.engine.executor_counts import BUCKETS
from orchestration.models import ExecutorUse


def make_use(
    executor: str, runs: int, failures: int = 0, *, milliseconds: float = 2_400, days_ago: int = 0
) -> ExecutorUse:
    """Let task runs have ended on a day, each of which took so long."""
    buckets = [0] * BUCKETS
    buckets[bucket_of(milliseconds, BUCKETS)] = runs
    day = timezone.now().date() - timedelta(days=days_ago)
    return ExecutorUse.objects.create(executor=executor, day=day, runs=runs, failures=failures, buckets=buckets)
