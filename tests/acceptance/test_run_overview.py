"""The overview in a real browser: live, with charts, and readable without scripts."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import check_look

pytestmark = pytest.mark.browser

FAILING = document(
    "Nightly import",
    task("fetch"),
    task("check rows", "fetch", executor="fail", inputs={"message": "Seven rows are missing"}),
    task("load", "check rows"),
)
SLOW = document("Takes its time", task("quick"), task("long", "quick", executor="sleep", inputs={"seconds": 120}))


def started(site: BuilderSite, tree: dict[str, Any]) -> str:
    return str(site.client.start(site.make(tree))["id"])


def ended(site: BuilderSite, tree: dict[str, Any]) -> str:
    """Run a tree to its end."""
    run_id = started(site, tree)
    for _ in site.client.follow(run_id):
        pass
    return run_id


def overview(author: Author, path: str = "/", **options: Any) -> Page:
    """Open the overview, and wait until its stream is there."""
    page = author.context(**options).new_page()
    page.goto(path)
    expect(badge(page)).to_have_text("Live")
    expect(badge(page)).to_have_attribute("title", "WebSocket")
    return page


def badge(page: Page) -> Locator:
    return page.locator("[data-live]")


def figure(page: Page, name: str) -> Locator:
    return page.locator(f"[data-figure={name}]")


def active(page: Page, run_id: str) -> Locator:
    return page.locator(f"#active-{run_id}")


def charts(page: Page) -> Locator:
    """The section with the charts, once they are drawn."""
    section = page.get_by_role("region", name="Over time")
    section.scroll_into_view_if_needed()
    expect(section.get_by_role("figure")).to_have_count(4)
    return section


def test_a_run_comes_goes_on_and_goes_without_asking_again(author: Author) -> None:
    page = overview(author)
    before = int(figure(page, "active").inner_text())
    run_id = started(author.site, SLOW)
    line = active(page, run_id)
    expect(line).to_contain_text("1 of 2 tasks")
    expect(line.locator("[data-running]")).to_have_text("long")
    expect(figure(page, "active")).to_have_text(str(before + 1))
    expect(line.locator("[data-elapsed]")).to_have_text(re.compile(r"^\d+ s$"))
    cancelled = int(figure(page, "cancelled").inner_text())
    author.site.client.cancel(run_id)
    expect(line).to_have_count(0)
    expect(figure(page, "cancelled")).to_have_text(str(cancelled + 1))
    expect(page.locator(f"#run-{run_id}")).to_contain_text("Cancelled")


def test_while_nothing_changes_nothing_is_asked(author: Author) -> None:
    page = overview(author)
    charts(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    # Longer than the page would wait to look again if it had no stream: told by its own clock.
    page.evaluate("() => new Promise((done) => setTimeout(done, 4000))")
    assert "/" not in asked


def test_a_failure_comes_with_its_first_cause_and_leads_to_it(author: Author) -> None:
    page = overview(author)
    run_id = started(author.site, FAILING)
    failure = page.locator(f"#failure-{run_id}")
    expect(failure).to_contain_text("Seven rows are missing")
    failure.get_by_role("link", name="check rows").click()
    expect(page.get_by_role("complementary").get_by_role("heading", name="check rows")).to_be_visible()
    assert urlsplit(page.url).path == f"/runs/{run_id}/live/"
    assert parse_qs(urlsplit(page.url).query) == {"task": ["check rows"]}


def test_the_badge_says_when_the_line_is_lost_and_back(author: Author) -> None:
    author.expected = ("ERR_FAILED", "WebSocket")
    page = author.context().new_page()
    lines: list[WebSocketRoute] = []
    is_up = True

    def connect(line: WebSocketRoute) -> None:
        if is_up:
            line.connect_to_server()
            lines.append(line)
        else:
            line.close()

    page.route_web_socket(re.compile("/ws/overview/"), connect)
    page.route("**/api/v1/overview", lambda route: route.continue_() if is_up else route.abort())
    page.goto("/")
    expect(badge(page)).to_have_attribute("title", "WebSocket")
    is_up = False
    lines[0].close()
    expect(badge(page)).to_have_text("Reconnecting")
    expect(badge(page)).to_have_class(re.compile("live-lost"))
    is_up = True
    expect(badge(page)).to_have_text("Live", timeout=30_000)
    expect(badge(page)).not_to_have_class(re.compile("live-lost"))


def test_the_charts_have_sentences_and_tables(author: Author) -> None:
    ended(author.site, FAILING)
    page = overview(author)
    section = charts(page)
    runs = section.get_by_role("figure", name="Runs that ended")
    expect(runs).to_contain_text(re.compile(r"Runs that ended: .*\d+ failed"))
    expect(runs.locator("canvas")).to_be_visible()
    runs.get_by_text("As a table").click()
    row = runs.get_by_role("row").nth(1)
    expect(row.get_by_role("rowheader")).to_have_text(re.compile(r"^\d\d:\d\d"))
    expect(row.get_by_role("cell")).to_have_count(3)


def test_how_far_back_stands_in_the_address(author: Author) -> None:
    page = overview(author, "/?range=1h")
    section = charts(page)
    chosen = section.locator("a[aria-current=true]")
    expect(chosen).to_have_text("1 hour")
    with page.expect_response(lambda response: "series?range=7d" in response.url):
        section.get_by_role("link", name="7 days").press("Enter")
    expect(chosen).to_have_text("7 days")
    assert page.url.endswith("?range=7d")
    page.go_back()
    expect(chosen).to_have_text("1 hour")
    page.reload()
    expect(chosen).to_have_text("1 hour")


def test_charts_take_the_colours_of_the_theme(author: Author) -> None:
    ended(author.site, FAILING)
    page = overview(author)
    plot = charts(page).get_by_role("figure", name="Runs that ended").locator("canvas")
    expect(plot).to_be_visible()
    picture = "canvas => canvas.toDataURL()"
    light = plot.evaluate(picture)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("light => document.querySelector('#charts canvas')?.toDataURL() !== light", arg=light)


def test_without_scripts_everything_but_the_charts_is_there(author: Author) -> None:
    run_id = ended(author.site, FAILING)
    page = author.context(java_script_enabled=False).new_page()
    page.goto("/?range=7d")
    expect(page.locator(f"#failure-{run_id}")).to_contain_text("check rows")
    expect(figure(page, "failed")).to_have_text(re.compile(r"\d+"))
    expect(page.get_by_role("link", name="The figures as JSON")).to_have_attribute(
        "href", "/api/v1/overview/series?range=7d"
    )
    page.get_by_role("link", name="24 hours").click()
    expect(page.locator("#charts a[aria-current=true]")).to_have_text("24 hours")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_it_can_be_read(author: Author, width: int, theme: str) -> None:
    run_id = started(author.site, SLOW)
    ended(author.site, FAILING)
    page = author.context(width=width, height=800, theme=theme).new_page()
    page.goto("/")
    expect(active(page, run_id)).to_contain_text("long")
    section = charts(page)
    section.get_by_text("As a table").first.click()
    page.evaluate("scrollTo(0, 0)")
    check_look(page, f"overview-{width}-{theme}")
    author.site.client.cancel(run_id)
