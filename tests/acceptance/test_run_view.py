"""The live view of a run in a real browser, with a real worker."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.run_page import RunPage, started, watch

pytestmark = pytest.mark.browser


FAILING = document(
    "Fails in the middle",
    task("fetch", inputs={"rows": [{"city": "Turin", "sales": 12}, {"city": "Oslo", "sales": 7}]}),
    task("check", "fetch", executor="fail", inputs={"message": "Seven rows are missing", "error_type": "rows_missing"}),
    task("load", "check"),
    task("tell", "load"),
)
SLOW = document("Takes its time", task("long", executor="sleep", inputs={"seconds": 60}), task("after", "long"))


def test_a_failure_is_shown_with_its_cause_first(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    causes = run.page.get_by_role("list", name="What failed")
    expect(causes).to_contain_text("check")
    expect(causes).to_contain_text("Seven rows are missing")
    expect(causes).to_contain_text("2 more did not run because of it")
    expect(run.panel.get_by_role("heading", name="check")).to_be_visible()
    expect(run.panel).to_contain_text("rows_missing")
    expect(run.row("check")).to_contain_text("2 did not run")
    expect(run.row("load")).to_have_count(0)
    run.list.press("ArrowRight")
    expect(run.row("load")).to_contain_text("Blocked")


def test_the_legend_narrows_the_list(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    expect(run.list.get_by_role("treeitem")).to_have_count(2)  # what was blocked is folded
    run.page.get_by_role("group", name=re.compile("^Tasks by state")).get_by_role(
        "button", name=re.compile("Blocked")
    ).click()
    expect(run.list.get_by_role("treeitem")).to_have_count(2)


def test_results_are_looked_at_in_the_panel(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    run.row("fetch").click()
    run.panel.get_by_role("tab", name="Result").click()
    expect(run.panel.get_by_role("heading", name="fetch")).to_be_visible()
    expect(run.panel).to_contain_text("Turin")


def test_a_run_started_elsewhere_comes_alive_in_two_browsers(author: Author) -> None:
    run_id = started(author.site, SLOW)
    pages = [RunPage(author.context().new_page(), author.site, run_id) for _ in range(2)]
    for page in pages:
        expect(page.row("long")).to_contain_text("In progress", timeout=30_000)
    author.site.client.cancel(run_id, reason="Enough seen")
    for page in pages:
        page.expect_status("Cancelled")
        expect(page.page.locator(".run-head")).to_contain_text("Enough seen")


def test_pause_resume_and_cancel_ask_first_and_are_carried_out(author: Author) -> None:
    run = watch(author, SLOW)
    run.expect_status("In progress")
    run.press("Pause")
    run.agree("Pause")
    run.expect_status("Paused")
    run.press("Resume")
    run.agree("Resume")
    run.expect_status("In progress")
    run.press("Cancel")
    run.agree("Cancel the run", reason="Not today")
    run.expect_status("Cancelled")
    assert run.stored()["cancel_reason"] == "Not today"


def test_a_task_is_cancelled_from_its_panel_and_says_what_that_touches(author: Author) -> None:
    run = watch(author, SLOW)
    run.row("long").click()
    run.panel.get_by_role("button", name="Cancel", exact=True).click()
    expect(run.page.locator("dialog[open]")).to_contain_text("after")
    run.agree("Cancel the task")
    run.expect_status("Failed|Cancelled")


def test_the_plan_of_a_re_run_is_shown_before_it_starts(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    run.press("Run again")
    dialog = run.page.locator("dialog[open]")
    expect(dialog).to_contain_text("3 run, 1 reuse their results")
    dialog.get_by_role("button", name="Run", exact=True).click()
    run.page.wait_for_url(lambda url: run.run_id not in url)
    again = urlsplit(run.page.url).path.split("/")[2]
    assert run.site.client.run(again)["parent_run_id"] == run.run_id


def test_the_playhead_shows_how_it_was(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    slider = run.page.get_by_role("slider", name=re.compile("The moment that is shown"))
    slider.press("Home")
    expect(run.page.locator(".run-head")).to_contain_text("As it was 0 ms after the start")
    expect(run.row("check")).not_to_contain_text("Failed")
    slider.press("End")
    expect(run.row("check")).to_contain_text("Failed")


def test_events_and_log_have_their_tabs_and_addresses(author: Author) -> None:
    run = watch(author, FAILING)
    run.expect_status("Failed")
    run.page.get_by_role("tab", name="Events").click()
    expect(run.page.get_by_role("row").filter(has_text="rows_missing").first).to_be_visible()
    assert "tab=events" in run.page.url
    run.page.reload()
    expect(run.page.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
