"""The pages of schedules: who sees and does what, what a preview says, what calendars hold, in few queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.backfills import start_backfill
from orchestration.actions.calendar_feeds import make_feed
from orchestration.actions.schedules import create_schedule, pause_all
from orchestration.engine.status import Status
from orchestration.models import Backfill, CalendarFeed, Run, Schedule, ScheduleFire, SchedulesPause, Tree
from orchestration.pages.urls import urlpatterns
from tests.schedule_clock import EXPRESSIONS, Clock, set_clock

from .conftest import signed_in, text_of
from .scene import make_run, make_tree, make_user

pytestmark = pytest.mark.django_db

#: `owner` is an editor whose tree is private; a stranger is not signed in.
ASKERS: Final = ("stranger", "viewer", "operator", "editor", "owner", "admin")
#: Each address, of a schedule that everybody may see or of the owner's: `login` leads there, `done` is an act that
#: has done what it says, and nothing else does anything.
ANSWERS: Final = """
    list              login  200  200  200  200  200
    new               login  403  403  200  200  200
    make    shared    login  403  403  done done done
    make    private   login  403  403  422  done done
    page    shared    login  403  200  200  200  200
    page    private   login  404  404  404  200  200
    history shared    login  403  200  200  200  200
    history private   login  404  404  404  200  200
    change  shared    login  403  403  done done done
    change  private   login  404  404  404  done done
    switch  shared    login  403  403  done done done
    switch  private   login  404  404  404  done done
    run     shared    login  403  done done done done
    run     private   login  404  404  404  done done
    delete  shared    login  403  403  done done done
    delete  private   login  404  404  404  done done
    backfill shared   login  403  done done done done
    backfill private  login  404  404  404  done done
    behind  shared    login  403  200  200  200  200
    behind  private   login  404  404  404  200  200
    give-up shared    login  403  done done done done
    give-up private   login  404  404  404  done done
    preview           login  200  200  200  200  200
    preview shared    login  403  200  200  200  200
    preview private   login  404  404  404  200  200
    pause             login  403  403  403  403  done
    go-on             login  403  403  403  403  done
    feed              login  done done done done done
    close             login  done done done done done
"""
#: A week of the past.
SPAN: Final = {"since": "2026-01-05T00:00", "until": "2026-01-11T23:59"}
#: What is sent to an address: its name, whether it names a schedule, and the form of an act.
TIMES: Final[dict[str, Any]] = {"kind": "daily", "expression": "04:00", "timezone": "UTC"}
FORM: Final = {"name": "Saved", **TIMES, "priority": 2, "overlap": "skip", "misfire": "once", "catch_up": 1}
FORM_SENT: Final = {**FORM, "jitter_seconds": 0, "max_runs": "", "parameters": ""}
REQUESTS: Final[dict[str, tuple[str, dict[str, Any] | None]]] = {
    "list": ("schedules", None),
    "new": ("schedule-new", None),
    "make": ("schedule-new", FORM_SENT),
    "page": ("schedule", None),
    "history": ("schedule", None),
    "change": ("schedule", FORM_SENT),
    "switch": ("schedule-switch", {"enabled": "false"}),
    "run": ("schedule-run", {}),
    "delete": ("schedule-delete", {}),
    "backfill": ("backfill-start", {**SPAN, "at_once": 1}),
    "behind": ("backfill-preview", None),
    "give-up": ("backfill-cancel", {}),
    "preview": ("schedule-preview", None),
    "pause": ("schedules-pause", {"paused": "true", "reason": "Moving"}),
    "go-on": ("schedules-pause", {}),
    "feed": ("calendar-feed", {}),
    "close": ("calendar-feed", {"close": "true"}),
}


@dataclass
class World:
    """Everybody's browser, and two schedules by name."""

    users: dict[str, User]
    browsers: dict[str, Client]
    schedules: dict[str, Schedule]


@pytest.fixture
def world() -> World:
    """A schedule of a tree that all see, and one of the owner's tree."""
    users = {name: make_user(name) for name in ASKERS[1:]}
    for name, user in users.items():
        user.groups.add(Group.objects.get(name="editor" if name == "owner" else name))
    schedules = {}
    for name, visibility in (("shared", Tree.Visibility.EVERYONE), ("private", Tree.Visibility.PRIVATE)):
        tree = make_tree(f"Tree {name}", owner=users["owner"], visibility=visibility)
        schedules[name] = make(tree, users["owner"], f"Schedule {name}", parameters={"password": "correct horse"})
    browsers = {"stranger": Client()} | {name: signed_in(user) for name, user in users.items()}
    return World(users, browsers, schedules)


def make(tree: Tree, owner: User, name: str = "Nightly", **fields: Any) -> Schedule:
    """Make a schedule."""
    return create_schedule(tree, {"name": name, "kind": "daily", "expression": "02:30", **fields}, user=owner)


def rows() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the act, the schedule (or nothing) and the answers of each line of ANSWERS."""
    for line in ANSWERS.strip().splitlines():
        act, *which = line.split()
        answers = which[-len(ASKERS) :]
        yield act, which[0] if which != answers else "", dict(zip(ASKERS, answers, strict=True))


def facts() -> list[Any]:
    """What acts change."""
    return [
        list(Schedule.objects.order_by("pk").values_list("pk", "name", "enabled", "responsible")),
        Run.objects.count(),
        SchedulesPause.objects.count(),
        list(Backfill.objects.order_by("pk").values_list("schedule", "count", "ended_at", "fires")),
        list(CalendarFeed.objects.order_by("pk").values_list("user", "digest")),
    ]


def answer_of(world: World, asker: str, act: str, which: str) -> str:
    """Send a request as somebody, undo what it did, and say how it was answered."""
    name, form = REQUESTS[act]
    schedule = world.schedules.get(which)
    args: list[Any] = [schedule.pk] if schedule and act not in ("make", "preview") else []
    if schedule and act == "give-up":
        args.append(schedule.backfills.get().pk)
    address = reverse(name, args=args)
    with transaction.atomic():
        before = facts()
        if form is None:
            queries: dict[str, dict[str, Any]] = {"history": {"page": 2}, "behind": SPAN}
            query = queries.get(act, {})
            if act == "preview":
                query = {**TIMES, **({"schedule": schedule.pk} if schedule else {})}
            response: Any = world.browsers[asker].get(address, query)
        else:
            sent = {**form, "tree": schedule.tree_id} if act == "make" and schedule else form
            response = world.browsers[asker].post(address, sent)
        changed = facts() != before
        transaction.set_rollback(True)
    if response.status_code == 302 and response.headers["Location"].startswith("/login/"):
        return "login, and it was done" if changed else "login"
    assert response.status_code != 302 or changed or act == "go-on", f"{act} did nothing for {asker}"
    return "done" if changed else str(response.status_code)


@pytest.mark.parametrize(("act", "which", "expected"), [pytest.param(*row, id=" ".join(row[:2])) for row in rows()])
def test_each_address_answers_everybody_as_it_should(
    world: World, act: str, which: str, expected: dict[str, str]
) -> None:
    if act == "go-on":
        pause_all(user=world.users["admin"])
    if act == "close":
        for user in world.users.values():
            make_feed(user)
    if act == "give-up":
        for schedule in world.schedules.values():
            week = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 11, tzinfo=UTC))
            start_backfill(schedule, *week, user=world.users["owner"])
    assert {asker: answer_of(world, asker, act, which) for asker in ASKERS} == expected


def test_every_address_of_schedules_is_in_the_table() -> None:
    ours = (pattern for pattern in urlpatterns if isinstance(pattern, URLPattern))
    names = {pattern.name for pattern in ours if str(pattern.pattern).startswith("schedules/")}
    assert names - {"calendar-file"} == {name for name, _ in REQUESTS.values()}
    assert {act for act, _, _ in rows()} == set(REQUESTS)


def test_acts_need_post_and_looking_needs_none(world: World) -> None:
    browser = world.browsers["admin"]
    for name, form in REQUESTS.values():
        if name in ("schedule", "schedule-new"):
            continue  # both
        of_one = name in ("schedule-switch", "schedule-run", "schedule-delete") or name.startswith("backfill")
        args = [world.schedules["shared"].pk] if of_one else []
        address = reverse(name, args=[*args, 1] if name == "backfill-cancel" else args)
        assert (browser.post if form is None else browser.get)(address).status_code == 405, name


def test_lists_and_calendars_hold_what_one_sees(world: World) -> None:
    seen = {"viewer": (False, False), "operator": (True, False), "editor": (True, False)}
    for asker, expected in {**seen, "owner": (True, True), "admin": (True, True)}.items():
        response: Any = world.browsers[asker].get("/schedules/")
        listed = {line.schedule.name for line in response.context["lines"]}
        entered = {entry.schedule.name for day in response.context["calendar"].days for entry in day.entries}
        file = text_of(Client().get(reverse("calendar-file", args=[make_feed(world.users[asker])])))
        for found in (listed, entered, file):
            assert ("Schedule shared" in found, "Schedule private" in found) == expected, asker
        assert ('id="calendar-title"' in text_of(response)) == expected[0], asker


def test_buttons_are_shown_to_those_who_may_press_them(world: World) -> None:
    shown = {"viewer": (False, False), "operator": (False, False), "editor": (True, False), "admin": (True, True)}
    for asker, (edits, pauses) in shown.items():
        listing = text_of(world.browsers[asker].get("/schedules/"))
        assert (f'href="{reverse("schedule-new")}"' in listing) == edits, asker
        assert (f'action="{reverse("schedule-switch", args=[world.schedules["shared"].pk])}"' in listing) == edits
        assert ('id="pause"' in listing) == pauses, asker
        if asker != "viewer":
            page = text_of(world.browsers[asker].get(world.schedules["shared"].get_absolute_url()))
            assert ('data-needs="expression"' in page, "Delete this schedule" in page) == (edits, edits), asker
    pause_all(user=world.users["admin"])
    for asker, (_, pauses) in shown.items():
        listing = text_of(world.browsers[asker].get("/schedules/"))
        assert "All schedules are paused" in listing
        assert ("Let them go on" in listing) == pauses, asker


def test_parameters_are_shown_without_their_secrets_to_those_who_may_only_look(world: World) -> None:
    page = text_of(world.browsers["operator"].get(world.schedules["shared"].get_absolute_url()))
    assert "password" in page
    assert "correct horse" not in page
    assert "correct horse" in text_of(world.browsers["editor"].get(world.schedules["shared"].get_absolute_url()))


def test_what_is_not_there_is_a_404(world: World) -> None:
    browser = world.browsers["admin"]
    assert browser.get(reverse("schedule", args=[uuid4()])).status_code == 404
    for name in ("schedule-switch", "schedule-run", "schedule-delete", "backfill-start"):
        assert browser.post(reverse(name, args=[uuid4()])).status_code == 404
    for pk in (uuid4(), world.schedules["shared"].pk):
        assert browser.post(reverse("backfill-cancel", args=[pk, 1])).status_code == 404
    for named in (uuid4(), "x", ""):
        assert browser.get(reverse("schedule-preview"), {**TIMES, "schedule": named}).status_code == 404


def test_a_feed_is_closed_to_those_who_may_not_come_in(world: World) -> None:
    address = reverse("calendar-file", args=[make_feed(world.users["owner"])])
    assert Client().get(address).status_code == 200
    assert Client().post(address).status_code == 405
    world.users["owner"].is_active = False
    world.users["owner"].save()
    assert Client().get(address).status_code == 404
    assert Client().get(reverse("calendar-file", args=["nonsense"])).status_code == 404


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """No full hour. Tests ask for it first, so that people sign in by it."""
    return set_clock(monkeypatch, datetime(2027, 3, 1, 14, 37, 12, 500_000, tzinfo=UTC))


def moments_of(response: Any) -> list[datetime]:
    """The moments of a preview, or those that are planned of a schedule."""
    assert response.status_code == 200
    context = response.context
    return [shown.at for shown in (context["preview_fires"] if "preview_fires" in context else context["fires"])]


@pytest.mark.parametrize("kind", EXPRESSIONS)
@pytest.mark.parametrize("max_runs", ["", "2"])
def test_what_is_previewed_is_what_is_saved(clock: Clock, world: World, kind: str, max_runs: str) -> None:
    browser, zone = world.browsers["editor"], "Europe/Berlin"
    times: dict[str, Any] = {
        "kind": kind,
        "expression": EXPRESSIONS[kind],
        "timezone": zone,
        "starts_at": "",
        "max_runs": max_runs,
    }
    previewed = moments_of(browser.get(reverse("schedule-preview"), times))
    sent = {**FORM_SENT, **times, "tree": world.schedules["shared"].tree_id, "enabled": "on"}
    page = browser.post(reverse("schedule-new"), sent).headers["Location"]
    assert len(previewed) == (1 if kind == "once" else int(max_runs or 5))
    schedule = Schedule.objects.get(name="Saved")
    assert list(schedule.upcoming(5)) == previewed == moments_of(browser.get(page))
    # A change: first the days of an earlier schedule, then the same ones again, which leaves what is planned.
    for passed in ({"hours": 100}, {"minutes": 10}):
        clock.go(**passed)
        times["starts_at"] = "2027-03-20T00:00:00"
        previewed = moments_of(browser.get(reverse("schedule-preview"), {**times, "schedule": schedule.pk}))
        assert browser.post(page, {**FORM_SENT, **times}).status_code == 302
        schedule.refresh_from_db()
        assert list(schedule.upcoming(5)) == previewed


def test_a_preview_of_a_change_counts_from_when_it_was_made_and_knows_what_has_fired(
    clock: Clock, world: World
) -> None:
    schedule = make(world.schedules["shared"].tree, world.users["owner"], "Hourly", kind="interval", expression="3600")
    Schedule.objects.filter(pk=schedule.pk).update(run_count=3)
    clock.go(minutes=30)
    browser = world.browsers["editor"]
    page = text_of(browser.get(schedule.get_absolute_url()))
    assert f'data-preview-from="/schedules/preview/?schedule={schedule.pk}"' in page
    times: dict[str, Any] = {"kind": "interval", "expression": "1800", "timezone": "UTC", "max_runs": "5"}
    # When it can't be saved, the form that comes back says the same.
    refused = browser.post(schedule.get_absolute_url(), {**FORM_SENT, **times, "name": ""})
    for response in (browser.get(reverse("schedule-preview"), {**times, "schedule": schedule.pk}), refused):
        fires = [shown.at for shown in (response.context or {})["preview_fires"]]
        assert fires == [datetime(2027, 3, 1, hour, minute, 12, tzinfo=UTC) for hour, minute in ((15, 37), (16, 7))]
    over = browser.get(reverse("schedule-preview"), {**times, "max_runs": "3", "schedule": schedule.pk})
    assert "has run as often as it may" in text_of(over)


def test_a_preview_tells_of_clock_changes_while_it_is_active_alone(clock: Clock, world: World) -> None:
    browser = world.browsers["viewer"]

    def told(**times: Any) -> str:
        asked = {**TIMES, "expression": "02:30", "timezone": "Europe/Berlin", **times}
        return text_of(browser.get(reverse("schedule-preview"), asked))

    assert "On 2027-03-28" in told() and "On 2027-10-31" in told()
    later = told(starts_at="2027-06-01T00:00:00")
    assert "On 2027-03-28" not in later and "On 2027-10-31" in later and "On 2028-03-26" in later
    assert "On 2027-" not in told(ends_at="2027-03-20T00:00:00")
    # Clock starts on March 1.
    assert "On 2027-" not in told(max_runs="5")
    once_more = told(max_runs="30")
    assert "On 2027-03-28" in once_more and "On 2027-10-31" not in once_more


def test_a_preview_says_what_it_can_not_read(world: World) -> None:
    for wrong, said in {
        "max_runs=none": "a number from 1 on",
        "max_runs=0": "a number from 1 on",
        "starts_at=soon": "a date and a time",
        "expression=25:00": "It must be a time of day",
    }.items():
        name, _, value = wrong.partition("=")
        response = world.browsers["viewer"].get(reverse("schedule-preview"), {**TIMES, name: value})
        assert (response.status_code, said in text_of(response)) == (200, True), wrong


def many(tree: Tree, owner: User, count: int) -> list[Schedule]:
    """Make schedules whose names go against the order in which they are due, by half an hour each."""
    begin = timezone.now() + timedelta(minutes=30)
    return Schedule.objects.bulk_create(
        Schedule(
            tree=tree,
            responsible=owner,
            name=f"Schedule {count - number:04}",
            kind="once",
            expression=(begin + timedelta(minutes=number)).isoformat(),
            next_due_at=begin + timedelta(minutes=number),
            next_fire_at=begin + timedelta(minutes=number),
        )
        for number in range(count)
    )


def unfolded(file: str) -> list[str]:
    """The lines of a calendar as they were before they were broken."""
    return file.replace("\r\n ", "").split("\r\n")


def test_calendars_hold_what_is_due_first_and_say_what_they_leave_out(as_admin: Client, admin: User) -> None:
    made = many(make_tree(), admin, 203)
    off = many(make_tree("Off"), admin, 3)
    Schedule.objects.filter(pk__in=[one.pk for one in off]).update(enabled=False)
    response: Any = as_admin.get("/schedules/")
    assert "3 more will fire" in text_of(response)
    entries = {entry.schedule.pk for day in response.context["calendar"].days for entry in day.entries}
    assert entries == {one.pk for one in made[:200]}
    lines = unfolded(text_of(as_admin.get(reverse("calendar-file", args=[make_feed(admin)]))))
    assert [line for line in lines if line.startswith("SUMMARY:")] == [f"SUMMARY:{one.name}" for one in made[:200]]
    for name in ("DESCRIPTION", "X-WR-CALDESC"):
        (said,) = (line for line in lines[: lines.index("BEGIN:VEVENT")] if line.startswith(f"{name}:"))
        assert "Only the 200 that are due first are in it: 3 more will fire." in said
    Schedule.objects.filter(pk__in=[one.pk for one in made[:3]]).delete()
    assert "more will fire" not in text_of(as_admin.get("/schedules/"))
    assert "more will fire" not in text_of(as_admin.get(reverse("calendar-file", args=[make_feed(admin)])))


def test_a_feed_says_that_it_holds_the_first_moments_of_what_fires_often(as_admin: Client, admin: User) -> None:
    make(make_tree(), admin, kind="interval", expression="60")
    lines = unfolded(text_of(as_admin.get(reverse("calendar-file", args=[make_feed(admin)]))))
    assert lines.count("BEGIN:VEVENT") == 200
    assert any("Of 1 that fire more often only the first 200 moments" in line for line in lines)


def test_the_page_of_a_tree_says_how_many_schedules_it_leaves_out(as_admin: Client, admin: User) -> None:
    tree = make_tree("Nightly & co", owner=admin)
    many(tree, admin, 50)
    address = reverse("tree", args=[tree.pk])
    assert "all of them" not in text_of(as_admin.get(address))
    many(tree, admin, 2)
    assert '2 more: <a href="/schedules/?q=Nightly%20%26%20co">all of them</a>' in text_of(as_admin.get(address))


def test_full_pages_take_few_queries(as_admin: Client, admin: User, django_assert_max_num_queries: Any) -> None:
    tree = make_tree(owner=admin)
    made = many(tree, admin, 210)
    pause_all(user=admin)
    runs = [make_run(tree, Status.COMPLETED) for _ in range(60)]
    now = timezone.now()
    ScheduleFire.objects.bulk_create(
        ScheduleFire(
            schedule=made[0] if number < 55 else made[-number],
            due_at=now - timedelta(hours=number),
            at=now,
            outcome="started",
            run=run,
        )
        for number, run in enumerate(runs)
    )
    # What one sees is narrowed by groups: somebody who is no superuser asks the most.
    editor = make_user("edda")
    editor.groups.add(Group.objects.get(name="editor"))
    feed = reverse("calendar-file", args=[make_feed(editor)])
    browser = signed_in(editor)
    for address in (
        "/schedules/",
        "/schedules/?page=2",
        made[0].get_absolute_url(),
        reverse("schedule-new"),
        reverse("schedule-preview") + f"?kind=daily&expression=02:30&timezone=UTC&schedule={made[0].pk}",
        feed,
    ):
        with django_assert_max_num_queries(30):
            assert browser.get(address).status_code == 200
