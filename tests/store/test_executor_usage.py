"""How much executors were used: counted by workers, added up by day, read by an index of the days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from orchestration.engine.duration_scale import bucket_of
from orchestration.engine.executor_counts import BUCKETS, ExecutorCount
from orchestration.models import ExecutorUse, TaskRun
from orchestration.store import executor_usage
from orchestration.store.connection import close_thread_connection
from orchestration.store.executor_usage import (
    DayUsage,
    Usage,
    add_executor_counts,
    read_all_usage,
    read_usage,
    usage_days,
)
from orchestration.store.prune import prune_runs
from tests.executor_use import make_use
from tests.pages.scene import make_run, make_tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    close_thread_connection()


def counted(*milliseconds: float, failures: int = 0) -> ExecutorCount:
    """Ends that took so long."""
    count = ExecutorCount(len(milliseconds), failures)
    for took in milliseconds:
        count.buckets[bucket_of(took, BUCKETS)] += 1
    return count


def test_counts_of_several_workers_are_added_up() -> None:
    for _ in range(2):
        add_executor_counts({"echo": counted(2, 2, 2, 900, failures=1), "other": counted(70)})
    today = usage_days()[-1]
    usage = read_usage("echo")
    assert (usage.runs, usage.failures, usage.days) == (8, 2, [DayUsage(today, 8, 2)])
    assert usage.p50_seconds is not None and 0.002 <= usage.p50_seconds <= 0.002 * 1.26
    assert usage.p95_seconds is not None and 0.9 <= usage.p95_seconds <= 0.9 * 1.26
    assert usage.error_rate == 0.25
    assert Usage().error_rate is None and read_usage("nobody") == Usage()


def test_days_that_no_page_shows_are_pruned() -> None:
    for days in (0, 6, 8, 40):
        make_use("echo", 1, days_ago=days)
    list(prune_runs(timedelta(hours=1)))
    assert ExecutorUse.objects.count() == 2
    list(prune_runs(timedelta(days=30)))
    assert ExecutorUse.objects.count() == 2


def test_all_executors_are_read_at_once_as_each_by_itself() -> None:
    add_executor_counts({"echo": counted(2, 3, failures=1), "other": counted(70)})
    ExecutorUse.objects.filter(executor="echo").update(day=timezone.now().date() - timedelta(days=6))
    add_executor_counts({"echo": counted(10)})
    old = timezone.now().date() - timedelta(days=7)
    ExecutorUse.objects.create(executor="echo", day=old, runs=5, failures=5, buckets=[5] + [0] * (BUCKETS - 1))
    usage = read_all_usage()
    assert set(usage) == {"echo", "other"}
    for executor, found in usage.items():
        alone = read_usage(executor)
        assert (found.runs, found.failures, found.days) == (alone.runs, alone.failures, alone.days)
        assert {day.day for day in found.days} <= set(usage_days())
    assert (usage["echo"].runs, usage["echo"].failures) == (3, 1)


def test_what_ended_before_there_were_counts_is_counted_once() -> None:
    """The statement of the migration agrees with what workers count from then on."""
    tree, now = make_tree(), timezone.now()
    for days, status in ((0, "completed"), (1, "failed"), (1, "completed"), (6, "failed"), (8, "failed")):
        make_run(tree, status, tasks=2, queued_at=now - timedelta(days=days, seconds=10))
    make_run(tree, "in_progress", tasks=1)
    make_run(tree, "pending", tasks=1)
    TaskRun.objects.filter(ordinal=1).update(executor="other")
    migration = import_module("orchestration.migrations.0015_large_lists")
    with connection.cursor() as cursor:
        cursor.execute(migration._COUNT_WHAT_ENDED)
    lately = TaskRun.objects.filter(started_at__isnull=False, finished_at__gt=now - timedelta(days=6, hours=20))
    for executor in ("echo", "other"):
        rows = lately.filter(executor=executor, attempt__gt=0)
        uses = ExecutorUse.objects.filter(executor=executor)
        assert sum(use.runs for use in uses) == rows.count() > 0
        assert sum(use.failures for use in uses) == rows.filter(status="failed").count() > 0
        took = [
            (row.finished_at - row.started_at).total_seconds() * 1000
            for row in rows
            if row.finished_at and row.started_at
        ]
        assert [sum(of) for of in zip(*(use.buckets for use in uses), strict=True)] == counted(*took).buckets


def test_a_week_is_seven_days_and_today_is_the_last() -> None:
    days = usage_days()
    assert len(days) == 7 and days == sorted(days)
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date::text")
        assert cursor.fetchall() == [(days[-1],)]


@pytest.mark.parametrize("query", ["_ALL", "_USAGE"])
def test_the_days_are_found_by_an_index(query: str) -> None:
    text = getattr(executor_usage, query)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            cursor.execute(f"EXPLAIN {text}", ["echo"] if "%s" in text else None)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        finally:
            cursor.execute("RESET enable_seqscan")
    assert "executor_use_of_day" in plan and "taskrun" not in plan
