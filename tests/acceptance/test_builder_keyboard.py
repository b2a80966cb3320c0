"""The canvas by keyboard alone: everything that the mouse can do, and where the keyboard stands afterwards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import (
    by_name,
    document,
    edges_of,
    optional_edges_of,
    overlapping,
    parents_of,
    task,
)

pytestmark = pytest.mark.browser

CHAIN = (task("a"), task("b", "a"), task("c", "b"))
DIAMOND = (task("top"), task("left", "top"), task("right", "top"), task("end", "left", "right"))


def test_a_tree_is_made_from_nothing(author: Author) -> None:
    builder = author.open()
    builder.press("Escape")
    expect(builder.dialog).to_have_count(0)
    builder.press("n")
    builder.pick("Echo")
    expect(builder.card("Echo")).to_be_focused()
    builder.press("Shift+N")
    builder.pick("Sleep")
    expect(builder.card("Sleep")).to_be_focused()
    builder.press("n")
    builder.pick("Empty group")
    expect(builder.card("Group")).to_be_focused()
    saved = builder.save()
    assert edges_of(saved) == {("Echo", "Sleep")}
    assert set(by_name(saved)) == {"Echo", "Sleep", "Group"}
    assert overlapping(saved) == []


def test_what_follows_a_task_stands_below_it_in_its_group(author: Author) -> None:
    builder = author.open(document("Inside", task("g", executor=None), task("in", parent_id="g")))
    builder.walk_to("in")
    for name in ("Echo", "Echo 2"):
        builder.walk_to("in")
        builder.press("Shift+N")
        builder.pick("Echo")
        expect(builder.card(name)).to_be_focused()
    saved = builder.save()
    assert parents_of(saved) == {"g": None, "in": "g", "Echo": "g", "Echo 2": "g"}
    assert overlapping(saved) == []


def test_the_palette_gives_the_keyboard_back(author: Author) -> None:
    builder = author.open(document("Back", *CHAIN))
    builder.walk_to("b")
    builder.press("n")
    expect(builder.palette.get_by_role("combobox")).to_be_focused()
    builder.press("Escape")
    expect(builder.card("b")).to_be_focused()
    expect(builder.unsaved).to_have_count(0)


def test_what_was_used_last_is_first_in_the_palette(author: Author) -> None:
    builder = author.open(document("Recent", task("a")))
    builder.press("n")
    builder.pick("Sleep")
    builder.press("n")
    expect(builder.palette.get_by_role("option", selected=True)).to_contain_text("Sleep")
    # Its documentation and an example stand beside it.
    expect(builder.palette).to_contain_text("Example")
    builder.press("Enter")
    expect(builder.card("Sleep 2")).to_be_focused()


def test_arrows_walk_and_enter_opens(author: Author) -> None:
    builder = author.open(document("Walked", *DIAMOND))
    builder.walk_to("top")
    for key, name in (
        ("ArrowDown", "left"),
        ("ArrowRight", "right"),
        ("ArrowDown", "end"),
        ("ArrowUp", "left"),
    ):
        builder.press(key)
        expect(builder.card(name)).to_be_focused()
        builder.expect_selected(name)
    builder.press("Enter")
    expect(builder.inspector.get_by_label("Name", exact=True)).to_be_focused()
    expect(builder.inspector.get_by_label("Name", exact=True)).to_have_value("left")
    builder.press("Alt+c")
    expect(builder.card("left")).to_be_focused()


def test_o_makes_what_a_task_waits_for_optional_and_required(author: Author) -> None:
    builder = author.open(document("Optional", *DIAMOND))
    builder.walk_to("end")
    builder.press("o")
    assert optional_edges_of(builder.save()) == {("left", "end"), ("right", "end")}
    builder.press("o")
    assert optional_edges_of(builder.save()) == set()


def test_a_dependency_is_added_changed_and_taken_away(author: Author) -> None:
    builder = author.open(document("Joined", task("a"), task("b", "a"), task("c")))
    builder.walk_to("c")
    builder.press("Enter")
    tab = builder.inspector.get_by_role("tab", name="Inputs")
    builder.tab_to(tab)
    builder.press("ArrowRight")
    add = builder.inspector.get_by_label("Also wait for")
    assert set(add.locator("option").all_inner_texts()) == {"", "a", "b"}
    builder.tab_to(add)
    builder.press("b")
    assert edges_of(builder.save()) == {("a", "b"), ("b", "c")}
    kind = builder.inspector.get_by_label("How b is waited for")
    for _ in range(5):
        builder.press("Shift+Tab")
        if kind.evaluate("element => element.matches(':focus')"):
            break
    builder.press("o")
    assert optional_edges_of(builder.save()) == {("b", "c")}
    builder.press("Tab")
    expect(builder.inspector.get_by_role("button", name=re.compile("wait for b"))).to_be_focused()
    builder.press("Enter")
    assert edges_of(builder.save()) == {("a", "b")}


def test_what_would_be_a_cycle_is_not_offered(author: Author) -> None:
    builder = author.open(document("Circle", *CHAIN))
    builder.walk_to("a")
    builder.press("Enter")
    builder.tab_to(builder.inspector.get_by_role("tab", name="Inputs"))
    builder.press("ArrowRight")
    expect(builder.inspector.get_by_label("Also wait for")).to_be_disabled()


@pytest.mark.parametrize(("keys", "edges"), [("Delete", {("c", "d")}), ("Control+Delete", {("a", "c"), ("c", "d")})])
def test_deleting_keeps_the_keyboard_near(author: Author, keys: str, edges: set[tuple[str, str]]) -> None:
    builder = author.open(document("Deleted", *CHAIN, task("d", "c")))
    builder.walk_to("b")
    builder.press(keys)
    builder.expect_cards("a", "c", "d")
    builder.expect_heard("Delete b")
    expect(builder.card("a")).to_be_focused()
    # Nothing is selected, so that a key too many deletes nothing more.
    builder.expect_selected()
    builder.press("Delete")
    assert edges_of(builder.save()) == edges
    builder.press("ArrowDown")
    expect(builder.card("c")).to_be_focused()


def test_deleting_the_last_task_leaves_the_keyboard_on_the_canvas(author: Author) -> None:
    builder = author.open(document("Emptied", task("a")))
    builder.walk_to("a")
    builder.press("Delete")
    expect(builder.canvas).to_be_focused()
    builder.press("n")
    builder.pick("Echo")
    expect(builder.card("Echo")).to_be_focused()


def test_renaming_in_place(author: Author) -> None:
    builder = author.open(document("Renamed", *CHAIN))
    builder.walk_to("b")
    builder.press("F2")
    field = builder.canvas.get_by_role("textbox", name="Name")
    expect(field).to_be_focused()
    builder.type("Best")
    builder.press("Enter")
    expect(builder.card("Best")).to_be_focused()
    builder.press("F2")
    expect(field).to_be_focused()
    builder.type("Worst")
    builder.press("Escape")
    expect(builder.card("Best")).to_be_focused()
    assert set(by_name(builder.save())) == {"a", "Best", "c"}


def test_grouping_collapsing_and_ungrouping(author: Author) -> None:
    builder = author.open(document("Grouped", *CHAIN))
    builder.walk_to("b")
    builder.press("Shift+ArrowLeft")
    builder.expect_selected("a", "b")
    builder.press("Control+g")
    expect(builder.card("Group")).to_be_focused()
    builder.expect_selected("Group")
    assert parents_of(builder.save()) == {"Group": None, "a": "Group", "b": "Group", "c": None}
    builder.press("Space")
    expect(builder.card("Group")).to_have_attribute("aria-expanded", "false")
    expect(builder.card("Group")).to_be_focused()
    builder.expect_cards("Group", "c")
    builder.press("Space")
    builder.expect_cards("Group", "a", "b", "c")
    builder.press("Control+Shift+g")
    builder.expect_cards("a", "b", "c")
    assert parents_of(builder.save()) == {"a": None, "b": None, "c": None}
    builder.expect_selected("a", "b")
    expect(builder.canvas.locator(":focus")).to_have_count(1)


def test_disabling(author: Author) -> None:
    builder = author.open(document("Disabled", *CHAIN))
    builder.walk_to("b")
    builder.press("Shift+ArrowRight", "d")
    saved = by_name(builder.save())
    assert [saved[name].get("enabled", True) for name in "abc"] == [True, False, False]
    builder.press("d")
    saved = by_name(builder.save())
    assert [saved[name].get("enabled", True) for name in "abc"] == [True, True, True]


def test_pinning(author: Author) -> None:
    builder = author.open(document("Pinned", *CHAIN))
    builder.walk_to("b")
    builder.press("p")
    # The plain text box stands in until the editor has come.
    expect(builder.dialog.locator("textarea")).to_have_count(0)
    builder.tab_to(builder.dialog.get_by_role("textbox"))
    builder.press("Control+a")
    builder.type("[1, 2]")
    # Tab leaves the editor.
    builder.tab_to(builder.dialog.get_by_role("button", name="Pin", exact=True))
    builder.press("Enter")
    expect(builder.dialog).to_have_count(0)
    assert by_name(builder.save())["b"]["pinned"] == {"result": [1, 2]}
    expect(builder.card("b")).to_be_focused()
    builder.press("p")
    assert by_name(builder.save())["b"].get("pinned") is None


def test_placing_by_alt_and_arrows(author: Author) -> None:
    placed = [{**one, "position": {"x": 0, "y": 160 * n}} for n, one in enumerate(CHAIN)]
    builder = author.open(document("Placed", *placed))
    builder.walk_to("b")
    builder.press("Alt+ArrowRight", "Alt+ArrowRight", "Alt+ArrowUp")
    assert by_name(builder.save())["b"]["position"] == {"x": 16, "y": 152}
    expect(builder.card("b")).to_be_focused()


def test_selecting_all_and_what_comes_before_and_after(author: Author) -> None:
    builder = author.open(document("Selected", *DIAMOND, task("other")))
    builder.walk_to("left")
    builder.press("Shift+ArrowRight")
    builder.expect_selected("left", "end")
    builder.press("Shift+ArrowLeft")
    builder.expect_selected("top", "left", "right", "end")
    builder.press("Control+a")
    builder.expect_selected("top", "left", "right", "end", "other")
    builder.press("Escape")
    builder.expect_selected()
    expect(builder.canvas.locator(":focus")).to_have_count(1)


def test_tidying_up_is_one_step(author: Author) -> None:
    scattered = [{**one, "position": {"x": 0, "y": 0}} for one in DIAMOND]
    builder = author.open(document("Tidied", *scattered))
    before = builder.bytes()
    builder.press("Shift+Alt+T")
    builder.expect_heard("Tidy up")
    places = {name: one["position"] for name, one in by_name(builder.save()).items()}
    assert places["top"]["y"] < places["left"]["y"] == places["right"]["y"] < places["end"]["y"]
    builder.press("Control+z")
    builder.expect_heard("Undone: Tidy up")
    assert builder.bytes() == before


def test_everything_is_undone_and_done_again_to_the_byte(author: Author) -> None:
    builder = author.open(document("Undone", *CHAIN))
    before = builder.bytes()
    builder.walk_to("b")
    steps = ("o", "d", "0", "Control+d", "Control+g", "Alt+ArrowLeft", "Control+a", "Shift+Alt+T", "Control+Shift+g")
    for key in steps:
        builder.press(key)
        # Each is carried out before the next; laying out takes a moment.
        expect(builder.page.get_by_role("button", name="Undo:")).to_be_enabled()
    builder.press("Control+a", "Delete")
    builder.expect_cards()
    after = builder.bytes()
    undo = builder.page.get_by_role("button", name="Undo")
    for _ in range(len(steps) + 3):
        builder.press("Control+z")
    expect(undo).to_be_disabled()
    assert builder.bytes() == before
    expect(builder.unsaved).to_have_count(0)
    for _ in range(len(steps) + 3):
        builder.press("Control+Shift+Z")
    assert builder.bytes() == after


def test_the_menu_key_opens_what_a_right_click_opens(author: Author) -> None:
    builder = author.open(document("Menu", *CHAIN))
    builder.walk_to("b")
    builder.press("Shift+F10")
    menu = builder.page.get_by_role("menu")
    expect(menu).to_be_visible()
    expect(menu.get_by_role("menuitem", name="Rename")).to_contain_text("F2")
    for _ in range(4):
        builder.press("ArrowDown")
    builder.press("Escape")
    expect(menu).to_have_count(0)
    expect(builder.card("b")).to_be_focused()


def test_the_sheet_of_shortcuts_and_the_command_palette(author: Author) -> None:
    builder = author.open(document("Keys", *CHAIN))
    builder.walk_to("b")
    builder.press("?")
    expect(builder.dialog).to_contain_text("Make dependencies optional or required")
    builder.press("Escape")
    expect(builder.dialog).to_have_count(0)
    expect(builder.card("b")).to_be_focused()
    builder.do("Duplicate")
    expect(builder.dialog).to_have_count(0)
    saved = builder.save()
    assert set(by_name(saved)) == {"a", "b", "b 2", "c"}
    assert overlapping(saved) == []
