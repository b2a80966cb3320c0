"""PB-SCH: schedules and time. Two schedulers at once (PB-SCH-4) are in tests/faults/test_schedules.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.firing import fire_due
from orchestration.actions.schedule_preview import preview, preview_of
from orchestration.actions.schedules import create_schedule
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_timing import Timing
from orchestration.models import Run, Schedule, Tree
from tests.schedule_clock import set_clock

pytestmark = pytest.mark.database


@pytest.fixture
def owner(db: None) -> User:
    """Who is responsible."""
    return User.objects.create(username="ada", is_superuser=True)


@pytest.fixture
def tree(owner: User) -> Tree:
    """A tree that can run."""
    return create_tree(TreeSpec("Tree", (TaskSpec("a", "a", executor="echo", inputs={}),)), user=owner)


def values(expression: str, kind: str = "cron", **fields: Any) -> dict[str, Any]:
    """What is saved."""
    return {"name": expression, "kind": kind, "expression": expression, **fields}


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_sch_1_what_never_fires_is_refused(tree: Tree, owner: User, expression: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="never fires"):
        create_schedule(tree, values(expression), user=owner)


def test_sch_1_the_29th_of_february_is_the_next_leap_year(tree: Tree, owner: User) -> None:
    due = create_schedule(tree, values("0 0 29 2 *"), user=owner).next_due_at
    assert due is not None
    assert (due.month, due.day, due.year % 4) == (2, 29, 0)


def test_sch_1_a_row_past_the_checks_harms_itself_alone(tree: Tree, owner: User) -> None:
    healthy = create_schedule(tree, values("* * * * *"), user=owner)
    past = timezone.now().replace(second=0, microsecond=0)
    Schedule.objects.create(tree=tree, responsible=owner, next_due_at=past, next_fire_at=past, **values("0 0 31 2 *"))
    Schedule.objects.filter(pk=healthy.pk).update(next_due_at=past, next_fire_at=past)
    fire_due()
    bad = Schedule.objects.exclude(pk=healthy.pk).get()
    assert (bad.enabled, bad.state) == (False, "problem")
    assert "never fires" in bad.problem
    healthy.refresh_from_db()
    assert healthy.enabled
    assert healthy.fires.count() >= 1
    assert Run.objects.count() == healthy.fires.filter(outcome="started").count() >= 1


EITHER = [
    ("0 0 13 * 5", datetime(2026, 1, 1, tzinfo=UTC), ["01-02", "01-09", "01-13", "01-16"]),
    (
        "0 9 1 5 1-4",
        datetime(2024, 5, 20, 10, tzinfo=UTC),
        ["05-21", "05-22", "05-23", "05-27", "05-28", "05-29", "05-30", "05-01"],
    ),
]


@pytest.mark.parametrize(("expression", "after", "days"), EITHER)
def test_sch_2_two_fields_of_days_mean_either(expression: str, after: datetime, days: list[str]) -> None:
    assert [moment.strftime("%m-%d") for moment in Timing("cron", expression).first(after, len(days))] == days


@pytest.mark.parametrize(("expression", "after", "days"), EITHER)
def test_sch_2_preview_stored_value_and_firing_agree(
    tree: Tree, owner: User, monkeypatch: pytest.MonkeyPatch, expression: str, after: datetime, days: list[str]
) -> None:
    clock = set_clock(monkeypatch, after)
    times = {"kind": "cron", "expression": expression, "max_runs": len(days)}
    previewed = preview(times, 20).fires
    schedule = create_schedule(tree, {"name": "Either", "overlap": "allow", **times}, user=owner)
    assert preview_of(schedule, 20).fires == previewed
    stored = []
    while schedule.next_due_at is not None:
        stored.append(schedule.next_due_at)
        clock.at = schedule.next_due_at
        fire_due()
        schedule.refresh_from_db()
    fired = schedule.fires.filter(outcome="started").order_by("due_at").values_list("due_at", flat=True)
    assert previewed == stored == list(fired)
    assert [moment.strftime("%m-%d") for moment in stored] == days


@pytest.mark.parametrize(("kind", "expression"), [("cron", "0 0 * * *"), ("daily", "00:00")])
def test_sch_3_midnight_stays_midnight_across_the_spring_change(kind: str, expression: str) -> None:
    after = datetime(2027, 3, 27, 23, tzinfo=UTC)
    assert Timing(kind, expression, "Europe/Warsaw").next(after) == datetime(2027, 3, 28, 22, tzinfo=UTC)


def test_sch_3_a_time_that_does_not_exist_fires_once_after_the_gap() -> None:
    found = Timing("cron", "30 2 * * *", "Europe/Warsaw").first(datetime(2027, 3, 27, 23, tzinfo=UTC), 2)
    assert found == [datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 3, 29, 0, 30, tzinfo=UTC)]
