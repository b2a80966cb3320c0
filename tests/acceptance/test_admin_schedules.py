"""The pages of schedules in a real browser: by mouse and by keyboard, light and dark, wide and narrow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from orchestration.actions.backfills import start_backfill
from orchestration.actions.firing import fire_due
from orchestration.actions.schedules import create_schedule
from orchestration.models import CalendarFeed, Run, Schedule, ScheduleFire
from tests.acceptance.support.looks import LOOKS, grave
from tests.pages.scene import HOSTILE, Scene, make_run

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make(site: Scene, name: str = "Nightly", **fields: Any) -> Schedule:
    """Make a schedule of the scene's tree."""
    values = {"name": name, "kind": "daily", "expression": "02:30", "timezone": "Europe/Berlin", **fields}
    owner = site.tree.owner
    assert owner is not None
    return create_schedule(site.tree, values, user=owner)


def make_history(schedule: Schedule) -> None:
    """Give a schedule a fire of each outcome, and a backfill."""
    now = timezone.now()
    since, until = now - timedelta(days=9), now - timedelta(days=3)
    start_backfill(schedule, since, until, user=User.objects.get(username="admin"), again=True)
    reasons = {"started": "", "overlapped": "Run 1 had not ended", "missed": "No worker was there for 3 moments"}
    for number, (outcome, reason) in enumerate(reasons.items()):
        ScheduleFire.objects.create(
            schedule=schedule,
            due_at=now - timedelta(hours=number),
            at=now,
            outcome=outcome,
            reason=reason,
            count=3 if outcome == "missed" else 1,
            run=make_run(schedule.tree) if outcome == "started" else None,
        )


def test_a_schedule_is_made_with_a_preview_while_one_types(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Schedules").click()
    expect(page.get_by_text("Nothing runs by itself yet")).to_be_visible()
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name").fill("Every weekday")
    page.get_by_label("Tree").select_option(label=scene.tree.name)
    page.get_by_label("Kind").select_option("cron")
    page.get_by_label("When", exact=True).press_sequentially("0 0 31 2 *")
    ahead = page.get_by_role("region", name="What it will do")
    expect(ahead).to_contain_text("never fires")
    page.get_by_label("When", exact=True).fill("30 2 * * *")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    expect(ahead).to_contain_text("every day at 02:30 (Europe/Berlin)")
    expect(ahead.get_by_role("listitem")).to_have_count(5)
    expect(ahead).to_contain_text("comes twice")
    assert not grave(page)
    visitor.picture("schedule-new")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_role("heading", name="Every weekday")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("is saved")
    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.responsible) == ("cron", scene.tree.owner)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Nothing is to come: it is off")).to_be_visible()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("is on.")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/**")
    run = Run.objects.get(trigger="schedule")
    page.get_by_role("link", name="schedule", exact=True).click()
    expect(page.get_by_text("By hand")).to_be_visible()
    assert ScheduleFire.objects.get().run == run
    visitor.check()


def test_the_form_works_without_javascript(visit: Any, scene: Scene) -> None:  # noqa: F811
    schedule = make(scene)
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    page.route("**/js/schedule*.js", lambda route: route.abort())
    visitor.go(schedule.get_absolute_url())
    page.get_by_label("When", exact=True).fill("25:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("a time of day")
    page.get_by_label("When", exact=True).fill("04:15")
    page.get_by_label("Not after").fill("2099-01-01T00:00:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("every day at 04:15 (Europe/Berlin), until 2099-01-01 00:00")


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_look_right(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    schedule = make(scene)
    make(scene, HOSTILE, kind="weekly", expression="1-5 08:30")
    make(scene, "Every minute", kind="interval", expression="60")
    make_history(schedule)
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    for name, path in (
        ("schedules", "/schedules/"),
        ("schedule", schedule.get_absolute_url()),
        ("schedule-form", "/schedules/new/"),
        ("tree-schedules", scene.tree.get_absolute_url()),
    ):
        visitor.go(path)
        expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
        visitor.picture(f"{name}-{width}-{theme}")
        visitor.check()
        assert not grave(visitor.page), name
    visitor.go("/schedules/")
    expect(visitor.page.get_by_text("Due more often than a calendar shows")).to_be_visible()
    expect(visitor.page.locator(f"#schedule-{schedule.pk}")).to_contain_text("every day at 02:30 (Europe/Berlin)")


def test_the_past_is_made_up_for_with_a_preview_while_one_types(visit: Any, scene: Scene) -> None:  # noqa: F811
    schedule = make(scene, parameters={"day": "{{ scheduled_at[:10] }}"})
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go(schedule.get_absolute_url())
    card = page.get_by_role("region", name="Make up for the past")
    ahead = card.get_by_role("region", name="What it would run")
    expect(ahead).to_contain_text("shown here while you write")
    card.get_by_label("From").fill("2025-03-28T00:00")
    card.get_by_label("Until").fill("2025-03-31T12:00")
    expect(ahead).to_contain_text("4 moments")
    expect(ahead).to_contain_text("Fri 2025-03-28 02:30:00 CET")
    expect(ahead).to_contain_text("Mon 2025-03-31 02:30:00 CEST")
    expect(ahead).to_contain_text("On 2025-03-30 the clocks go from 02:00 to 03:00")
    card.get_by_label("Until").fill("2999-01-01T00:00")
    expect(ahead).to_contain_text("lies in the future")
    card.get_by_label("Until").fill("2025-03-31T12:00")
    expect(ahead).to_contain_text("4 moments")
    assert not grave(page)
    visitor.picture("backfill")
    card.get_by_label("Runs at once").fill("2")
    card.get_by_role("button", name="Start the backfill").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("4 moments get their runs, 2 at a time")
    fire_due()
    page.reload()
    expect(card.get_by_role("row").nth(1)).to_contain_text("2 of 4 started, 2 of them going on")
    history = page.get_by_role("region", name="What became of its moments")
    expect(history.get_by_text("Waits", exact=True)).to_have_count(2)
    expect(history.get_by_text("Backfill", exact=True)).to_have_count(4)
    assert not grave(page)
    runs = Run.objects.filter(fire__backfill__isnull=False).order_by("queued_at")
    assert [run.parameters["day"] for run in runs] == ["2025-03-28", "2025-03-29"]
    card.get_by_role("button", name="Cancel the rest").click()
    expect(page.get_by_role("status")).to_contain_text("Runs that have started go on")
    expect(card.get_by_role("row").nth(1)).to_contain_text("2 cancelled")
    card.get_by_label("From").fill("2025-03-28T00:00")
    card.get_by_label("Until").fill("2025-03-31T12:00")
    expect(ahead).to_contain_text("2 moments")
    expect(ahead).to_contain_text("Left out, for having had a run or waiting for it: 2.")
    card.get_by_label("Again").check()
    expect(ahead).to_contain_text("4 moments")
    visitor.check()


def test_a_backfill_works_without_javascript(visit: Any, scene: Scene) -> None:  # noqa: F811
    schedule = make(scene)
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    page.route("**/js/schedule*.js", lambda route: route.abort())
    visitor.go(schedule.get_absolute_url())
    card = page.get_by_role("region", name="Make up for the past")
    card.get_by_label("From").fill("2025-03-31T00:00")
    card.get_by_label("Until").fill("2025-03-28T00:00")
    card.get_by_role("button", name="Start the backfill").click()
    expect(card.get_by_role("alert")).to_contain_text("It is before the beginning.")
    card.get_by_label("Until").fill("2025-03-31T02:30")
    card.get_by_role("button", name="Start the backfill").click()
    expect(page.get_by_role("status")).to_contain_text("1 moment gets its run")


def test_all_are_paused_and_go_on(visit: Any, scene: Scene) -> None:  # noqa: F811
    make(scene)
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go("/schedules/")
    page.get_by_text("Pause all…").press("Enter")
    page.get_by_label("Why? (optional)").fill("Moving house")
    page.get_by_role("button", name="Pause all schedules").click()
    expect(page.get_by_role("region", name="Pause")).to_contain_text("Moving house")
    assert not grave(page)
    page.get_by_role("button", name="Let them go on").click()
    expect(page.get_by_text("fire again from now on")).to_be_visible()
    visitor.check()


def test_a_calendar_program_reads_the_feed(visit: Any, scene: Scene, client: Any) -> None:  # noqa: F811
    make(scene, "Import; all, of it")
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go("/schedules/")
    page.get_by_role("button", name="Address for a calendar program").click()
    address = page.locator("#address").inner_text()
    assert not grave(page)
    feed = client.get(address.removeprefix(visitor.base))
    assert feed.headers["Content-Type"].startswith("text/calendar")
    text = feed.content.decode()
    lines = text.split("\r\n")
    assert (lines[0], lines[-2]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert text.count("BEGIN:VEVENT") in (59, 60)
    assert "SUMMARY:Import\\; all\\, of it" in lines
    assert all(len(line.encode()) <= 75 for line in lines)
    page.get_by_role("button", name="Close the calendar again").click()
    expect(page.get_by_role("heading", name="Schedules", exact=True)).to_be_visible()
    assert client.get(address.removeprefix(visitor.base)).status_code == 404
    assert not CalendarFeed.objects.exists()
