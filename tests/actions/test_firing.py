"""What a worker does about schedules that are due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.firing import fire_due
from orchestration.actions.schedules import (
    change_schedule,
    create_schedule,
    pause_all,
    resume_all,
    run_schedule_now,
    switch_schedule,
)
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import AuditEntry, Run, RunCommand, Schedule
from orchestration.store.prune import delete_runs

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def owner() -> User:
    """Who is responsible."""
    user = User.objects.create(username="edda")
    user.groups.add(Group.objects.get(name="editor"))
    return user


def make(owner: User, seconds: float = 0, **fields: Any) -> Schedule:
    """Make an hourly schedule that has been due for so many seconds."""
    tree = create_tree(TreeSpec("Tree", (TaskSpec("a", "a", executor="echo", inputs={}),)), user=owner)
    values = {"name": "Hourly", "kind": "interval", "expression": "3600", **fields}
    return due(create_schedule(tree, values, user=owner), seconds)


def due(schedule: Schedule, seconds: float = 0, every: int = 3600) -> Schedule:
    """Let a schedule be due, and count from then."""
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=seconds)
    Schedule.objects.filter(pk=schedule.pk).update(
        next_due_at=at, next_fire_at=at, created_at=at - timedelta(seconds=every)
    )
    schedule.refresh_from_db()
    return schedule


def outcomes(schedule: Schedule) -> list[str]:
    """What became of its moments, the earliest first."""
    return list(schedule.fires.order_by("due_at", "pk").values_list("outcome", flat=True))


def end(run: Run | None) -> None:
    """Let a run have ended."""
    assert run is not None
    Run.objects.filter(pk=run.pk).update(status="completed", started_at=timezone.now(), finished_at=timezone.now())


def test_a_moment_starts_a_run_that_knows_its_schedule(owner: User) -> None:
    schedule = make(owner, priority=1)
    moment = schedule.next_due_at
    upcoming = fire_due()
    fire = schedule.fires.get()
    assert (fire.due_at, fire.outcome, fire.by_hand) == (moment, "started", False)
    run = Run.objects.get()
    assert (run.fire, run.trigger, run.requested_by, run.priority) == (fire, "schedule", owner, 1)
    schedule.refresh_from_db()
    assert (schedule.run_count, schedule.next_due_at) == (1, fire.due_at + timedelta(hours=1))
    assert upcoming is not None
    assert 3500 < upcoming <= 3600
    fire_due()
    assert Run.objects.count() == 1
    assert AuditEntry.objects.filter(act="run.start").count() == 1


def test_a_new_fire_is_left_out_while_a_run_goes_on(owner: User) -> None:
    schedule = make(owner)
    fire_due()
    schedule.fires.update(due_at=timezone.now() - timedelta(hours=2))
    due(schedule, 5)
    fire_due()
    assert outcomes(schedule) == ["started", "overlapped"]
    assert str(Run.objects.get().pk) in schedule.fires.get(outcome="overlapped").reason
    schedule.refresh_from_db()
    assert schedule.run_count == 1


def test_a_queued_fire_waits_for_its_turn(owner: User) -> None:
    schedule = make(owner, overlap="queue", max_runs=2)
    fire_due()
    first = Run.objects.get()
    schedule.fires.update(due_at=timezone.now() - timedelta(hours=2))
    due(schedule, 5)
    fire_due()
    assert outcomes(schedule) == ["started", "waiting"]
    fire_due()
    assert Run.objects.count() == 1
    end(first)
    fire_due()
    assert outcomes(schedule) == ["started", "started"]
    schedule.refresh_from_db()
    assert (schedule.run_count, schedule.state) == (2, "over")


def test_switching_off_gives_up_what_waits(owner: User) -> None:
    schedule = make(owner, overlap="queue")
    fire_due()
    schedule.fires.update(due_at=timezone.now() - timedelta(hours=2))
    due(schedule, 5)
    fire_due()
    switch_schedule(schedule, False, user=owner)
    end(Run.objects.get())
    fire_due()
    assert outcomes(schedule) == ["started", "overlapped"]
    assert Run.objects.count() == 1


@pytest.mark.parametrize(("overlap", "cancels"), [("allow", 0), ("cancel_previous", 1)])
def test_other_policies_start_at_once(owner: User, overlap: str, cancels: int) -> None:
    schedule = make(owner, overlap=overlap)
    fire_due()
    schedule.fires.update(due_at=timezone.now() - timedelta(hours=2))
    due(schedule, 5)
    fire_due()
    assert outcomes(schedule) == ["started", "started"]
    assert RunCommand.objects.filter(kind="cancel").count() == cancels


@pytest.mark.parametrize(
    ("misfire", "expected"), [("skip", ["missed"]), ("once", ["missed", "started"]), ("catch_up", ["missed"])]
)
def test_an_outage(owner: User, misfire: str, expected: list[str]) -> None:
    schedule = make(owner, 5 * 3600 + 600, misfire=misfire, catch_up=3, overlap="allow")
    fire_due()
    expected = expected + ["started"] * 3 if misfire == "catch_up" else expected
    assert outcomes(schedule) == expected
    missed = schedule.fires.order_by("due_at").first()
    assert missed is not None
    assert missed.count == 6 - expected.count("started")
    assert "No worker was there" in missed.reason
    schedule.refresh_from_db()
    assert schedule.next_due_at is not None
    assert schedule.next_due_at > timezone.now()


def test_no_more_than_max_runs(owner: User) -> None:
    schedule = make(owner, 5 * 3600, misfire="catch_up", catch_up=5, overlap="allow", max_runs=2)
    fire_due()
    assert outcomes(schedule).count("started") == 2
    schedule.refresh_from_db()
    assert (schedule.state, schedule.run_count) == ("over", 2)
    with pytest.raises(InvalidDefinitionError, match="has been reached"):
        switch_schedule(schedule, False, user=owner)
        switch_schedule(schedule, True, user=owner)


def test_one_that_is_over_stays_on_and_goes_on_when_it_is_given_more(owner: User) -> None:
    later = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    once, limited = make(owner, kind="once", expression=later), make(owner, name="Twice", max_runs=1)
    moment = once.next_due_at
    assert moment is not None
    Schedule.objects.filter(pk=once.pk).update(expression=moment.strftime("%Y-%m-%dT%H:%M:%S"))
    for _ in range(2):
        fire_due()
    for schedule in (once, limited):
        schedule.refresh_from_db()
        assert outcomes(schedule) == ["started"]
        assert (schedule.state, schedule.enabled, schedule.next_due_at) == ("over", True, None)
    assert change_schedule(once, {"expression": later}, user=owner).state == "on"
    assert change_schedule(limited, {"max_runs": 2}, user=owner).state == "on"


def test_rights_that_were_lost_are_not_kept_by_a_schedule(owner: User) -> None:
    schedule = make(owner)
    owner.groups.clear()
    fire_due()
    fire = schedule.fires.get()
    assert (fire.outcome, fire.run) == ("refused", None)
    assert "edda may not run this tree any more" in fire.reason
    assert not Run.objects.exists()
    schedule.refresh_from_db()
    assert (schedule.run_count, schedule.enabled) == (0, True)


def test_an_archived_tree_and_a_tree_that_can_not_run_say_so(owner: User) -> None:
    archived, broken = make(owner), make(owner, name="Broken")
    archived.tree.archived_at = timezone.now()
    archived.tree.save()
    broken.tree.tasks.update(executor="not_there")
    broken.tree.parameters = {"type": "object", "required": ["day"]}
    broken.tree.save()
    fire_due()
    assert "archive" in archived.fires.get().reason
    assert "$.parameters" in broken.fires.get().reason


def test_a_pause_fires_nothing_and_is_not_made_up_for(owner: User) -> None:
    schedule = make(owner)
    pause_all(user=owner, reason="Moving")
    assert fire_due() is None, "what is due waits for somebody: there is nothing to look for every moment"
    assert outcomes(schedule) == []
    resume_all(user=owner)
    fire_due()
    assert outcomes(schedule) == ["missed"]
    schedule.refresh_from_db()
    assert schedule.enabled
    assert schedule.next_due_at is not None
    assert schedule.next_due_at > timezone.now()


def test_a_deleted_run_leaves_its_fire(owner: User) -> None:
    schedule = make(owner)
    run = run_schedule_now(schedule, user=owner).run
    end(run)
    assert run is not None
    delete_runs([run.pk])
    assert schedule.fires.get().run is None
