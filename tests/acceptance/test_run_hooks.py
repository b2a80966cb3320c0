"""Hooks of a run and of its tasks in a real browser: how long each took, what was slow, what failed; live and later."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_api import ask
from tests.acceptance.support.builder_site import HOOKS, Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import LOOKS
from tests.acceptance.support.run_parts import PATIENCE_MS, RunParts
from tests.acceptance.test_run_phone import PHONE, too_small

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")
#: What is slow here takes 1.5 s, and 2 s at the end of the run.
SLOW_SECONDS = 1.0
CALLED = (
    ("Greet", "on_tree_started", "greet"),
    ("Book a slot", "on_tree_started", "book"),
    ("Free the slot", "on_tree_failed", "free"),
    ("Check the inputs", "pre", "check"),
    ("Tell the CRM", "post", "tell"),
)
TOOK = re.compile(r"\d+ (ms|s)|\d\.\d s")


@pytest.fixture(scope="module")
def hooked(builder_site: BuilderSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tree with hooks, which fails once its gate is open; the gate is in the name of the tree's folder."""
    gate = tmp_path_factory.mktemp("hooks") / "gate"
    tree = document(
        "Hooked",
        task("load", executor="play", inputs={"gate": str(gate)}),
        task("check", "load", executor="fail", inputs={"message": "Seven rows are missing"}),
    )
    pk = builder_site.make(tree)
    made = []
    for name, event, function in CALLED:
        values = {"name": name, "event": event, "target": f"{HOOKS}:{function}", "slow_seconds": SLOW_SECONDS}
        made.append(ask(builder_site, "POST", "/hooks", values | {"trees": [pk]})["id"])
    wait_until_followed(builder_site, pk, gate)
    yield f"{pk} {gate}"
    for hook in made:
        ask(builder_site, "DELETE", f"/hooks/{hook}")


def wait_until_followed(site: BuilderSite, tree: str, gate: Path) -> None:
    """Run the tree until the worker calls what it is to call; workers follow within two seconds."""
    gate.touch()
    deadline = time.monotonic() + 30
    while True:
        run = str(site.client.start(tree)["id"])
        for _ in site.client.follow(run):
            pass
        if ask(site, "GET", f"/runs/{run}")["hooks"]:
            gate.unlink()
            return
        assert time.monotonic() < deadline, "the worker does not follow"


def call(panel: Locator, hook: str) -> Locator:
    """The line of a call."""
    return panel.locator(".call").filter(has_text=hook)


def expect_call(line: Locator, event: str, *marks: str) -> None:
    """A call says its event, how long it took, and what is to be marked."""
    expect(line.locator("code")).to_have_text(event, timeout=PATIENCE_MS)
    expect(line.locator(".line .soft")).to_have_text(TOOK)
    expect(line.locator(".badge")).to_have_text(list(marks))


def expect_all(run: RunParts) -> None:
    """All three calls for the run are told, as they were."""
    expect(run.panel.get_by_role("heading", name="Hooks of the run")).to_be_visible(timeout=PATIENCE_MS)
    expect(run.panel.locator(".call")).to_have_count(3, timeout=PATIENCE_MS)
    expect_call(call(run.panel, "Greet"), "on_tree_started")
    expect_call(call(run.panel, "Book a slot"), "on_tree_started", "slow")
    expect_call(call(run.panel, "Free the slot"), "on_tree_failed", "slow", "failed")
    expect(call(run.panel, "Free the slot")).to_contain_text("There is no such slot <b>any more</b>")


def picture(run: RunParts, name: str) -> None:
    """Keep what it looks like, when that is wanted."""
    if PICTURES:
        run.page.screenshot(path=f"{PICTURES}/{name}.png")


def test_hooks_of_a_run_and_of_its_tasks_are_told_live_and_later(author: Author, hooked: str) -> None:
    tree, gate = hooked.split(" ", 1)
    run = RunParts(author.context().new_page(), str(author.site.client.start(tree)["id"])).ready()
    sign = run.head.locator("[data-hooks]")
    expect(sign).to_have_text(re.compile(r"^\s*1 slow hook\s*$"), timeout=PATIENCE_MS)
    expect(run.panel.locator(".call")).to_have_count(2)
    Path(gate).touch()
    run.expect_status("Failed")
    # The hook of the end comes back when the stream has ended.
    expect(sign).to_have_text(re.compile(r"^\s*1 hook failed, 1 slow hook\s*$"), timeout=PATIENCE_MS)
    run.look_at("load", "Attempts")
    expect_call(call(run.panel, "Check the inputs"), "pre", "slow")
    expect(call(run.panel, "Check the inputs")).to_contain_text("changed checked")
    expect_call(call(run.panel, "Tell the CRM"), "post", "failed")
    sign.click()
    expect_all(run)
    expect(run.panel.get_by_role("heading", name="Hooks of the run")).to_be_focused()
    run.open_tab("Events")
    expect(run.page.get_by_role("row").filter(has_text="Free the slot").locator(".badge")).to_have_text(
        ["slow", "failed"]
    )
    assert run.violations() == []
    picture(run, "run-hooks-live")

    run.page.reload()
    run.ready()
    expect(sign).to_have_text(re.compile(r"^\s*1 hook failed, 1 slow hook\s*$"), timeout=PATIENCE_MS)
    sign.click()
    expect_all(run)
    run.look_at("load", "Attempts")
    expect_call(call(run.panel, "Check the inputs"), "pre", "slow")
    # As it was at its beginning, nothing had been called.
    run.open_tab("Chart")
    run.page.get_by_role("slider", name="The moment that is shown").press("Home")
    expect(sign).to_have_count(0)
    Path(gate).unlink()


@pytest.fixture
def ended(author: Author, hooked: str) -> str:
    """A run whose hooks have all come back."""
    tree, gate = hooked.split(" ", 1)
    Path(gate).touch()
    run = str(author.site.client.start(tree)["id"])
    for _ in author.site.client.follow(run):
        pass
    Path(gate).unlink()
    deadline = time.monotonic() + 30
    while len(ask(author.site, "GET", f"/runs/{run}")["hooks"]) < len(CALLED) - 2:
        assert time.monotonic() < deadline, "a hook did not come back"
    return run


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_head_leads_to_the_hooks(author: Author, ended: str, theme: Any) -> None:
    run = RunParts(author.context(theme=theme, **PHONE).new_page(), ended).ready()
    run.head.locator("[data-hooks]").tap()
    expect_all(run)
    run.expect_no_sideways_scroll()
    assert [*run.violations(), *too_small(run)] == []
    picture(run, f"run-hooks-phone-{theme}")
    run.page.get_by_role("button", name="All tasks").tap()
    run.row("load").tap()
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("load", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_plain_page_tells_the_same_without_scripts(author: Author, ended: str, width: int, theme: Any) -> None:
    page = author.context(width, 900, theme=theme, java_script_enabled=False).new_page()
    page.goto(f"/runs/{ended}/")
    head = page.locator(".head-status")
    expect(head.get_by_role("link", name="1 hook failed")).to_have_attribute("href", "#hooks")
    expect(head.get_by_role("link", name="1 slow hook")).to_be_visible()
    told = page.get_by_role("region", name="Hooks of the run").get_by_role("listitem")
    expect(told).to_have_count(3)
    expect(told.nth(0)).to_have_text(re.compile(r"on_tree_started Greet \d+ ms"))
    expect(told.nth(1).locator(".tag")).to_have_text(["slow"])
    expect(told.nth(2).locator(".tag")).to_have_text(["slow", "failed"])
    expect(told.nth(2)).to_contain_text("There is no such slot <b>any more</b>")
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/run-hooks-plain-{width}-{theme}.png")
