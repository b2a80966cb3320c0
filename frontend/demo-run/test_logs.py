"""The log by mouse and keyboard, with a million lines; frame times and memory are printed, not judged."""

# ruff: noqa: S101, T201 - these are tests, and some tell figures

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

MILLION = "lines=1000000"
RECORD = """() => {
  window.frames = []; let last = performance.now();
  const tick = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(tick); });
}"""


def scroller(page: Page) -> Locator:
    return page.locator("[data-key-scope=log]")


def numbers(page: Page) -> list[int]:
    """The numbers of the lines in sight, from those that have one."""
    return page.evaluate(
        """() => { const box = document.querySelector('[data-key-scope=log]').getBoundingClientRect();
        return [...document.querySelectorAll('[data-row]')].filter((row) => { const r = row.getBoundingClientRect();
          return r.bottom > box.top + 1 && r.top < box.bottom - 1; })
          .map((row) => /(?:page|batch) (\\d+)/.exec(row.textContent)?.[1]).filter(Boolean).map(Number); }"""
    )


def is_whole(page: Page) -> None:
    """Wait until what is in sight has been read."""
    page.wait_for_function("() => document.querySelector('[data-row]') && !document.querySelector('.reading')")


def told(frames: list[float], heap: float) -> str:
    """Say how long frames took, sorted, and how large the heap is."""
    return f"frames p95 {frames[int(len(frames) * 0.95)]:.1f} ms, worst {frames[-1]:.1f} ms; heap {heap:.1f} MB"


def said(page: Page, name: str) -> Any:
    return json.loads(page.locator("output").get_attribute(f"data-{name}") or "null")


def test_a_million_lines(open_page: Callable[..., Page]) -> None:
    page = open_page(MILLION)
    is_whole(page)
    assert max(numbers(page)) > 999_990
    box = scroller(page)
    box.press("Home")
    is_whole(page)
    assert min(numbers(page)) < 5
    box.evaluate("(element) => { element.scrollTop = element.scrollHeight / 2; }")
    page.wait_for_timeout(50)
    is_whole(page)
    middle = numbers(page)
    assert 400_000 < middle[0] < 600_000
    assert middle == sorted(middle)

    page.evaluate(RECORD)
    page.mouse.move(600, 400)
    for step in range(150):
        page.mouse.wheel(0, -400 if step % 3 else -1_500)
        page.wait_for_timeout(16)
    frames = sorted(page.evaluate("() => window.frames"))
    heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    is_whole(page)
    assert numbers(page)[0] < middle[0]
    print(f"\n1,000,000 lines: {told(frames, heap)}; {page.locator('[data-row]').count()} rows in the page")
    box.press("End")
    is_whole(page)
    assert max(numbers(page)) > 999_990


def test_a_flood_of_new_lines(open_page: Callable[..., Page]) -> None:
    page = open_page(MILLION)
    is_whole(page)
    page.evaluate(RECORD)
    page.evaluate(
        """() => new Promise((done) => { let turns = 0; const timer = setInterval(() => {
        window.demo.write(500); if (++turns === 60) { clearInterval(timer); done(); } }, 50); })"""
    )
    frames = sorted(page.evaluate("() => window.frames"))
    heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    print(f"\n10,000 new lines/s followed: {told(frames, heap)}")
    assert max(numbers(page)) > 1_029_990


def test_scrolling_up_stops_following(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=5000")
    is_whole(page)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -600)
    button = page.get_by_role("button", name="To the end")
    button.wait_for()
    page.wait_for_function("() => document.querySelector('[data-key-scope=log]').scrollTop > 0")
    page.wait_for_timeout(400)
    before = numbers(page)
    page.evaluate("() => { window.demo.write(3); window.demo.write(4); }")
    page.get_by_role("button", name="7 new lines").wait_for()
    assert numbers(page) == before
    page.get_by_role("button", name="7 new lines").click()
    expect(page.get_by_role("button", name="7 new lines")).to_have_count(0)
    page.wait_for_timeout(100)
    assert max(numbers(page)) >= 5_003
    page.evaluate("() => window.demo.write(100)")
    page.wait_for_timeout(100)
    assert max(numbers(page)) >= 5_100


def test_filters_are_told_and_the_search_is_marked(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=20000")
    is_whole(page)
    expect(scroller(page)).to_have_attribute("role", "log")
    page.get_by_label("Search in the messages").fill("slow ANSWER")
    page.get_by_label("Level", exact=True).select_option("warning")
    page.get_by_label("Task", exact=True).select_option("clean")
    page.wait_for_function("() => document.querySelector('output').dataset.filter.includes('clean')")
    assert said(page, "filter") == {"q": "slow ANSWER", "level": "warning", "task": "clean"}
    page.locator("mark").first.wait_for()
    assert set(page.locator("mark").all_inner_texts()) == {"Slow answer"}
    expect(scroller(page)).to_have_attribute("role", "region")
    assert set(page.locator(".level:not(:empty)").all_inner_texts()) <= {"WARNING"}
    page.get_by_role("button", name="Clear the filters").click()
    expect(scroller(page)).to_have_attribute("role", "log")
    assert said(page, "filter") == {}


def test_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=3000")
    is_whole(page)
    box = scroller(page)
    box.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-line]:focus")).to_have_count(1)
    first = page.evaluate("() => document.activeElement.dataset.line")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("() => document.activeElement.dataset.line")
    assert int(second) > int(first)
    page.keyboard.press("c")
    page.wait_for_function("() => document.querySelector('.marked')")
    assert page.evaluate("() => navigator.clipboard.readText()").endswith(f"?line={second}")
    for _ in range(60):
        page.keyboard.press("ArrowDown")
    focused = page.locator("[data-line]:focus")
    expect(focused).to_be_visible()
    expect(focused).to_be_in_viewport()


def test_a_message_of_many_lines_folds(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=3000")
    is_whole(page)
    scroller(page).press("Home")
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 4_000)
    page.get_by_text("Traceback (most recent call last):").wait_for()
    rows = page.get_by_text("await connection.copy_records")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Fold the message").first.click()
    expect(rows).to_have_count(0)
    page.get_by_role("button", name="5 more lines").click()
    expect(rows).to_have_count(1)


def test_a_named_line_is_shown(open_page: Callable[..., Page]) -> None:
    page = open_page(f"{MILLION}&line={5_000_000 + 3 * 654_321 + (654_321 * 31) % 3}")
    expect(page.locator(".marked")).to_be_in_viewport()
    is_whole(page)
    expect(page.locator(".marked")).to_be_in_viewport()
    assert abs(numbers(page)[0] - 654_321) < 40


def test_what_is_logged_is_text(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=3000&q=onerror")
    page.get_by_text('<img src=x onerror="document.title=1">').first.wait_for()
    assert page.locator(".said img, .said script, .said b").count() == 0
    assert page.title() == "Parts of the run view"
    for link in page.locator(".said a").all():
        assert (link.get_attribute("rel"), link.get_attribute("href", timeout=1)[:4]) == ("noopener noreferrer", "http")


def test_wrapped_rows_are_copied_as_one_line(open_page: Callable[..., Page]) -> None:
    page = open_page("lines=200", width=710)
    is_whole(page)
    scroller(page).press("Home")
    page.get_by_role("button", name="Wrap long lines").click()
    page.locator("[data-row=wrapped]").first.wait_for()
    page.evaluate(
        """() => { const rows = [...document.querySelectorAll('[data-row]')];
        const at = rows.findIndex((row) => row.dataset.row === 'wrapped');
        getSelection().setBaseAndExtent(rows[at - 1], 0, rows[at + 1], rows[at + 1].childNodes.length); }"""
    )
    page.keyboard.press("Control+c")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.splitlines() == [
        "08:00:00.000 CRITICAL Fetch orders Out of memory: the worker is about to be ended",
        "08:00:00.029 INFO Clean <b>rows</b> Fetched page 1 of orders: 500 rows in 37 ms",
    ]
