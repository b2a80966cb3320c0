"""How the builder looks: light and dark, wide and narrow, for everybody, and how much of it is fetched at first."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Response, expect

from tests.acceptance.support.builder_api import draft, run_once, save
from tests.acceptance.support.builder_keys import json_editor, tab_to
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, layered, task
from tests.acceptance.support.looks import grave

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")
#: What may be fetched of script until the canvas can be used, compressed.
FIRST_LOAD_BYTES = 120_000


def picture(builder: Builder, name: str) -> None:
    """Keep a screenshot, if they are wanted."""
    if PICTURES:
        builder.page.screenshot(path=f"{PICTURES}/{name}.png")


def check(builder: Builder, name: str) -> None:
    """Look for what axe finds serious or critical, and for anything that is wider than the window."""
    picture(builder, name)
    assert grave(builder.page) == []
    wide = builder.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"


@pytest.fixture(scope="module")
def tree(builder_site: BuilderSite) -> str:
    """A tree with everything that is shown: problems, a pin, notes, a group, parameters, versions and a run."""
    whole = document(
        "Weather report",
        {"id": "fetch", "name": "Fetch", "executor": None},
        task("stations", parent_id="fetch", priority=0),
        task("maps", parent_id="fetch", notes="Large"),
        task("join", "stations", "maps?", inputs={"text": "{{ tasks.stations.result.value }}"}),
        task("publish", "join", priority=3, pinned={"result": {"done": True}}),
    )
    whole["tree"]["parameters"] = {"type": "object", "properties": {"city": {"type": "string", "title": "City"}}}
    tree = builder_site.make(whole)
    run_once(builder_site, tree)
    ask = task("ask", "join", executor="survey", inputs={"topic": "x", "rows": [{"name": "n"}], "side": {"name": "s"}})
    save(builder_site, tree, {**whole, "tasks": [*whole["tasks"], ask]}, "Asks for more")
    return tree


def looks(tree: str) -> dict[str, Callable[[Builder], None]]:
    """Everything that can be open, by name."""

    def opened(*keys: str) -> Callable[[Builder], None]:
        def open_(builder: Builder) -> None:
            builder.press(*keys)
            expect(builder.dialog).to_be_visible()

        return open_

    def tab(panel: str) -> Callable[[Builder], None]:
        return lambda builder: builder.page.get_by_role("tab", name=panel).first.click()

    def inspected(name: str, inspector_tab: str) -> Callable[[Builder], None]:
        def open_(builder: Builder) -> None:
            builder.row(name).click()
            builder.inspector.get_by_role("tab", name=inspector_tab).click()

        return open_

    def picked(builder: Builder) -> None:
        builder.row("join").click()
        builder.inspector.get_by_role("button", name="Pick a result for Value of text").click()
        expect(builder.dialog.get_by_role("tree")).to_be_visible()

    def pinned(builder: Builder) -> None:
        builder.row("stations").click()
        builder.press("p")
        expect(json_editor(builder.page, "Pinned result")).to_be_visible()

    def compared(builder: Builder) -> None:
        builder.press("Control+h")
        builder.dialog.get_by_role("button", name="Compare").last.click()
        expect(builder.page.get_by_role("button", name="End the comparison")).to_be_visible()

    def text(builder: Builder) -> None:
        builder.press("Control+j")
        expect(json_editor(builder.page, "The tree as JSON")).to_be_visible()

    return {
        "page": lambda builder: expect(builder.page.get_by_role("button", name="1 problem")).to_be_visible(),
        "panel-add": tab("Add"),
        "panel-order": tab("Order"),
        "panel-problems": tab("Problems"),
        "task-inputs": inspected("ask", "Inputs"),
        "task-waits": inspected("join", "Waits for"),
        "task-more": inspected("publish", "More"),
        "run": opened("Control+Enter"),
        "message": opened("Control+Shift+s"),
        "versions": opened("Control+h"),
        "comparing": compared,
        "json": text,
        "keys": opened("?"),
        "commands": opened("Control+k"),
        "pick": picked,
        "pin": pinned,
    }


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark")])
def test_everything_is_for_everybody(author: Author, tree: str, theme: str, width: int) -> None:
    context = author.context(width, 900, theme)
    for name, open_ in looks(tree).items():
        builder = author.open(tree, in_=context)
        open_(builder)
        check(builder, f"builder-{name}-{width}-{theme}")
        builder.page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_new_tree_a_run_and_a_conflict(author: Author, builder_site: BuilderSite, theme: str) -> None:
    author.expected = ("409",)
    context = author.context(1440, 900, theme)
    new = author.open(in_=context)
    check(new, f"builder-gallery-1440-{theme}")
    new.page.close()
    fails = document("Fails", task("a"), task("b", "a", executor="fail", inputs={"message": "no disk"}), task("c", "b"))
    builder = author.open(builder_site.make(fails), in_=context)
    builder.press("Control+Enter")
    builder.dialog.get_by_role("button", name="Run", exact=True).click()
    expect(builder.page.get_by_role("alert").filter(has_text="no disk")).to_be_visible()
    builder.select("b")
    check(builder, f"builder-run-failed-1440-{theme}")
    builder.page.get_by_role("button", name="Back to drawing").click()
    theirs = builder_site.saved(builder.tree_id)
    theirs["tasks"][0]["priority"] = 0
    save(builder_site, builder.tree_id, theirs)
    builder.select("a")
    builder.press("3", "Control+s")
    expect(builder.dialog).to_contain_text("Both have changed a")
    check(builder, f"builder-conflicts-1440-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_narrow_window_is_for_looking(author: Author, builder_site: BuilderSite, tree: str, theme: str) -> None:
    builder = _narrow(author, builder_site, tree, theme)
    expect(builder.page.get_by_text("Drawing needs a wider window")).to_be_visible()
    expect(builder.canvas).to_have_count(0)
    builder.row("join").click()
    expect(builder.inspector.get_by_label("Name", exact=True)).to_have_value("join")
    check(builder, f"builder-narrow-390-{theme}")
    builder.page.get_by_role("button", name="Run", exact=True).click()
    check(builder, f"builder-narrow-run-390-{theme}")
    builder.press("Escape")
    before = by_name(builder_site.saved(tree))["maps"].get("enabled", True)
    tab_to(builder.outline)
    builder.press("Home", "ArrowDown", "ArrowDown", "d")
    assert by_name(builder.save())["maps"].get("enabled", True) is not before
    builder.page.set_viewport_size({"width": 1200, "height": 800})
    expect(builder.canvas).to_be_visible()
    expect(builder.card("join")).to_be_visible()


def _narrow(author: Author, site: BuilderSite, tree: str, theme: str) -> Builder:
    """A tree in a telephone's window, where no canvas is waited for."""
    page = author.context(390, 800, theme).new_page()
    page.goto(f"/trees/{tree}/edit/")
    builder = Builder(page, site, tree)
    expect(builder.outline).to_be_visible()
    return builder


def test_the_first_load_is_small(author: Author, tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = author.context().new_page()
    scripts: list[Response] = []
    page.on("response", lambda response: scripts.append(response) if response.url.endswith(".js") else None)
    page.goto(f"/trees/{tree}/edit/")
    builder = Builder(page, author.site, tree).ready()
    expect(builder.card("join")).to_be_visible()
    sizes = {one.url.rsplit("/", 1)[-1]: len(gzip.compress(one.body())) for one in list(scripts)}
    builder.select("join")
    builder.expect_selected("join")
    with capsys.disabled():
        print(f"\nfirst load: {sum(sizes.values())} bytes of script, gzip, in {len(sizes)} files")  # noqa: T201 - a figure
    assert "builder.js" in sizes
    assert sum(sizes.values()) < FIRST_LOAD_BYTES


def test_a_draft_of_a_hostile_tree_is_only_text(author: Author, builder_site: BuilderSite) -> None:
    hostile = "<img src=x onerror=alert(1)>{{ 7*7 }}"
    one: dict[str, Any] = {**task("a"), "name": hostile, "notes": hostile, "inputs": {hostile: hostile}}
    builder = author.open(draft(builder_site, document(hostile, one)))
    expect(builder.row(hostile)).to_be_visible()
    builder.row(hostile).click()
    expect(builder.inspector.get_by_label("Name", exact=True)).to_have_value(hostile)
    assert builder.page.locator("main img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("count", "width"), [(8, 3), (30, 5), (300, 20)])
def test_trees_of_every_size_are_drawn(
    author: Author, builder_site: BuilderSite, count: int, width: int, theme: str
) -> None:
    tree = builder_site.make(layered(f"{count} tasks", count, width))
    builder = author.open(tree, width=1280, height=760, theme=theme)
    builder.row("t6").click()
    expect(builder.inspector.get_by_role("group", name="Inputs of t6")).to_be_visible()
    builder.do("Show everything")
    expect(builder.dialog).to_have_count(0)
    picture(builder, f"builder-{count}-{theme}")
    expect(builder.outline.locator("[aria-selected=true]")).to_have_count(1)
