"""What a change of a schedule does to the moment that is planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from django.contrib.auth.models import User

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.firing import fire_due
from orchestration.actions.schedules import change_schedule, create_schedule, pause_all, resume_all, switch_schedule
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.schedule_due import Policy
from orchestration.models import Schedule
from tests.schedule_clock import Clock, set_clock

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DUE: Final = datetime(2027, 1, 11, 2, 30, tzinfo=UTC)
JITTER: Final = 3_600
#: Ids whose delay of that moment is over half an hour.
SLOW: Final = next(
    pk for pk in map(UUID, map("{:032x}".format, range(99))) if Policy("", 1, JITTER, str(pk)).delay(DUE).seconds > 1800
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Half past one, an hour before it is due."""
    return set_clock(monkeypatch, DUE - timedelta(hours=1))


@pytest.fixture
def owner() -> User:
    """Who is responsible."""
    return User.objects.create(username="ada", is_superuser=True)


def make(owner: User, **fields: Any) -> Schedule:
    """Make a schedule that is due at half past two."""
    tree = create_tree(TreeSpec("Tree", (TaskSpec("a", "a", executor="echo", inputs={}),)), user=owner)
    return create_schedule(tree, {"name": "Nightly", "kind": "daily", "expression": "02:30", **fields}, user=owner)


def change(schedule: Schedule, owner: User, **fields: Any) -> Schedule:
    """Change some fields, and return what is stored then."""
    change_schedule(schedule, fields, user=owner)
    return stored(schedule)


def stored(schedule: Schedule) -> Schedule:
    """Return the row as it is."""
    return Schedule.objects.get(pk=schedule.pk)


def fires(schedule: Schedule) -> list[tuple[str, datetime]]:
    """What became of its moments, the earliest first."""
    return list(schedule.fires.order_by("due_at", "pk").values_list("outcome", "due_at"))


def test_a_moment_that_waits_for_its_delay_outlives_a_change(clock: Clock, owner: User) -> None:
    schedule = make(owner, id=SLOW, jitter_seconds=JITTER)
    assert schedule.next_fire_at is not None
    clock.go(minutes=70)
    renamed = change(schedule, owner, name="Every night")
    assert (renamed.next_due_at, renamed.next_fire_at) == (DUE, schedule.next_fire_at)
    fire_due()
    assert fires(schedule) == []
    clock.at = schedule.next_fire_at
    fire_due()
    assert fires(schedule) == [("started", DUE)]
    assert stored(schedule).next_due_at == DUE + timedelta(days=1)


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [("skip", ["missed"]), ("once", ["missed", "started"]), ("catch_up", ["missed", "started", "started"])],
)
def test_what_was_missed_while_no_worker_was_there_is_treated_by_the_policy_after_a_change(
    clock: Clock, owner: User, misfire: str, expected: list[str]
) -> None:
    schedule = make(owner, kind="interval", expression="3600", misfire=misfire, catch_up=2, overlap="allow")
    clock.go(hours=5, minutes=30)
    assert change(schedule, owner, priority=1).next_due_at == DUE
    fire_due()
    assert [outcome for outcome, _ in fires(schedule)] == expected
    missed = schedule.fires.get(outcome="missed")
    assert (missed.due_at, missed.count) == (DUE, 6 - len(expected))
    assert "No worker was there" in missed.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Other"},
        {"parameters": {"day": 1}},
        {"priority": 0},
        {"overlap": "queue"},
        {"misfire": "skip"},
        {"catch_up": 3},
        {"max_runs": 5},
        {"expression": " 02:30 "},
    ],
)
def test_what_does_not_say_when_leaves_what_is_planned(clock: Clock, owner: User, fields: dict[str, Any]) -> None:
    schedule = make(owner)
    clock.go(hours=2)
    assert change(schedule, owner, **fields).next_due_at == DUE
    assert fires(schedule) == []


@pytest.mark.parametrize(
    ("fields", "following"),
    [
        ({"expression": "03:00"}, DUE + timedelta(days=1, minutes=30)),
        ({"kind": "cron", "expression": "30 2 * * *"}, DUE + timedelta(days=1)),
        ({"timezone": "Europe/Berlin"}, DUE + timedelta(hours=23)),
        ({"starts_at": DUE + timedelta(days=3)}, DUE + timedelta(days=3)),
        ({"ends_at": DUE + timedelta(days=3)}, DUE + timedelta(days=1)),
    ],
)
def test_other_times_count_from_now_and_what_they_leave_out_has_a_row(
    clock: Clock, owner: User, fields: dict[str, Any], following: datetime
) -> None:
    schedule = make(owner)
    now = clock.go(hours=2)
    changed = change(schedule, owner, **fields)
    assert (changed.next_due_at, changed.next_fire_at) == (following, following)
    fire = schedule.fires.get()
    assert (fire.outcome, fire.due_at, fire.last_due_at, fire.at) == ("missed", DUE, now, now)
    assert "Its times were changed" in fire.reason
    fire_due()
    assert schedule.fires.count() == 1


def test_other_times_before_a_moment_leave_out_nothing(clock: Clock, owner: User) -> None:
    schedule = make(owner)
    assert change(schedule, owner, expression="03:00").next_due_at == DUE + timedelta(minutes=30)
    assert fires(schedule) == []


def test_another_jitter_delays_the_planned_moment_anew(clock: Clock, owner: User) -> None:
    schedule = make(owner, id=SLOW)
    for seconds in (JITTER, 90, 0):
        changed = change(schedule, owner, jitter_seconds=seconds)
        assert (changed.next_due_at, changed.next_fire_at) == (DUE, DUE + changed.policy.delay(DUE))
    assert changed.next_fire_at == DUE


def test_a_shorter_jitter_fires_what_waits_at_once_and_calls_it_neither_late_nor_missed(
    clock: Clock, owner: User
) -> None:
    schedule = make(owner, id=SLOW, jitter_seconds=JITTER, misfire="skip")
    now = clock.go(minutes=70)
    assert change(schedule, owner, jitter_seconds=0).next_fire_at == now
    fire_due()
    fire = schedule.fires.get()
    assert (fire.outcome, fire.due_at, fire.reason) == ("started", DUE, "")


def test_a_shorter_jitter_does_not_undo_that_a_moment_was_missed(clock: Clock, owner: User) -> None:
    schedule = make(owner, id=SLOW, jitter_seconds=JITTER, misfire="skip")
    clock.go(hours=3)
    assert change(schedule, owner, jitter_seconds=0).next_due_at == DUE
    fire_due()
    assert fires(schedule) == [("missed", DUE)]


def test_off_and_on_never_fires_for_the_past(clock: Clock, owner: User) -> None:
    schedule = make(owner, id=SLOW, jitter_seconds=JITTER)
    clock.go(minutes=70)
    switch_schedule(schedule, False, user=owner)
    change(schedule, owner, name="Other")
    clock.go(minutes=1)
    switch_schedule(schedule, True, user=owner)
    assert stored(schedule).next_due_at == DUE + timedelta(days=1)
    clock.go(hours=2)
    fire_due()
    assert fires(schedule) == []


def test_a_change_during_a_pause_hides_nothing_of_it(clock: Clock, owner: User) -> None:
    schedule = make(owner)
    pause_all(user=owner)
    clock.go(hours=2)
    change(schedule, owner, name="Other")
    resume_all(user=owner)
    assert fires(schedule) == [("missed", DUE)]
    assert stored(schedule).next_due_at == DUE + timedelta(days=1)


def test_where_nothing_was_planned_a_change_counts_from_now(clock: Clock, owner: User) -> None:
    schedule = make(owner, max_runs=1)
    clock.go(hours=1)
    fire_due()
    assert stored(schedule).state == "over"
    clock.go(days=2)
    with pytest.raises(InvalidDefinitionError, match="has been reached"):
        change(schedule, owner, name="Other")
    assert change(schedule, owner, max_runs=2).next_due_at == DUE + timedelta(days=3)


def test_what_is_planned_first_counts_from_what_is_stored_however_time_goes_by(clock: Clock, owner: User) -> None:
    clock.tick = timedelta(seconds=1)
    schedule = stored(make(owner, kind="interval", expression="3600"))
    made = schedule.created_at.replace(microsecond=0)
    assert list(schedule.upcoming(2)) == [made + timedelta(hours=1), made + timedelta(hours=2)]
