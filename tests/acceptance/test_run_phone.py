"""A run on a phone, by keyboard alone, and as a screen reader has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.run_parts import PATIENCE_MS, RunParts
from tests.acceptance.test_run_panel import finished

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
THUMB = 40
MIXED = document(
    "A run with a name that is too long for the head of a phone",
    task(
        "fetch", executor="play", inputs={"say": ["fetched " + "far " * 60], "result": [{"city": "Turin", "sales": 12}]}
    ),
    task("check", "fetch", executor="fail", inputs={"message": "Seven rows are missing", "error_type": "rows_missing"}),
    task("load", "check"),
    task("tell", "load"),
)


@pytest.fixture(scope="module")
def mixed(builder_site: BuilderSite) -> str:
    """A run of `MIXED` that has ended."""
    return finished(builder_site, MIXED)


def on_phone(author: Author, run_id: str, query: str = "", theme: str = "light") -> RunParts:
    """The run on a phone."""
    return RunParts(author.context(theme=theme, **PHONE).new_page(), run_id, query).ready()


def slow_run(author: Author, gate: Path, tasks: int = 3) -> str:
    """Start a run whose first task waits for a gate."""
    rest = [task(f"task {number}", "long") for number in range(2, tasks + 1)]
    slow = document("Slow", task("long", executor="play", inputs={"gate": str(gate)}), *rest)
    return str(author.site.client.start(author.site.make(slow))["id"])


def too_small(run: RunParts) -> list[str]:
    """What is pressed by a thumb and can't be; what is in the flow of a text, and values, are left out."""
    pressed: Locator = run.page.locator(
        ".run :is(button, select, input:not([type=checkbox], [type=radio]), [role=treeitem], [role=tab])"
        ":not([tabindex='-1']:not([role=tab], [role=treeitem])):visible"
    )
    found = []
    for element in pressed.all():
        if element.evaluate(
            "(element) => getComputedStyle(element).display === 'inline' || !!element.closest('.tree')"
        ):
            continue
        box = element.bounding_box()
        if box and (box["height"] < THUMB or box["width"] < THUMB):
            found.append(f"{box['width']:.0f} x {box['height']:.0f}: {element.evaluate('(e) => e.outerHTML')[:140]}")
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_of_a_run_fits_a_phone(author: Author, mixed: str, theme: str) -> None:
    run = on_phone(author, mixed, theme=theme)
    expect(run.page.get_by_role("application")).to_have_count(0)
    run.unfold("check")
    expect(run.list.get_by_role("treeitem")).to_have_count(4)
    found: list[Any] = []

    def look(where: str) -> None:
        run.expect_no_sideways_scroll()
        found.extend((where, one) for one in [*run.violations(), *too_small(run)])

    look("tasks")
    run.row("check").tap()
    expect(run.panel.get_by_role("region", name="Error")).to_contain_text("Seven rows are missing")
    look("panel")
    for tab in ("Inputs", "Attempts", "Log"):
        run.panel.get_by_role("tab", name=tab, exact=True).tap()
        expect(run.panel.get_by_role("tabpanel", name=tab)).to_be_visible()
        look(tab)
    role = run.page.get_by_role
    for tab, there in (("Chart", role("slider")), ("Log", role("searchbox")), ("Events", role("table"))):
        run.open_tab(tab)
        expect(there.first).to_be_visible(timeout=PATIENCE_MS)
        look(f"tab {tab}")
    assert found == []


def test_a_run_is_watched_and_cancelled_by_thumb(author: Author, tmp_path: Path) -> None:
    run_id = slow_run(author, tmp_path / "gate")
    run = on_phone(author, run_id)
    expect(run.row("long")).to_contain_text("In progress", timeout=PATIENCE_MS)
    run.row("long").tap()
    expect(run.list).to_have_count(0)
    run.panel.get_by_role("button", name="Cancel", exact=True).tap()
    dialog = run.page.locator("dialog[open]")
    for button in dialog.get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= THUMB
    run.expect_no_sideways_scroll()
    dialog.get_by_label(re.compile("Reason")).fill("Enough seen")
    dialog.get_by_role("button", name="Cancel the task").tap()
    expect(run.panel).to_contain_text("Enough seen", timeout=PATIENCE_MS)
    run.page.get_by_role("button", name="All tasks").tap()
    expect(run.row("long")).to_contain_text("Cancelled", timeout=PATIENCE_MS)
    run.expect_status("Cancelled|Failed")


def test_a_finger_that_scrolls_the_list_opens_nothing(author: Author, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    run = on_phone(author, slow_run(author, gate, tasks=40))
    expect(run.list).to_be_visible()
    run.row("long").dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    run.row("long").dispatch_event("pointercancel", {"pointerType": "touch", "bubbles": True})
    expect(run.list.locator("[aria-selected=true]")).to_have_count(0)
    expect(run.list).to_be_visible()


def test_the_address_of_a_task_opens_it_and_the_way_back_leads_to_the_list(author: Author, mixed: str) -> None:
    run = on_phone(author, mixed, "task=load")
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("load", timeout=PATIENCE_MS)
    run.panel.get_by_role("button", name="check").first.tap()
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("check")
    run.page.get_by_role("button", name="All tasks").tap()
    expect(run.list).to_be_focused()
    run.page.get_by_role("list", name="What failed").get_by_role("button", name="check").tap()
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("check")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_run_is_looked_at_by_keyboard_alone(author: Author, mixed: str, width: int) -> None:
    run = RunParts(author.context(width, 844).new_page(), mixed).ready()
    expect(run.list).to_be_visible()
    keyboard = run.page.keyboard
    for _ in range(60):
        keyboard.press("Tab")
        if run.list.evaluate("(element) => element.matches(':focus')"):
            break
    expect(run.list).to_be_focused()
    keyboard.press("End")
    keyboard.press("Home")
    expect(run.row("check")).to_have_attribute("aria-selected", "true")
    keyboard.press("Enter")
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("check", timeout=PATIENCE_MS)
    for _ in range(30):
        keyboard.press("Tab")
        if run.panel.get_by_role("tab", selected=True).evaluate("(element) => element.matches(':focus')"):
            break
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    expect(run.panel.get_by_role("tab", name="Result")).to_be_focused()
    expect(run.panel.get_by_role("tabpanel", name="Result")).to_be_visible()
    if width == 390:
        keyboard.press("Escape")
        expect(run.list).to_be_focused()
        keyboard.press("ArrowRight")
        keyboard.press("ArrowDown")
        expect(run.row("load")).to_have_attribute("aria-selected", "true")
        expect(run.list).to_be_visible()
    keyboard.press("Alt+2")
    expect(run.page.get_by_role("searchbox").last).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_screen_reader_hears_how_far_it_is_now_and_then(author: Author, tmp_path: Path, width: int) -> None:
    gate = tmp_path / "gate"
    run = RunParts(author.context(width, 844).new_page(), slow_run(author, gate, tasks=30)).ready()
    expect(run.heard.first).to_have_attribute("aria-live", "polite")
    told = run.page.locator("p.for-readers[aria-live]").filter(has_text="of 30 done")
    expect(told).to_contain_text("0 of 30 done", timeout=PATIENCE_MS)
    run.page.evaluate(
        """() => {
          window.said = [];
          for (const region of document.querySelectorAll('p.for-readers[aria-live]')) {
            const note = () => window.said.push(region.textContent);
            new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
          }
        }"""
    )
    gate.touch()
    expect(told).to_contain_text("30 of 30 done", timeout=PATIENCE_MS)
    said = [text for text in run.page.evaluate("() => window.said") if "done" in text]
    # 30 tasks ended, and that is at most a few sentences.
    assert 1 <= len(said) <= 10
    assert "Completed" in said[-1]


def test_a_screen_reader_hears_what_failed(author: Author, mixed: str) -> None:
    run = on_phone(author, mixed)
    told = run.page.locator("p.for-readers[aria-live]")
    expect(told.filter(has_text="4 of 4 done, 1 failed: check")).to_have_count(1, timeout=PATIENCE_MS)
    run.unfold("check")
    row = run.row("load")
    expect(row).to_have_attribute("aria-level", "2")
    expect(row).to_contain_text("Blocked")
