"""The outline: by keyboard alone, everything that the canvas can do, and each thing said aloud."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import (
    Document,
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
GROUPED = (task("first"), task("g", executor=None), task("in", "first", parent_id="g"), task("last", "g"))


def _order(saved: Document) -> list[str]:
    return [one["name"] for one in saved["tasks"]]


def test_walking_selects_on_both_sides(author: Author) -> None:
    builder = author.open(document("Walked", *GROUPED))
    builder.go_to_outline("first")
    builder.press("ArrowDown")
    builder.expect_selected("g")
    builder.press("ArrowLeft")
    expect(builder.row("g")).to_have_attribute("aria-expanded", "false")
    expect(builder.row("in")).to_have_count(0)
    builder.press("ArrowRight")
    expect(builder.row("in")).to_have_attribute("aria-level", "2")
    builder.press("End")
    builder.expect_selected("last")
    builder.press("Shift+ArrowUp")
    builder.expect_selected("in", "last")
    builder.expect_heard("2 selected")
    builder.press("Control+a")
    builder.expect_selected("first", "g", "in", "last")
    builder.press("Escape")
    builder.expect_selected()
    assert builder.active_row() == "in"


def test_letters_that_are_no_command_find_a_name(author: Author) -> None:
    builder = author.open(document("Found", task("first"), task("second"), task("third")))
    builder.go_to_outline("first")
    builder.type("th")
    assert builder.active_row() == "third"
    builder.expect_selected("third")
    assert builder.card("third").is_visible()


def test_adding_after_a_task(author: Author) -> None:
    builder = author.open(document("Added", *CHAIN))
    builder.go_to_outline("b")
    builder.press("Shift+N")
    builder.pick("Echo")
    builder.expect_heard("Add Echo")
    builder.go_to_outline("Echo")
    saved = builder.save()
    assert edges_of(saved) == {("a", "b"), ("b", "c"), ("b", "Echo")}
    assert overlapping(saved) == []


def test_the_outline_has_the_keyboard_back_after_adding_from_it(author: Author) -> None:
    builder = author.open(document("Added", *CHAIN))
    builder.go_to_outline("b")
    builder.press("n")
    builder.pick("Echo")
    expect(builder.outline).to_be_focused()
    assert builder.active_row() == "Echo"


def test_renaming(author: Author) -> None:
    builder = author.open(document("Renamed", *CHAIN))
    builder.go_to_outline("b")
    builder.press("F2")
    expect(builder.outline.get_by_role("textbox", name="Name of b")).to_be_focused()
    builder.press("Control+a")
    builder.type("Best")
    builder.press("Enter")
    builder.expect_heard("Rename b to Best")
    expect(builder.outline).to_be_focused()
    assert builder.active_row() == "Best"
    assert _order(builder.save()) == ["a", "Best", "c"]


def test_deleting_walks_on(author: Author) -> None:
    builder = author.open(document("Deleted", *CHAIN))
    builder.go_to_outline("b")
    builder.press("Control+Delete")
    builder.expect_heard("Delete b and reconnect")
    expect(builder.outline).to_be_focused()
    assert builder.active_row() == "a"
    builder.press("ArrowDown", "Delete")
    builder.expect_heard("Delete c")
    saved = builder.save()
    assert _order(saved) == ["a"]


def test_the_order_and_the_groups_are_changed_by_alt_and_arrows(author: Author) -> None:
    builder = author.open(document("Moved", task("a"), task("b"), task("c")))
    builder.go_to_outline("c")
    builder.press("Alt+ArrowUp")
    builder.expect_heard("Moved c to position 2 of 3 in the top level")
    assert _order(builder.save()) == ["a", "c", "b"]
    builder.press("Alt+ArrowRight")
    builder.expect_heard("Moved c to position 1 of 1 in a")
    saved = builder.save()
    assert parents_of(saved) == {"a": None, "b": None, "c": "a"}
    assert overlapping(saved) == []
    builder.press("Alt+ArrowLeft")
    builder.expect_heard("Moved c to position 2 of 3 in the top level")
    saved = builder.save()
    assert parents_of(saved) == {"a": None, "b": None, "c": None}
    assert overlapping(saved) == []
    builder.press("Control+z", "Control+z", "Control+z")
    assert _order(builder.save()) == ["a", "b", "c"]


def test_a_move_that_may_not_be_is_refused_aloud(author: Author) -> None:
    builder = author.open(document("Refused", task("x"), task("y", "x"), task("z", "y")))
    builder.go_to_outline("y")
    builder.press("Alt+ArrowLeft")
    builder.expect_heard("Cannot move: There is nowhere further to move it")
    expect(builder.unsaved).to_have_count(0)


def test_grouping_disabling_priorities_and_kinds(author: Author) -> None:
    builder = author.open(document("Changed", *CHAIN))
    builder.go_to_outline("b")
    builder.press("o")
    builder.expect_heard("Make a optional for b")
    builder.press("d")
    builder.expect_heard("Change enabled of b")
    builder.press("0")
    builder.expect_heard("Change priority of b")
    builder.press("Shift+ArrowDown", "Control+g")
    builder.expect_heard("Group 2 tasks")
    assert builder.active_row() == "Group"
    saved = builder.save()
    tasks = by_name(saved)
    assert parents_of(saved) == {"a": None, "Group": None, "b": "Group", "c": "Group"}
    assert optional_edges_of(saved) == {("a", "b")}
    assert (tasks["b"]["enabled"], tasks["b"]["priority"]) == (False, 0)
    expect(builder.row("b")).to_contain_text("disabled")
    builder.press("Control+Shift+g")
    builder.expect_heard("Ungroup Group")
    assert parents_of(builder.save()) == {"a": None, "b": None, "c": None}


def test_opening_leads_to_the_fields_and_back(author: Author) -> None:
    builder = author.open(document("Opened", *CHAIN))
    builder.go_to_outline("b")
    builder.press("Enter")
    expect(builder.inspector.get_by_label("Name", exact=True)).to_be_focused()
    builder.press("Control+a")
    builder.type("Second")
    builder.press("Enter")
    builder.press("Alt+1")
    expect(builder.outline).to_be_focused()
    assert builder.active_row() == "Second"


def test_the_menu_of_a_row(author: Author) -> None:
    builder = author.open(document("Menu", *CHAIN))
    builder.go_to_outline("b")
    builder.press("Shift+F10")
    menu = builder.page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Run: Only b")).to_be_visible()
    item = menu.get_by_role("menuitem", name="Duplicate")
    for _ in range(8):
        builder.press("ArrowDown")
        if item.evaluate("element => element.matches(':focus')"):
            break
    builder.press("Enter")
    builder.expect_heard("Duplicate b")
    assert set(by_name(builder.save())) == {"a", "b", "b 2", "c"}


def test_undo_and_redo_are_said(author: Author) -> None:
    builder = author.open(document("Said", *CHAIN))
    before = builder.bytes()
    builder.go_to_outline("b")
    builder.press("Delete")
    builder.expect_heard("Delete b")
    builder.press("Control+z")
    builder.expect_heard("Undone: Delete b")
    builder.expect_cards("a", "b", "c")
    builder.press("Control+Shift+z")
    builder.expect_heard("Done again: Delete b")
    builder.press("Control+z")
    assert builder.bytes() == before


def test_rows_tell_what_they_wait_for_and_what_is_wrong(author: Author) -> None:
    builder = author.open(document("Told", *CHAIN, task("d", "a?", "c", pinned={"result": 1})))
    expect(builder.row("d")).to_contain_text("Waits for a (optional), c")
    expect(builder.row("d")).to_contain_text("Its result is pinned")
    builder.press("n")
    builder.pick("Empty group")
    expect(builder.row("Group")).to_contain_text("1 problem")


def test_rows_are_dragged_with_the_mouse(author: Author) -> None:
    builder = author.open(document("Dragged", task("a"), task("g", executor=None), task("in", parent_id="g")))
    builder.row("a").drag_to(builder.row("g"), target_position={"x": 120, "y": 14})
    builder.expect_heard("Moved a to position 2 of 2 in g")
    assert parents_of(builder.save()) == {"a": "g", "g": None, "in": "g"}
