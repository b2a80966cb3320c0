"""Schedules over several workers that are killed and frozen (engine anchors 3.2: 15 and 17; PB-SCH-4)."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Count, Min

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.backfills import start_backfill
from orchestration.actions.schedules import create_schedule, switch_schedule
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.models import Run, Schedule, ScheduleFire
from tests.faults.support.bench import Bench

pytestmark = pytest.mark.database

#: How long they fire; `make chaos-schedules` asks for longer.
SECONDS = int(os.environ.get("SCHEDULE_SECONDS", "20"))


@pytest.fixture
def owner(transactional_db: Any) -> User:
    """Who is responsible."""
    return User.objects.create(username="ada", is_superuser=True)


def make(owner: User, name: str, kind: str = "interval", expression: str = "1", **fields: Any) -> Schedule:
    """Make a schedule of a tree of its own."""
    tree = create_tree(TreeSpec(name, (TaskSpec("a", "a", executor="echo", inputs={}),)), user=owner)
    values = {"name": name, "kind": kind, "expression": expression, "overlap": "allow", **fields}
    return create_schedule(tree, values, user=owner)


def fired(schedule: Schedule) -> list[datetime]:
    """The moments of a schedule that have a row, in order."""
    return list(ScheduleFire.objects.filter(schedule=schedule).order_by("due_at").values_list("due_at", flat=True))


@pytest.mark.timeout(SECONDS * 3 + 240)
def test_15_every_second_over_two_workers_that_are_killed(bench: Bench, owner: User) -> None:
    first, second = bench.worker(), bench.worker()
    schedules = [make(owner, f"Second {number}") for number in range(3)]

    def reached(count: int) -> bool:
        rows = Schedule.objects.annotate(done=Count("fires")).aggregate(least=Min("done"))
        return bool(rows["least"] >= count)

    bench.wait(lambda: reached(SECONDS // 4), "the first moments", SECONDS + 60)
    first.kill()
    bench.wait(lambda: reached(SECONDS // 2), "one worker to go on alone", SECONDS + 60)
    # For a moment nobody is there: what was due then is late, but not missed.
    second.kill()
    bench.worker()
    third = bench.worker()
    bench.wait(lambda: reached(SECONDS * 3 // 4), "the next workers to go on", SECONDS + 60)
    third.freeze()
    bench.wait(lambda: reached(SECONDS - 2), "one to go on beside a frozen one", SECONDS + 60)
    third.thaw()
    bench.wait(lambda: reached(SECONDS), "all moments", SECONDS + 60)
    for schedule in schedules:
        switch_schedule(schedule, False, user=owner)
        moments = fired(schedule)
        start = schedule.created_at.replace(microsecond=0)
        assert moments[0] - start <= timedelta(seconds=2)
        assert moments == [moments[0] + timedelta(seconds=number) for number in range(len(moments))]
        rows = ScheduleFire.objects.filter(schedule=schedule)
        assert set(rows.values_list("outcome", flat=True)) == {"started"}, list(rows.values("due_at", "reason"))
        assert Run.objects.filter(tree=schedule.tree).count() == len(moments)
        schedule.refresh_from_db()
        assert schedule.run_count == len(moments)
    bench.wait(lambda: not Run.objects.active().exists(), "the runs to end", SECONDS + 120)
    assert set(Run.objects.values_list("status", "trigger")) == {("completed", "schedule")}


def test_sch_4_once_is_once_for_three_workers(bench: Bench, owner: User) -> None:
    for _ in range(3):
        bench.worker()
    at = (datetime.now().astimezone() + timedelta(seconds=6)).isoformat()
    schedules = [make(owner, f"Once {number}", "once", at) for number in range(10)]
    bench.wait(lambda: Schedule.objects.filter(next_due_at=None).count() == 10, "all to be over")
    bench.wait(lambda: Run.objects.finished().count() == 10, "the runs to end")
    assert Run.objects.count() == ScheduleFire.objects.count() == 10
    for schedule in schedules:
        schedule.refresh_from_db()
        assert (schedule.state, schedule.run_count) == ("over", 1)


def test_a_backfill_over_workers_that_are_killed_runs_each_moment_once(bench: Bench, owner: User) -> None:
    schedule = make(owner, "Past", expression="60")
    until = schedule.created_at - timedelta(minutes=1)
    backfill = start_backfill(schedule, until - timedelta(minutes=60), until, user=owner, at_once=3)
    assert backfill.count == 60

    def reached(count: int) -> bool:
        assert Run.objects.active().filter(fire__backfill=backfill).count() <= 3
        return backfill.fires.filter(outcome="started").count() >= count

    first, second = bench.worker(), bench.worker()
    bench.wait(lambda: reached(6), "the first moments", 60)
    first.kill()
    bench.wait(lambda: reached(12), "one worker to go on alone", 60)
    second.kill()
    bench.worker()
    third = bench.worker()
    bench.wait(lambda: reached(20), "the next workers to go on", 60)
    third.freeze()
    bench.wait(lambda: reached(30), "one to go on beside a frozen one", 60)
    third.thaw()
    bench.wait(lambda: reached(60), "all moments", 120)
    bench.wait(lambda: not Run.objects.active().exists(), "the runs to end", 60)
    runs = Run.objects.filter(fire__backfill=backfill)
    assert set(runs.values_list("status", "trigger")) == {("completed", "schedule")}
    assert runs.count() == Run.objects.filter(idempotency_key__contains="backfill").count() == 60
    backfill.refresh_from_db()
    assert backfill.ended_at is not None
