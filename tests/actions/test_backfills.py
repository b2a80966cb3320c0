"""Backfills: what they take of a schedule's past, how their runs are started, and what ends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions import backfilling, firing
from orchestration.actions.backfills import (
    MAX_MOMENTS,
    backfill_states,
    cancel_backfill,
    plan_backfill,
    start_backfill,
)
from orchestration.actions.firing import fire_due
from orchestration.actions.schedule_runs import start_fire
from orchestration.actions.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    pause_all,
    resume_all,
    run_schedule_now,
    switch_schedule,
)
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import AuditEntry, Backfill, Run, Schedule, ScheduleFire
from orchestration.store.prune import prune_runs

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BERLIN = ZoneInfo("Europe/Berlin")
#: Ten mornings.
SINCE, UNTIL = datetime(2025, 3, 1, tzinfo=BERLIN), datetime(2025, 3, 10, 23, 59, tzinfo=BERLIN)


@pytest.fixture
def owner() -> User:
    """Who is responsible, and asks."""
    user = User.objects.create(username="edda")
    user.groups.add(Group.objects.get(name="editor"))
    return user


def make(owner: User, **fields: Any) -> Schedule:
    """Make a schedule of every morning, which gives its runs their day."""
    tree = create_tree(TreeSpec("Tree", (TaskSpec("a", "a", executor="echo", inputs={}),)), user=owner)
    values = {"name": "Mornings", "kind": "daily", "expression": "02:30", "timezone": "Europe/Berlin", **fields}
    return create_schedule(tree, {"parameters": {"day": "{{ scheduled_at[:10] }}"}, **values}, user=owner)


def end_runs() -> None:
    """Let every run have ended."""
    now = timezone.now()
    Run.objects.active().update(status="completed", started_at=now, finished_at=now)


def days(schedule: Schedule) -> list[str]:
    """The days of the runs, in the order in which they were started."""
    runs = Run.objects.filter(fire__schedule=schedule).order_by("queued_at", "pk")
    return [parameters["day"] for parameters in runs.values_list("parameters", flat=True)]


def refused(act: Any, *arguments: Any, **named: Any) -> list[str]:
    """The paths and words with which something is refused."""
    with pytest.raises(InvalidDefinitionError) as caught:
        act(*arguments, **named)
    return [str(problem) for problem in caught.value.problems]


# --- what is taken ---------------------------------------------------------------------------------------------------


def test_a_plan_has_the_moments_of_the_span_both_ends_included(owner: User) -> None:
    schedule = make(owner)
    first, last = datetime(2025, 3, 1, 2, 30, tzinfo=BERLIN), datetime(2025, 3, 10, 2, 30, tzinfo=BERLIN)
    plan = plan_backfill(schedule, first, last)
    assert (plan.moments[0], plan.moments[-1], len(plan.moments), plan.left_out) == (first, last, 10, 0)
    assert plan.words == "every day at 02:30 (Europe/Berlin)"
    assert not ScheduleFire.objects.exists()


def test_days_on_which_clocks_change_have_one_moment_each(owner: User) -> None:
    plan = plan_backfill(make(owner), datetime(2025, 3, 29, tzinfo=BERLIN), datetime(2025, 10, 27, tzinfo=BERLIN))
    local = [moment.astimezone(BERLIN) for moment in plan.moments]
    assert len({moment.date() for moment in local}) == len(local) == 212
    spring = [moment.strftime("%H:%M") for moment in local if (moment.month, moment.day) == (3, 30)]
    autumn = [moment.fold for moment in local if (moment.month, moment.day) == (10, 26)]
    assert (spring, autumn) == (["03:00"], [0])
    assert [note[:13] for note in plan.notes] == ["On 2025-03-30", "On 2025-10-26"]
    hourly = make(owner, kind="cron", expression="0 * * * *")
    day = plan_backfill(hourly, datetime(2025, 10, 26, tzinfo=BERLIN), datetime(2025, 10, 26, 23, 59, tzinfo=BERLIN))
    assert len(day.moments) == 25


def test_an_interval_reaches_back_before_it_was_made(owner: User) -> None:
    schedule = make(owner, kind="interval", expression="3600")
    anchor = schedule.created_at.replace(microsecond=0)
    plan = plan_backfill(schedule, anchor - timedelta(hours=5), anchor)
    assert plan.moments == [anchor - timedelta(hours=number) for number in (5, 4, 3, 2, 1, 0)]
    started = make(owner, kind="interval", expression="3600", starts_at=anchor - timedelta(hours=2))
    assert len(plan_backfill(started, anchor - timedelta(hours=5), anchor).moments) == 3


def test_what_is_planned_is_left_to_the_schedule(owner: User) -> None:
    schedule = make(owner, kind="interval", expression="3600")
    late = timezone.now().replace(microsecond=0) - timedelta(hours=3)
    Schedule.objects.update(next_due_at=late, next_fire_at=late, created_at=late)
    schedule.refresh_from_db()
    plan = plan_backfill(schedule, late - timedelta(hours=2), timezone.now())
    assert plan.moments == [late - timedelta(hours=2), late - timedelta(hours=1)]
    switch_schedule(schedule, False, user=owner)
    schedule.refresh_from_db()
    assert len(plan_backfill(schedule, late - timedelta(hours=2), timezone.now()).moments) == 6


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (UNTIL, SINCE, "$.until: is before the beginning"),
        (SINCE, datetime(2999, 1, 1, tzinfo=UTC), "$.until: lies in the future"),
        (datetime(1969, 12, 31, tzinfo=UTC), UNTIL, "$.since: must not be before"),
    ],
)
def test_a_span_that_is_none_is_refused(owner: User, since: datetime, until: datetime, said: str) -> None:
    assert refused(plan_backfill, make(owner), since, until)[0].startswith(said)


def test_more_than_a_thousand_moments_are_refused_and_counted_no_further(owner: User) -> None:
    schedule = make(owner, kind="interval", expression="1", starts_at=datetime(2000, 1, 1, tzinfo=UTC))
    since = datetime(2001, 1, 1, tzinfo=UTC)
    exact = since + timedelta(seconds=MAX_MOMENTS - 1)
    assert len(plan_backfill(schedule, since, exact).moments) == MAX_MOMENTS
    (said,) = refused(start_backfill, schedule, since, datetime(2025, 1, 1, tzinfo=UTC), user=owner)
    assert said.startswith("$.until: leaves more than 1,000 moments")
    assert said.endswith("end at 2001-01-01 00:16:39+00:00")
    assert not Backfill.objects.exists()


def test_moments_that_had_a_run_are_left_out_but_for_again(owner: User) -> None:
    schedule = make(owner)
    moments = plan_backfill(schedule, SINCE, UNTIL).moments
    for moment, outcome in zip(moments, ("started", "waiting", "missed", "overlapped", "refused"), strict=False):
        ScheduleFire.objects.create(schedule=schedule, due_at=moment, at=moment, outcome=outcome)
    ScheduleFire.objects.create(schedule=schedule, due_at=SINCE, at=SINCE, outcome="started", by_hand=True)
    plan = plan_backfill(schedule, SINCE, UNTIL)
    assert (plan.moments, plan.left_out) == (moments[2:], 2)
    assert plan_backfill(schedule, SINCE, UNTIL, again=True).moments == moments


# --- what is started -------------------------------------------------------------------------------------------------


def test_each_moment_gets_one_run_with_its_own_time(owner: User) -> None:
    schedule = make(owner, overlap="cancel_previous", max_runs=3)
    backfill = start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=4)
    assert (backfill.count, Run.objects.count()) == (10, 0)
    fire_due()
    assert days(schedule) == [f"2025-03-{day:02}" for day in range(1, 5)]
    fire_due()
    assert Run.objects.count() == 4
    for _ in range(2):
        end_runs()
        fire_due()
    assert days(schedule) == [f"2025-03-{day:02}" for day in range(1, 11)]
    assert set(Run.objects.values_list("trigger", "requested_by", "status")) == {
        ("schedule", owner.pk, "completed"),
        ("schedule", owner.pk, "pending"),
    }
    (state,) = backfill_states([Backfill.objects.get()])
    assert (state.outcomes["started"], state.outcomes["waiting"], state.going_on) == (10, 0, 2)
    assert state.backfill.ended_at is not None
    schedule.refresh_from_db()
    assert (schedule.run_count, schedule.state) == (0, "on")
    entry = AuditEntry.objects.get(act="schedule.backfill")
    assert (entry.detail["moments"], entry.detail["at_once"], entry.username) == (10, 4, "edda")


def test_a_second_one_takes_nothing_twice_but_for_again_and_waits_for_the_first(owner: User) -> None:
    schedule = make(owner)
    start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=100)
    (said,) = refused(start_backfill, schedule, SINCE, UNTIL, user=owner, again=True)
    assert said.startswith("$.schedule: has a backfill that goes on")
    fire_due()
    (said,) = refused(start_backfill, schedule, SINCE, UNTIL, user=owner)
    assert "all of them had a run" in said
    again = start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=100, again=True)
    fire_due()
    assert (Run.objects.count(), again.count, schedule.fires.count()) == (20, 10, 20)
    assert Run.objects.values("idempotency_key").distinct().count() == 20
    (said,) = refused(start_backfill, schedule, SINCE, SINCE, user=owner)
    assert "due at no moment" in said


def test_the_database_holds_one_row_for_a_moment_and_one_open_backfill(owner: User) -> None:
    schedule = make(owner)
    backfill = start_backfill(schedule, SINCE, UNTIL, user=owner)
    fire = backfill.fires.all()[0]
    for same in ({"backfill": backfill}, {"backfill": None}):
        row = {"schedule": schedule, "due_at": fire.due_at, "at": fire.at, "outcome": "missed", **same}
        if same["backfill"] is None:
            ScheduleFire.objects.create(**row)  # beside that of the backfill
        with pytest.raises(IntegrityError, match=r"schedule_fire_(once|backfill)"), transaction.atomic():
            ScheduleFire.objects.create(**row)
    other = {"since": SINCE, "until": UNTIL, "count": 1, "created_at": SINCE}
    with pytest.raises(IntegrityError, match="backfill_one_at_a_time"), transaction.atomic():
        Backfill.objects.create(schedule=schedule, **other)


def test_the_schedule_itself_and_its_backfill_do_not_wait_for_each_other(owner: User) -> None:
    schedule = make(owner, overlap="queue", kind="interval", expression="86400")
    start_backfill(schedule, SINCE, UNTIL, user=owner)
    fire_due()
    now = timezone.now().replace(microsecond=0)
    Schedule.objects.update(next_due_at=now, next_fire_at=now, created_at=now - timedelta(days=1))
    fire_due()
    assert schedule.fires.get(backfill=None).outcome == "started"
    by_hand = run_schedule_now(schedule, user=owner).run
    assert by_hand is not None
    assert by_hand.parameters["day"] == timezone.now().astimezone(BERLIN).strftime("%Y-%m-%d")
    end_runs()
    fire_due()
    assert schedule.fires.exclude(backfill=None).filter(outcome="started").count() == 2


def test_switched_off_it_goes_on_and_paused_it_waits(owner: User) -> None:
    schedule = make(owner)
    start_backfill(schedule, SINCE, UNTIL, user=owner)
    switch_schedule(schedule, False, user=owner)
    pause_all(user=owner)
    fire_due()
    assert Run.objects.count() == 0
    resume_all(user=owner)
    fire_due()
    assert days(schedule) == ["2025-03-01"]
    assert schedule.fires.waiting().count() == 9


def test_cancelled_it_starts_nothing_more_and_what_is_left_may_be_taken_again(owner: User) -> None:
    schedule = make(owner)
    backfill = start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=2)
    fire_due()
    for _ in range(2):
        assert cancel_backfill(backfill, user=owner).ended_at is not None
    end_runs()
    fire_due()
    (state,) = backfill_states([backfill])
    assert (state.outcomes["started"], state.outcomes["cancelled"]) == (2, 8)
    assert "cancelled by edda" in backfill.fires.filter(outcome="cancelled")[0].reason
    entry = AuditEntry.objects.get(act="schedule.backfill_cancel")
    assert entry.detail == {"backfill": backfill.pk, "given_up": 8}
    assert start_backfill(schedule, SINCE, UNTIL, user=owner).count == 8


def test_rights_that_were_lost_start_nothing(owner: User) -> None:
    schedule = make(owner)
    asker = User.objects.create(username="otto")
    backfill = start_backfill(schedule, SINCE, UNTIL, user=asker)
    fire_due()
    assert not Run.objects.exists()
    assert set(backfill.fires.values_list("outcome", flat=True)) == {"refused"}
    assert "otto may not run this tree" in backfill.fires.all()[0].reason
    backfill.refresh_from_db()
    assert backfill.ended_at is not None


def test_what_trips_over_itself_holds_up_no_other(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, healthy = make(owner, name="Broken"), make(owner)
    start = start_fire

    def trip(schedule: Schedule, *others: Any) -> bool:
        if schedule == broken:
            raise ZeroDivisionError
        return start(schedule, *others)

    monkeypatch.setattr(backfilling, "start_fire", trip)
    for schedule in (broken, healthy):
        start_backfill(schedule, SINCE, UNTIL, user=owner)
    fire_due()
    assert set(broken.fires.values_list("outcome", flat=True)) == {"cancelled"}
    assert "could not go on" in broken.fires.all()[0].reason
    entry = AuditEntry.objects.get(act="schedule.backfill_cancel")
    assert (entry.user, entry.detail["given_up"]) == (None, 10)
    assert "could not go on" in entry.reason
    assert days(healthy) == ["2025-03-01"]


def test_limits_and_parameters_are_checked_at_once(owner: User) -> None:
    schedule = make(owner)
    assert refused(start_backfill, schedule, SINCE, UNTIL, user=owner, at_once=0) == ["$.at_once: must be 1 to 100"]
    tree = schedule.tree
    tree.parameters = {"type": "object", "properties": {"day": {"type": "string", "maxLength": 3}}}
    tree.save()
    assert refused(start_backfill, schedule, SINCE, UNTIL, user=owner)[0].startswith("$.parameters.day")
    tree.archived_at = timezone.now()
    tree.save()
    assert refused(start_backfill, schedule, SINCE, UNTIL, user=owner)[0].startswith("$.tree: is archived")


def test_pruning_leaves_what_waits_and_forgets_what_is_over(owner: User) -> None:
    schedule = make(owner)
    backfill = start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=3)
    fire_due()
    end_runs()
    schedule.fires.update(at=timezone.now() - timedelta(days=40))
    Run.objects.update(finished_at=timezone.now() - timedelta(days=40))
    assert list(prune_runs(timedelta(days=30))) == [3]
    assert set(backfill.fires.values_list("outcome", flat=True)) == {"waiting"}
    cancel_backfill(backfill, user=owner)
    Backfill.objects.update(ended_at=timezone.now() - timedelta(days=40))
    list(prune_runs(timedelta(days=30)))
    # The last line of a schedule stays, and with it what it belongs to.
    assert (schedule.fires.count(), Backfill.objects.count()) == (1, 1)
    now = timezone.now()
    ScheduleFire.objects.create(schedule=schedule, due_at=now, at=now, outcome="missed")
    list(prune_runs(timedelta(days=30)))
    assert (schedule.fires.count(), Backfill.objects.count()) == (1, 0)


def test_pruning_keeps_what_keeps_a_moment_from_firing_again_and_nothing_else(owner: User) -> None:
    schedule = make(owner)
    assert schedule.next_due_at is not None
    backfill = start_backfill(schedule, SINCE, SINCE + timedelta(hours=3), user=owner)
    end = schedule.next_due_at + timedelta(days=400)
    old: dict[str, Any] = {"at": timezone.now() - timedelta(days=40), "schedule": schedule, "outcome": "missed"}
    kinds: list[dict[str, Any]] = [{}, {"by_hand": True}, {"backfill": backfill}, {}]
    for number, more in enumerate(kinds):
        ScheduleFire.objects.create(due_at=end + timedelta(days=number), **old, **more)
    list(prune_runs(timedelta(days=30)))
    left = schedule.fires.filter(outcome="missed").order_by("due_at")
    assert [(fire.due_at - end).days for fire in left] == [0, 3]
    switch_schedule(schedule, False, user=owner)
    list(prune_runs(timedelta(days=30)))
    assert [(fire.due_at - end).days for fire in left.all()] == [3]


def test_today_goes_before_the_past(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = make(owner)
    daily = make(owner, name="Today", kind="interval", expression="86400")
    backfill = start_backfill(schedule, SINCE, UNTIL, user=owner, at_once=10)
    start = start_fire

    def become_due(*arguments: Any) -> bool:
        now = timezone.now().replace(microsecond=0)
        if backfill.fires.filter(outcome="started").count() == 3:
            Schedule.objects.filter(pk=daily.pk).update(
                next_due_at=now, next_fire_at=now, created_at=now - timedelta(days=1)
            )
        return start(*arguments)

    monkeypatch.setattr(backfilling, "start_fire", become_due)
    monkeypatch.setattr(firing, "AT_A_TIME", 6)
    assert fire_due() == 0.0
    # After the fourth of the backfill the other one's, and then the fifth.
    assert [fire.schedule for fire in ScheduleFire.objects.filter(outcome="started").order_by("run__queued_at")][
        4
    ] == daily
    assert backfill.fires.filter(outcome="started").count() == 5
    assert fire_due() not in (0.0, None)
    assert backfill.fires.filter(outcome="started").count() == 10


def test_a_schedule_is_deleted_with_its_backfills(owner: User) -> None:
    schedule = make(owner)
    start_backfill(schedule, SINCE, UNTIL, user=owner)
    fire_due()
    delete_schedule(schedule, user=owner)
    assert (Backfill.objects.count(), ScheduleFire.objects.count(), Run.objects.count()) == (0, 0, 1)


# --- the moment in parameters ----------------------------------------------------------------------------------------


def test_a_moment_is_text_as_the_clocks_of_the_zone_show_it(owner: User) -> None:
    schedule = make(owner, parameters={"at": "{{ scheduled_at }}", "day": "of {{ scheduled_at[8:10] }}", "n": [1]})
    start_backfill(schedule, SINCE, SINCE + timedelta(hours=3), user=owner)
    fire_due()
    assert Run.objects.get().parameters == {"at": "2025-03-01T02:30:00+01:00", "day": "of 01", "n": [1]}


def test_texts_that_do_not_name_the_moment_are_left_as_they_are(owner: User) -> None:
    mail = {"mail": "Dear {{ user.name }}, {% if late %}at last{% endif %}", "scheduled_at": "{", "n": "{# 1 #}"}
    schedule = make(owner, parameters=mail)
    start_backfill(schedule, SINCE, SINCE + timedelta(hours=3), user=owner)
    fire_due()
    assert Run.objects.get().parameters == mail


def test_an_expression_that_can_not_be_is_refused_when_it_is_saved(owner: User) -> None:
    schedule = make(owner)
    change = {"parameters": {"deep": {"day": "{{ scheduled_at + secrets.token }}"}}}
    (said,) = refused(change_schedule, schedule, change, user=owner)
    assert said.startswith("$.parameters.deep.day: ")
    assert "secrets" in said
    loop = {"parameters": {"day": ["{% for a in range(9) %}{{ scheduled_at }}{% endfor %}"]}}
    (said,) = refused(change_schedule, schedule, loop, user=owner)
    assert said == "$.parameters.day[0]: may hold expressions, {{ }}, but no statements"
