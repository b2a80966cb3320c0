"""The log of a run in a real browser: following, filters in the address, colours, links, download, 50,000 lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from benchmarks.scribe import Scribe
from tests.acceptance.support.run_parts import PATIENCE_MS, RunParts
from tests.acceptance.support.run_watching import Watchers, write_lines
from tests.acceptance.support.run_watching import watchers as watchers
from tests.live import conftest as live

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

web, same_secret_key = live.web, live.same_secret_key
LINES = 50_000


@pytest.fixture
def scribe(transactional_db: None) -> Iterator[Scribe]:
    """A run of three tasks, which goes on."""
    made = Scribe()
    try:
        yield made
    finally:
        made.close()


def numbers(run: RunParts) -> list[int]:
    """The numbers of the lines that are in the page."""
    texts = run.page.locator("[data-row] .said").all_inner_texts()
    return [int(found[1]) for text in texts if (found := re.match(r"line (\d+)$", text))]


def line(run: RunParts, text: str) -> Locator:
    """The row of a line."""
    said = run.page.locator(".said", has_text=re.compile(f"^{re.escape(text)}$"))
    return run.page.locator("[data-row]").filter(has=said)


def test_fifty_thousand_lines_stay_a_page(watchers: Watchers, scribe: Scribe) -> None:
    write_lines(scribe.run_id, LINES)
    run = watchers.open(scribe.run_id, "tab=log").ready()
    expect(line(run, f"line {LINES}")).to_be_in_viewport(timeout=PATIENCE_MS)
    expect(run.page.get_by_text(re.compile("about [45]\\d,\\d{3} lines|50,000 lines"))).to_be_visible()
    run.log.press("Home")
    expect(line(run, "line 1")).to_be_in_viewport(timeout=PATIENCE_MS)
    run.log.evaluate("(element) => { element.scrollTop = element.scrollHeight / 2; }")
    middle = run.page.locator("[data-row] .said", has_text=re.compile(r"^line 2[3-6]\d{3}$"))
    expect(middle.nth(6)).to_be_in_viewport(timeout=PATIENCE_MS)
    seen = numbers(run)
    assert seen == sorted(seen)
    assert run.page.locator("[data-row]").count() < 200
    run.log.press("End")
    expect(line(run, f"line {LINES}")).to_be_in_viewport(timeout=PATIENCE_MS)


def test_it_follows_until_somebody_scrolls_up_and_says_how_much_is_new(watchers: Watchers, scribe: Scribe) -> None:
    write_lines(scribe.run_id, 500)
    run = watchers.open(scribe.run_id, "tab=log").ready()
    expect(line(run, "line 500")).to_be_in_viewport(timeout=PATIENCE_MS)
    scribe.log(["it comes"])
    expect(line(run, "it comes")).to_be_in_viewport(timeout=PATIENCE_MS)
    run.log.hover()
    run.page.mouse.wheel(0, -2_000)
    expect(run.page.get_by_role("button", name="To the end")).to_be_visible()
    scribe.log(["two", "three", "four"])
    more = run.page.get_by_role("button", name="3 new lines")
    expect(more).to_be_visible(timeout=PATIENCE_MS)
    expect(line(run, "four")).to_have_count(0)
    more.press("Enter")
    expect(line(run, "four")).to_be_in_viewport(timeout=PATIENCE_MS)
    follow = run.page.get_by_role("group", name="Log").get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")
    scribe.log(["five"])
    expect(line(run, "five")).to_be_in_viewport(timeout=PATIENCE_MS)


def test_filters_are_in_the_address_and_come_back_from_it(watchers: Watchers, scribe: Scribe) -> None:
    write_lines(scribe.run_id, 300)
    scribe.log(["of another task"], task=1)
    run = watchers.open(scribe.run_id, "tab=log").ready()
    expect(line(run, "of another task")).to_be_visible(timeout=PATIENCE_MS)
    run.page.get_by_label("Level", exact=True).select_option("warning")
    run.page.get_by_label("Task", exact=True).select_option(label="Task 0")
    run.page.get_by_label("Search in the messages").fill("LINE 25")
    expect(run.page.locator("mark")).to_have_count(1, timeout=PATIENCE_MS)
    run.page.wait_for_url("**log_q=LINE+25**")
    assert "log_level=warning" in run.page.url
    assert "log_task=t0" in run.page.url
    run.page.reload()
    expect(run.page.locator("mark")).to_have_count(1, timeout=PATIENCE_MS)
    assert numbers(run) == [250]
    expect(run.page.get_by_label("Level", exact=True)).to_have_value("warning")
    expect(run.page.get_by_label("Task", exact=True)).to_have_value("t0")
    # Live lines go through the same filter.
    scribe.log(["line 25, and only an INFO"])
    scribe.log(["something else"])
    run.page.get_by_role("button", name="Clear the filters").click()
    expect(line(run, "something else")).to_be_visible(timeout=PATIENCE_MS)
    assert "log_" not in run.page.url


def test_the_task_that_is_selected_does_not_filter_the_log(watchers: Watchers, scribe: Scribe) -> None:
    scribe.log(["of the first"], task=0)
    scribe.log(["of the second"], task=1)
    run = watchers.open(scribe.run_id, "task=t1&tab=log").ready()
    expect(run.page.get_by_label("Task", exact=True)).to_have_value("")
    expect(line(run, "of the first")).to_be_visible(timeout=PATIENCE_MS)


def test_colours_links_and_what_only_looks_like_one(watchers: Watchers, scribe: Scribe) -> None:
    scribe.log(
        ["\x1b[31;1mred\x1b[0m plain", "see https://example.org/a?b=1.", "javascript:alert(1) and data:text/html,x"]
    )
    run = watchers.open(scribe.run_id, "tab=log").ready()
    red = run.page.locator(".said .ink-red.bold")
    expect(red).to_have_text("red", timeout=PATIENCE_MS)
    expect(line(run, "red plain")).to_be_visible()
    links = run.page.locator(".said a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.org/a?b=1")
    expect(links).to_have_attribute("rel", "noopener noreferrer")


def test_a_line_has_a_link_that_shows_it(watchers: Watchers, scribe: Scribe) -> None:
    write_lines(scribe.run_id, 5_000)
    run = watchers.open(scribe.run_id, "tab=log", permissions=["clipboard-read", "clipboard-write"]).ready()
    expect(line(run, "line 5000")).to_be_in_viewport(timeout=PATIENCE_MS)
    run.log.press("Home")
    expect(line(run, "line 1")).to_be_in_viewport(timeout=PATIENCE_MS)
    for _ in range(3):
        run.page.keyboard.press("ArrowDown")
    expect(line(run, "line 3").locator("[data-line]")).to_be_focused()
    run.page.keyboard.press("c")
    run.page.wait_for_function("() => navigator.clipboard.readText()")
    assert "line=" in run.page.url
    assert run.clipboard() == run.page.url
    run.page.goto("about:blank")
    run.page.goto(f"/runs/{scribe.run_id}/live/?tab=log")
    expect(line(run, "line 5000")).to_be_in_viewport(timeout=PATIENCE_MS)
    again = watchers.open(scribe.run_id, "tab=log&line=99999999").ready()
    expect(again.page.get_by_text("The line that the address names is not in this log")).to_be_visible(
        timeout=PATIENCE_MS
    )


def test_long_lines_wrap_and_everything_can_be_downloaded(watchers: Watchers, scribe: Scribe) -> None:
    scribe.log(["word " * 200, "the end"])
    run = watchers.open(scribe.run_id, "tab=log").ready()
    expect(line(run, "the end")).to_be_visible(timeout=PATIENCE_MS)
    expect(run.page.locator("[data-row=wrapped]")).to_have_count(0)
    run.page.get_by_role("button", name="Wrap long lines").click()
    expect(run.page.locator("[data-row=wrapped]").first).to_be_visible()
    with run.page.expect_download() as download:
        run.page.get_by_role("link", name="Download").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "the end" in text
    assert "word " * 200 in text
