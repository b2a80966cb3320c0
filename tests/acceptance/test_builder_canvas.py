"""The canvas of the builder: looking around, large trees, and what nobody sees: speed, policy, accessibility."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import by_name, document, layered, task
from tests.acceptance.support.frame_times import print_opening, recorded
from tests.acceptance.support.looks import grave

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")
MIXED = (
    task("Load orders", priority=0),
    task("Load customers", priority=1),
    task("Clean", executor=None),
    task("Drop doubles", "Load orders", "Load customers?", parent_id="Clean"),
    task("Fill gaps", "Drop doubles", parent_id="Clean", pinned={"result": [1, 2]}),
    task("Report", "Clean", priority=3),
    task("Tell people", "Report?", enabled=False),
    task("Archive", "Report", executor="sleep", inputs={"seconds": 1}),
)


# --- looking around ---------------------------------------------------------------------------------------------------


def test_the_first_view_shows_everything_and_changes_nothing(author: Author) -> None:
    builder = author.open(document("Opened", *MIXED))
    builder.expect_cards(*(one["name"] for one in MIXED))
    for one in MIXED:
        expect(builder.card(one["name"])).to_be_in_viewport(ratio=1)
    expect(builder.unsaved).to_have_count(0)
    assert not any(one.get("position") for one in by_name(author.site.saved(builder.tree_id)).values())


def test_places_stay_what_they_are_once_somebody_has_moved_one(author: Author) -> None:
    builder = author.open(document("Kept", *MIXED))
    builder.drag_card("Report", (80, 0))
    builder.save()
    before = _places(builder)
    builder.page.reload()
    builder.ready().expect_cards(*(one["name"] for one in MIXED))
    builder.show_everything()
    after = _places(builder)
    (x, y), (u, v) = before["Report"], after["Report"]
    shifts = {(round(after[name][0] - before[name][0]), round(after[name][1] - before[name][1])) for name in before}
    assert shifts == {(round(u - x), round(v - y))}


def _places(builder: Builder) -> dict[str, tuple[float, float]]:
    return {one["name"]: builder.card_corner(one["name"]) for one in MIXED}


def test_zoom_fit_and_pan_by_mouse(author: Author) -> None:
    builder = author.open(document("Moved", *MIXED))
    view = builder.page.get_by_role("group", name="View")
    view.get_by_role("button", name="Zoom in").click()
    assert builder.zoom() > 1
    view.get_by_role("button", name="Zoom out").click()
    view.get_by_role("button", name="Zoom out").click()
    assert builder.zoom() < 1
    view.get_by_role("button", name="%").click()
    assert builder.zoom() == 1
    x, y = builder.card_corner("Report")
    builder.page.mouse.move(*builder.free_place(0.5, 0.05))
    builder.page.mouse.wheel(40, 60)
    expect(builder.card("Report")).to_be_visible()
    assert builder.card_corner("Report") == (x - 40, y - 60)
    builder.page.mouse.down(button="middle")
    left, top = builder.free_place(0.5, 0.05)
    builder.page.mouse.move(left + 100, top + 80, steps=4)
    builder.page.mouse.up(button="middle")
    assert builder.card_corner("Report") == (x + 60, y + 20)
    expect(builder.unsaved).to_have_count(0)


def test_zoom_fit_and_pan_by_keyboard(author: Author) -> None:
    builder = author.open(document("Moved", *MIXED))
    builder.walk_to("Report")
    builder.press("Escape", "+")
    assert builder.zoom() > 1
    builder.press("-", "-")
    assert builder.zoom() < 1
    builder.press("0")
    assert builder.zoom() == 1
    builder.press("1")
    for one in MIXED:
        expect(builder.card(one["name"])).to_be_in_viewport(ratio=1)
    # Walking takes the view along.
    for _ in range(3):
        builder.press("+")
    builder.press("ArrowUp", "ArrowUp", "ArrowUp")
    expect(builder.canvas.locator(":focus")).to_be_in_viewport(ratio=1)


def test_the_minimap_leads_to_what_is_pressed(author: Author) -> None:
    builder = author.open(layered("Large", 120))
    minimap = builder.page.locator(".minimap")
    builder.show_everything()
    expect(minimap).to_be_hidden()  # it would only cover cards
    for _ in range(6):
        builder.page.get_by_role("group", name="View").get_by_role("button", name="Zoom in").click()
    expect(minimap).to_be_visible()
    shown = minimap.locator(".window")
    before = shown.get_attribute("style") or ""
    minimap.click(position={"x": 20, "y": 20})
    expect(shown).not_to_have_attribute("style", before)


# --- large trees ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [800, 5000])
def test_a_large_tree_is_edited_like_a_small_one(author: Author, count: int) -> None:
    builder = author.open(layered(f"Tree of {count}", count, width=40))
    print_opening(builder, f"{count} tasks")
    expect(builder.page.get_by_text("No problems").first).to_be_visible(timeout=60_000)
    times = recorded(builder, f"{count} tasks")
    # Generous: a tree that is painted whole for each frame, or lives in the page, is many times slower than this.
    assert times.median_of_all < 20 * times.median_of_nothing
    builder.go_to_outline("t0")
    builder.press("End")
    assert builder.active_row() == f"t{count - 1}"
    builder.press("0", "Shift+N")
    builder.pick("Echo")
    saved = by_name(builder.save())
    assert saved[f"t{count - 1}"]["priority"] == 0
    assert len(saved) == count + 1
    assert saved["Echo"]["dependencies"] == [{"id": f"t{count - 1}", "required": True}]


# --- what nobody sees -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark")])
def test_nothing_is_in_the_way_of_anybody(author: Author, theme: str, width: int) -> None:
    """axe finds nothing serious with this tree open; panels and dialogs are looked at in `test_builder_look.py`."""
    builder = author.open(document("Accessible", *MIXED), width=width, theme=theme)
    found = _violations(builder, "closed")
    builder.select("Fill gaps")
    expect(builder.inspector.get_by_label("Name", exact=True)).to_be_visible()
    found += _violations(builder, "inspector")
    builder.press("n")
    expect(builder.palette.get_by_role("combobox")).to_be_focused()
    found += _violations(builder, "palette")
    builder.press("Escape")
    builder.walk_to("Report")
    builder.press("Shift+F10")
    found += _violations(builder, "menu")
    assert found == []


def _violations(builder: Builder, where: str) -> list[tuple[str, str, list[str]]]:
    return [(where, *found) for found in grave(builder.page)]


@pytest.mark.skipif(not PICTURES, reason="APFLOW_SCREENSHOTS is not set")
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark")])
def test_pictures(author: Author, theme: str, width: int) -> None:
    """Screenshots for people to look at."""
    trees = {
        8: document("Nightly report", *MIXED),
        30: layered("Thirty", 30, 6),
        300: layered("Three hundred", 300, 20),
    }
    for count, tree in trees.items():
        builder = author.open(tree, width=width, theme=theme)
        expect(builder.page.get_by_text("No problems").first).to_be_visible(timeout=30_000)
        if count == 8:
            builder.select(tree["tasks"][3]["name"])
            expect(builder.inspector.get_by_label("Name", exact=True)).to_be_visible()
        builder.page.screenshot(path=f"{PICTURES}/builder-{count}-{width}-{theme}.png")
