"""Steering a run from its live page: by mouse and by keyboard, with a reason, seen by everybody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_api import ask
from tests.acceptance.support.builder_people import browser_of, sign_up
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.run_page import RunPage, started, watch

pytestmark = pytest.mark.browser

#: One at a time: "first" runs until it is cancelled, and the others wait for the slot.
QUEUE = document(
    "One at a time",
    task("first", executor="sleep", inputs={"seconds": 600}, priority=0),
    *(task(name, executor="sleep", inputs={"seconds": 600}) for name in ("second", "third", "fourth")),
)
QUEUE["tree"]["max_concurrency"] = 1
BRITTLE = document(
    "Brittle",
    task("breaks", executor="fail", inputs={"times": 1, "message": "Not yet"}),
    task("needs", "breaks"),
    task("long", executor="sleep", inputs={"seconds": 600}),
)
LATER = document(
    "Tries again later",
    task("again", executor="fail", inputs={"times": 1}, retry={"max_attempts": 3, "base_seconds": 3000, "jitter": 0}),
    task("then", "again"),
)


def audited(site: BuilderSite, act: str, run_id: str) -> dict[str, Any]:
    """The newest entry of the audit trail about an act on a run."""
    entries: list[dict[str, Any]] = ask(site, "GET", "/audit?limit=50")["items"]
    return next(entry for entry in entries if act in entry["act"] and run_id in str(entry))


def test_a_waiting_task_is_put_first_from_its_card_and_the_other_browser_sees_it(author: Author) -> None:
    run = watch(author, QUEUE)
    expect(run.row("first")).to_contain_text("In progress", timeout=30_000)
    other = RunPage(author.context().new_page(), author.site, run.run_id)
    run.card("fourth").click(button="right")
    run.choose("Priority 0")
    expect(run.dialog).to_contain_text("0 of the 2 others that wait will stand before it")
    run.agree("Priority 0", reason="Somebody waits for it")
    expect(run.card("fourth")).to_have_accessible_name(re.compile("Priority 0"))
    expect(other.card("fourth")).to_have_accessible_name(re.compile("Priority 0"))
    assert "Somebody waits for it" in str(audited(author.site, "priority", run.run_id))
    other.row("first").click()
    other.panel.get_by_role("button", name="Cancel", exact=True).click()
    other.agree("Cancel the task")
    for page in (run, other):
        expect(page.row("fourth")).to_contain_text("In progress", timeout=30_000)
        expect(page.row("second")).not_to_contain_text("In progress")


def test_by_keys_a_task_is_retried_and_another_cancelled(author: Author) -> None:
    run = watch(author, BRITTLE)
    expect(run.row("breaks")).to_contain_text("Failed", timeout=30_000)
    run.row("breaks").click()
    expect(run.panel.get_by_role("heading", name="breaks")).to_be_visible()
    run.list.press("t")
    expect(run.dialog).to_contain_text("needs")
    run.dialog.get_by_role("button", name="Retry", exact=True).press("Enter")
    expect(run.row("breaks")).to_contain_text("Completed", timeout=30_000)
    expect(run.row("needs")).to_contain_text("Completed")
    assert audited(author.site, "retry", run.run_id)
    run.row("long").click()
    run.list.press("c")
    run.agree("Cancel the task", reason="Enough")
    expect(run.row("long")).to_contain_text("Cancelled", timeout=30_000)
    assert "Enough" in str(audited(author.site, "cancel", run.run_id))


def test_a_retry_that_waits_is_run_now_from_the_menu_key(author: Author) -> None:
    run = watch(author, LATER)
    expect(run.row("again")).to_contain_text("2/3", timeout=30_000)
    expect(run.card("again")).to_have_accessible_name(re.compile("Retrying 2/3"))
    run.card("again").click()
    run.canvas.press("Shift+F10")
    menu = run.page.get_by_role("menu", name="Actions")
    expect(menu).to_be_visible()
    menu.get_by_role("menuitem", name="Run now").press("Enter")
    expect(run.dialog).to_contain_text("begins now instead of at its time")
    run.agree("Run now")
    run.expect_status("Completed")
    assert audited(author.site, "run_now", run.run_id)


def test_a_waiting_task_is_skipped_from_its_panel(author: Author) -> None:
    run = watch(author, LATER)
    expect(run.row("again")).to_contain_text("2/3", timeout=30_000)
    run.row("again").click()
    run.panel.get_by_role("button", name="Skip", exact=True).click()
    run.agree("Skip", reason="Known to be broken")
    run.expect_status("Completed")
    assert "Known to be broken" in str(audited(author.site, "skip", run.run_id))


def test_the_run_is_paused_resumed_put_first_and_cancelled_by_keys(author: Author) -> None:
    run = watch(author, QUEUE)
    expect(run.row("first")).to_contain_text("In progress", timeout=30_000)
    run.page.keyboard.press("Shift+P")
    expect(run.dialog).to_contain_text("3 waiting do not start until somebody resumes it. 1 running go on.")
    run.agree("Pause")
    run.expect_status("Paused")
    expect(run.head).to_contain_text("Nothing new starts until it is resumed")
    run.page.keyboard.press("Shift+R")
    run.agree("Resume")
    run.expect_status("In progress")
    run.press("More")
    run.choose("Priority 0")
    run.agree("Priority 0")
    expect(run.page.get_by_role("tab", name="Events")).to_be_visible()
    run.page.keyboard.press("Alt+3")
    expect(run.page.get_by_role("row").filter(has_text="priority changed").first).to_contain_text("the run")
    run.page.keyboard.press("Shift+C")
    expect(run.dialog).to_contain_text("1 running are stopped, 3 waiting do not start")
    run.agree("Cancel the run", reason="Wrong day")
    run.expect_status("Cancelled")
    assert run.stored()["cancel_reason"] == "Wrong day"


def test_the_keys_are_listed_and_who_may_only_look_has_no_acts(author: Author, builder_site: BuilderSite) -> None:
    sign_up(builder_site)
    run_id = started(builder_site, QUEUE)
    run = RunPage(browser_of(author, "viewer").new_page(), builder_site, run_id)
    expect(run.row("first")).to_contain_text("In progress", timeout=30_000)
    expect(run.head.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    run.row("first").click()
    run.list.press("c")
    run.page.keyboard.press("?")
    sheet = run.page.get_by_role("dialog")
    for words in ("The selected task", "Its menu", "Run now", "Follow", "In the chart"):
        expect(sheet).to_contain_text(words)
    builder_site.client.cancel(run_id)
