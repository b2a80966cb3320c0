"""The canvas of a run: what it shows, what it follows, its line to the server, and what it says at the end."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.acceptance.support.builder_api import ask
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import grave
from tests.acceptance.support.run_page import RunPage, started, watch

pytestmark = pytest.mark.browser

#: Where pictures for docs/images go; none are taken without it.
PICTURES = os.environ.get("RUN_PICTURES")
#: The browser's notifications as a test sees them: what was asked, and what was shown.
_NOTIFICATIONS = """
if (location.protocol.startsWith('http')) {
window.asked = 0;
window.shown = [];
window.Notification = class {
  static permission = localStorage.getItem('test:permission') ?? 'default';
  static requestPermission() {
    window.asked += 1;
    localStorage.setItem('test:permission', 'granted');
    return Promise.resolve((window.Notification.permission = 'granted'));
  }
  constructor(title, options) { window.shown.push([title, options.body]); }
};
}
"""
#: A row of tasks as wide as no window is; they run one after the other, each until it is skipped or cancelled.
ROW = document(
    "A long way",
    *(
        task(
            f"t{number}",
            *([f"t{number - 1}?"] if number else []),
            executor="sleep",
            inputs={"seconds": 600},
            position={"x": number * 3000, "y": 0},
        )
        for number in range(3)
    ),
)
MIXED = document(
    "Weather of the week",
    task("stations", executor="sleep", inputs={"seconds": 0.4}),
    task("maps", executor="sleep", inputs={"seconds": 0.7}, priority=1),
    task("measure", "stations", executor="sleep", inputs={"seconds": 0.9}),
    task("fetch rain", "stations", executor="fail", inputs={"times": 1, "message": "The source answered 503"},
         retry={"max_attempts": 3, "base_seconds": 900, "jitter": 0}),
    task("join", "measure", "maps", executor="sleep", inputs={"seconds": 240}),
    task("report", "join", "fetch rain?"),
    task("publish", "report", priority=3),
)  # fmt: skip
BROKEN = document(
    "Sales of the night",
    task("load orders", executor="sleep", inputs={"seconds": 0.5}),
    task("load stock", executor="sleep", inputs={"seconds": 0.8}),
    task("check", "load orders", executor="fail", inputs={"message": "Seven rows are missing", "error_type": "rows"}),
    task("totals", "check", "load stock"),
    task("by region", "totals"),
    task("send", "totals", "by region"),
    task("archive", "load stock", executor="sleep", inputs={"seconds": 1.2}),
)


def check(page: Page, name: str) -> None:
    """Look for what axe finds serious or critical, and for anything that is wider than the window."""
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")
    assert grave(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def runs(run: RunPage, name: str) -> None:
    expect(run.row(name)).to_contain_text("In progress", timeout=30_000)


# --- following --------------------------------------------------------------------------------------------------------


def test_following_goes_with_what_runs_until_the_view_is_moved_and_is_remembered(author: Author) -> None:
    context = author.context()
    run = RunPage(context.new_page(), author.site, started(author.site, ROW))
    runs(run, "t0")
    follow = run.head.get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "false")
    zoom = run.canvas.get_by_role("group", name="View")
    expect(zoom).not_to_contain_text("100 %")
    run.page.keyboard.press("f")
    expect(follow).to_have_attribute("aria-pressed", "true")
    expect(zoom).to_contain_text("100 %")
    expect(run.card("t0")).to_be_in_viewport()
    cancel(run, "t0")
    expect(run.card("t1")).to_be_in_viewport(timeout=30_000)
    run.canvas.hover()
    run.page.mouse.wheel(0, 40)
    expect(follow).to_have_attribute("aria-pressed", "false")
    cancel(run, "t1")
    runs(run, "t2")
    expect(run.card("t2")).not_to_be_in_viewport()
    again = RunPage(context.new_page(), author.site, run.run_id)
    expect(again.head.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    expect(again.card("t2")).to_be_in_viewport()
    author.site.client.cancel(run.run_id)


def cancel(run: RunPage, name: str) -> None:
    """Cancel a task from somewhere else."""
    ask(run.site, "POST", f"/runs/{run.run_id}/tasks/{name}/cancel", {})


def test_a_failure_is_brought_into_view_but_not_under_the_hands_of_somebody(author: Author) -> None:
    far = {"position": {"x": 9000, "y": 0}}
    tree = document(
        "Fails far away",
        task("wait", executor="sleep", inputs={"seconds": 600}),
        task("breaks", "wait?", executor="fail", **far),
    )
    run_id = started(author.site, tree)
    idle, busy = (RunPage(author.context().new_page(), author.site, run_id) for _ in range(2))
    for page in (idle, busy):
        runs(page, "wait")
        page.page.keyboard.press("Tab")
        page.canvas.hover()
    busy.page.mouse.wheel(0, 60)
    busy.page.keyboard.down("Control")
    busy.page.mouse.wheel(0, -1200)
    busy.page.keyboard.up("Control")
    cancel(idle, "wait")
    for page in (idle, busy):
        expect(page.row("breaks")).to_contain_text("Failed", timeout=30_000)
    expect(idle.panel.get_by_role("heading", name="breaks")).to_be_visible()
    expect(busy.panel).to_contain_text("No task is selected")


# --- what is seen -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_that_retries_and_one_that_failed_are_clear_to_everybody(author: Author, theme: str) -> None:
    run_id = started(author.site, MIXED)
    run = RunPage(author.context(1280, 800, theme).new_page(), author.site, run_id)
    runs(run, "join")
    expect(run.card("fetch rain")).to_have_accessible_name(re.compile("Retrying 2/3"))
    expect(run.canvas.locator(".edge.running").first).to_be_attached()
    expect(run.in_chart("join")).to_be_visible()
    check(run.page, f"run-running-{theme}")
    run.row("fetch rain").click()
    expect(run.panel.get_by_role("button", name="Run now")).to_be_visible()
    expect(run.panel).to_contain_text("Attempt 2 of 3 in")
    check(run.page, f"run-retrying-{theme}")
    author.site.client.cancel(run_id)
    failed = RunPage(author.context(1280, 800, theme).new_page(), author.site, started(author.site, BROKEN))
    failed.expect_status("Failed")
    expect(failed.card("check")).to_have_accessible_name(re.compile("First cause"))
    expect(failed.card("totals")).to_have_accessible_name(re.compile("Blocked"))
    assert "First cause" not in (failed.card("totals").get_attribute("aria-label") or "")
    expect(failed.row("check")).to_contain_text("3 did not run")
    expect(failed.list.get_by_role("treeitem").first).to_contain_text("check")
    expect(failed.panel).to_contain_text("Seven rows are missing")
    expect(failed.in_chart("send")).to_be_visible()
    check(failed.page, f"run-failed-{theme}")


def test_what_was_reused_looks_like_it(author: Author) -> None:
    tree = document("Reuses", task("good"), task("bad", "good", executor="fail"))
    first = watch(author, tree)
    first.expect_status("Failed")
    rerun = ask(author.site, "POST", f"/runs/{first.run_id}/rerun", {"scope": "failed"})
    run = RunPage(author.context().new_page(), author.site, str(rerun["id"]))
    expect(run.card("good")).to_have_accessible_name(re.compile("Reused"))
    link = run.head.get_by_role("link", name="Re-run of an earlier one")
    expect(link).to_have_attribute("href", f"/runs/{first.run_id}/live/")


def test_on_a_phone_one_can_watch_and_act(author: Author) -> None:
    run_id = started(author.site, BROKEN)
    page = author.context(390, 844).new_page()
    page.goto(f"/runs/{run_id}/live/")
    rows = page.get_by_role("tree", name="Tasks").get_by_role("treeitem")
    expect(rows.first).to_contain_text("check", timeout=30_000)
    expect(page.locator(".run-head .status-large")).to_have_text(re.compile("Failed"))
    rows.first.click()
    expect(page.get_by_role("complementary", name="The selected task")).to_contain_text("Seven rows are missing")
    check(page, "run-failed-390")


# --- the line and the end ---------------------------------------------------------------------------------------------


def test_the_badge_says_how_fresh_the_picture_is(author: Author) -> None:
    context = author.context()
    page = context.new_page()
    sockets: list[WebSocketRoute] = []
    isOpen = {"now": True}

    def route(socket: WebSocketRoute) -> None:
        if not isOpen["now"]:
            socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket(re.compile("/ws/runs/"), route)
    run = RunPage(page, author.site, started(author.site, ROW))
    runs(run, "t0")
    badge = run.head.locator(".line-state")
    expect(badge).to_contain_text("Live")
    expect(badge).to_contain_text("last event")
    isOpen["now"] = False
    page.route(re.compile(r"/api/v1/runs/.*/(events|poll)"), lambda route: route.abort())
    author.expected = ("WebSocket", "net::ERR_FAILED", "ERR_")
    for socket in sockets:
        socket.close(code=1011)
    expect(badge).to_contain_text("Reconnecting", timeout=30_000)
    expect(badge.get_by_role("button", name="Try again")).to_be_visible()
    isOpen["now"] = True
    page.unroute_all()
    badge.get_by_role("button", name="Try again").click()
    expect(badge).to_contain_text(re.compile("Live|Polling"), timeout=60_000)
    author.site.client.cancel(run.run_id)


def test_the_end_is_told_to_who_has_asked(author: Author) -> None:
    context = author.context()
    context.add_init_script(_NOTIFICATIONS)
    run = RunPage(context.new_page(), author.site, started(author.site, ROW))
    runs(run, "t0")
    expect(run.page).to_have_title(re.compile("▶ In progress: A long way"))
    assert run.page.evaluate("window.asked") == 0, "nobody is asked without having pressed anything"
    run.press("More")
    run.choose("Notify me")
    run.page.wait_for_function("() => window.asked === 1")
    quiet = RunPage(author.context().new_page(), author.site, run.run_id)
    author.site.client.cancel(run.run_id, reason="Enough seen")
    run.expect_status("Cancelled")
    run.page.wait_for_function("() => window.shown.length === 1")
    assert run.page.evaluate("window.shown") == [["Cancelled: A long way", "Enough seen"]]
    expect(run.page).to_have_title(re.compile("⊘ Cancelled: A long way"))
    quiet.expect_status("Cancelled")
    run.page.reload()
    run.expect_status("Cancelled")
    assert run.page.evaluate("[window.asked, window.shown.length]") == [0, 0], "an old end is no news"
    later = RunPage(context.new_page(), author.site, started(author.site, ROW))
    runs(later, "t0")
    author.site.client.cancel(later.run_id)
    later.page.wait_for_function("() => window.shown.length === 1")
    assert later.page.evaluate("window.asked") == 0, "the choice is remembered"


def test_both_pages_of_a_run_lead_to_each_other(author: Author, builder_site: BuilderSite) -> None:
    run = watch(author, BROKEN)
    run.press("More")
    run.choose("Plain page")
    run.page.wait_for_url(f"**/runs/{run.run_id}/")
    run.page.get_by_role("link", name="Watch on the canvas").click()
    run.page.wait_for_url(f"**/runs/{run.run_id}/live/")
    run.page.goto("/runs/")
    run.page.get_by_role("link", name="Sales of the night").first.click()
    run.page.wait_for_url("**/live/")
    plain: Any = author.context(java_script_enabled=False).new_page()
    plain.goto(f"/runs/{run.run_id}/live/")
    plain.wait_for_url(f"**/runs/{run.run_id}/")
