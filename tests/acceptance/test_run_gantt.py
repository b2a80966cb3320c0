"""The chart of a run: zoom, critical path, what is expected and what is late, and the playhead."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.run_page import RunPage, started, watch

pytestmark = pytest.mark.browser

TIMED = document(
    "Timed",
    task("load", executor="sleep", inputs={"seconds": "{{ params.seconds }}"}),
    task("check", "load", executor="sleep", inputs={"seconds": 0.2}),
)
SHORT = document("Short", task("a", executor="sleep", inputs={"seconds": 3}), task("b", "a"), task("c"))


@pytest.fixture(scope="module")
def timed(builder_site: BuilderSite) -> Iterator[str]:
    """A tree whose task `load` took 0.1 seconds the last time; and a run of it in which it takes ten minutes."""
    client = builder_site.client
    parameters = {"type": "object", "properties": {"seconds": {"type": "number"}}}
    tree = builder_site.make({**TIMED, "tree": {"name": "Timed", "parameters": parameters}})
    first = str(client.start(tree, {"seconds": 0.1})["id"])
    assert list(client.follow(first))
    assert client.run(first)["status"] == "completed"
    run_id = str(client.start(tree, {"seconds": 600})["id"])
    yield run_id
    client.cancel(run_id)


def test_what_is_late_says_by_how_much_and_the_run_when_it_ends(author: Author, timed: str) -> None:
    run = RunPage(author.context().new_page(), author.site, timed)
    expect(run.in_chart("load")).to_contain_text(re.compile(r"late by \d+ s"), timeout=30_000)
    expect(run.in_chart("check")).not_to_contain_text("late")
    expect(run.head).to_contain_text("Expected finish")
    run.row("load").click()
    expect(run.panel).to_contain_text("Usually takes")


def test_the_chart_is_zoomed_by_buttons_keys_and_wheel_and_the_address_keeps_it(author: Author) -> None:
    run = watch(author, SHORT)
    run.expect_status("Completed")
    zoom = run.page.get_by_role("status", name="Zoom", exact=True)
    expect(zoom).to_have_text("100 %")
    run.page.get_by_role("tabpanel").get_by_role("button", name="Zoom in").click()
    expect(zoom).to_have_text("150 %")
    run.chart.press("+")
    expect(zoom).to_have_text("225 %")
    run.chart.press("-")
    expect(zoom).to_have_text("150 %")
    run.playhead.hover()
    run.page.mouse.wheel(0, -100)
    expect(zoom).to_have_text("188 %")
    run.page.get_by_role("checkbox", name=re.compile("Critical path")).uncheck()
    run.page.get_by_role("checkbox", name="Leave idle time out").check()
    run.page.wait_for_url(re.compile("zoom=1.875&from=[1-9].*idle=hidden&critical=hidden"))
    left = run.chart.evaluate("(list) => list.scrollLeft")
    assert left > 0
    run.page.reload()
    expect(zoom).to_have_text("188 %")
    expect(run.page.get_by_role("checkbox", name=re.compile("Critical path"))).not_to_be_checked()
    run.page.wait_for_function(
        "(left) => Math.abs(document.querySelector('.scroller').scrollLeft - left) < 40", arg=left
    )
    run.chart.press("0")
    expect(zoom).to_have_text("100 %")
    run.page.wait_for_url(lambda url: "zoom=" not in url)


def test_the_legend_filters_the_chart_too(author: Author) -> None:
    run = watch(author, document("Mixed", task("good"), task("bad", executor="fail"), task("stopped", "bad")))
    run.expect_status("Failed")
    expect(run.chart.get_by_role("listitem")).to_have_count(3)
    legend = run.page.get_by_role("group", name=re.compile("^Tasks by state"))
    legend.get_by_role("button", name=re.compile("Completed")).click()
    expect(run.chart.get_by_role("listitem")).to_have_count(1)
    expect(run.in_chart("good")).to_be_visible()
    expect(run.list.get_by_role("treeitem")).to_have_count(1)


def test_a_moment_has_an_address_that_shows_it_to_others(author: Author) -> None:
    run = watch(author, SHORT)
    run.expect_status("Completed")
    run.playhead.press("Home")
    expect(run.head).to_contain_text("As it was 0 ms after the start")
    for _ in range(3):
        run.playhead.press("Shift+ArrowRight")
    run.page.wait_for_url(re.compile(r"at=\d+"))
    other = RunPage(author.context().new_page(), author.site, run.run_id, "?" + run.page.url.partition("?")[2])
    words = run.head.locator(".past").inner_text()
    expect(other.head.locator(".past")).to_have_text(words)
    for page in (run, other):
        expect(page.row("a")).to_contain_text("In progress")
        expect(page.row("b")).to_contain_text("Waiting")
        expect(page.card("a")).to_have_accessible_name(re.compile("In progress"))
    other.page.keyboard.press("l")
    expect(other.row("b")).to_contain_text("Completed")
    other.page.wait_for_url(lambda url: "at=" not in url)


def test_the_log_is_that_of_the_moment_during_a_live_run_too(author: Author, builder_site: BuilderSite) -> None:
    run_id = started(
        builder_site,
        document("Logs", task("early"), task("late", "early", executor="sleep", inputs={"seconds": 600})),
    )
    run = RunPage(author.context().new_page(), builder_site, run_id)
    expect(run.row("late")).to_contain_text("In progress", timeout=30_000)
    run.playhead.press("Home")
    expect(run.head).to_contain_text("As it was 0 ms after the start")
    expect(run.row("late")).not_to_contain_text("In progress")
    # Nothing can be asked of what was.
    expect(run.head.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    run.page.get_by_role("tab", name="Log").click()
    asked = re.compile(r"/logs\?.*until=")
    with run.page.expect_request(asked):
        run.page.get_by_role("tab", name="Chart").click()
        run.playhead.press("ArrowRight")
        run.page.get_by_role("tab", name="Log").click()
    run.page.keyboard.press("l")
    expect(run.row("late")).to_contain_text("In progress")
    expect(run.head.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    builder_site.client.cancel(run_id)


def test_a_task_is_acted_on_from_the_chart_by_keyboard(author: Author) -> None:
    run = watch(author, document("From the chart", task("long", executor="sleep", inputs={"seconds": 600})))
    expect(run.row("long")).to_contain_text("In progress", timeout=30_000)
    run.chart.press("ArrowDown")
    expect(run.panel.get_by_role("heading", name="long")).to_be_visible()
    run.chart.press("Shift+F10")
    run.choose("Cancel")
    run.agree("Cancel the task")
    run.expect_status("Cancelled|Failed")
