"""Making and changing a tree with the mouse. What comes of it is read from the stored document."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.acceptance.support.builder_page import Builder
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
GROUPED = (
    task("first", position={"x": 0, "y": 0}),
    task("group", executor=None, position={"x": 0, "y": 160}),
    task("inner", "first", parent_id="group", position={"x": 0, "y": 0}),
    task("last", "group", position={"x": 320, "y": 160}),
)


# --- adding -----------------------------------------------------------------------------------------------------------


def test_a_new_tree_begins_with_the_gallery_and_gets_an_address(author: Author) -> None:
    builder = author.open()
    builder.dialog.get_by_role("button", name="Empty tree").click()
    builder.page.get_by_role("toolbar", name="Tree").get_by_role("button", name="Add a task").click()
    builder.palette.get_by_role("option", name="Echo").first.click()
    expect(builder.card("Echo")).to_be_focused()
    builder.expect_selected("Echo")
    saved = builder.save()
    assert [one["executor"] for one in saved["tasks"]] == ["echo"]
    assert builder.page.url.endswith(f"/trees/{builder.tree_id}/edit/")
    builder.page.reload()
    builder.ready().expect_cards("Echo")


def test_a_pattern_is_a_tree_at_once(author: Author) -> None:
    builder = author.open()
    builder.dialog.get_by_role("button", name="Pipeline").click()
    expect(builder.dialog).to_have_count(0)
    names = builder.outline.get_by_role("treeitem").locator(".name").all_inner_texts()
    builder.expect_cards(*names)
    assert len(names) > 1
    saved = builder.save()
    assert len(edges_of(saved)) == len(names) - 1


def test_tasks_are_added_one_after_the_other_and_never_on_top_of_each_other(author: Author) -> None:
    builder = author.open(document("Adding", task("a")))
    for name in ("Echo", "Echo 2", "Echo 3"):
        builder.page.get_by_role("toolbar", name="Tree").get_by_role("button", name="Add a task").click()
        builder.palette.get_by_role("option", name="Echo").first.click()
        expect(builder.card(name)).to_be_focused()
    saved = builder.save()
    assert set(by_name(saved)) == {"a", "Echo", "Echo 2", "Echo 3"}
    assert overlapping(saved) == []


def test_an_executor_is_dragged_in(author: Author) -> None:
    builder = author.open(document("Dragged", task("a")))
    builder.page.get_by_role("tab", name="Add").click()
    entry = builder.page.get_by_role("tabpanel", name="Add").get_by_role("option", name="Echo")
    entry.drag_to(builder.canvas, target_position={"x": 120, "y": 120})
    expect(builder.card("Echo")).to_be_focused()
    x, y = builder.place_of("Echo")
    left, top = builder.free_place(0, 0)
    # What was dropped has its middle there, up to the grid.
    assert abs(x - left - 120) < 8
    assert abs(y - top - 120) < 8
    assert set(by_name(builder.save())) == {"a", "Echo"}


def test_an_executor_is_dragged_onto_an_edge_and_into_a_group(author: Author) -> None:
    builder = author.open(document("Dragged", *CHAIN, task("g", executor=None), task("in", parent_id="g")))
    builder.page.get_by_role("tab", name="Add").click()
    entry = builder.page.get_by_role("tabpanel", name="Add").get_by_role("option", name="Echo")
    left, top = builder.free_place(0, 0)
    x, y = builder.edge("a", "b")
    entry.drag_to(builder.canvas, target_position={"x": x - left, "y": y - top})
    expect(builder.card("Echo")).to_be_focused()
    builder.show_everything()
    x, y = builder.frame_of("g")
    entry.drag_to(builder.canvas, target_position={"x": x - left, "y": y - top})
    expect(builder.card("Echo 2")).to_be_focused()
    saved = builder.save()
    assert edges_of(saved) == {("a", "Echo"), ("Echo", "b"), ("b", "c")}
    assert parents_of(saved) == dict.fromkeys(("a", "b", "c", "g", "Echo")) | {"in": "g", "Echo 2": "g"}
    assert overlapping(saved) == []


@pytest.mark.parametrize(
    ("side", "edges"), [("output", {("a", "b"), ("b", "Echo")}), ("input", {("a", "b"), ("Echo", "a")})]
)
def test_dragging_from_a_handle_into_empty_space_adds_and_connects(
    author: Author, side: str, edges: set[tuple[str, str]]
) -> None:
    builder = author.open(document("Handle", task("a"), task("b", "a")))
    end = builder.free_place(0.2, 0.75 if side == "output" else 0.25)
    builder.drag(builder.handle("b" if side == "output" else "a", side), end)
    builder.pick("Echo")
    expect(builder.card("Echo")).to_be_focused()
    # The handle is where the pointer let go.
    x, y = builder.handle("Echo", "input" if side == "output" else "output")
    assert max(abs(x - end[0]), abs(y - end[1])) < 8
    assert edges_of(builder.save()) == edges


def test_a_palette_that_is_left_adds_nothing(author: Author) -> None:
    builder = author.open(document("Left", task("a")))
    builder.drag(builder.handle("a"), builder.free_place())
    expect(builder.palette.get_by_role("combobox")).to_be_focused()
    builder.press("Escape")
    expect(builder.palette).to_have_count(0)
    builder.expect_cards("a")
    expect(builder.unsaved).to_have_count(0)


def test_the_plus_on_an_edge_inserts(author: Author) -> None:
    builder = author.open(document("Plus", task("a"), task("b", "a?"), task("c", "b")))
    builder.page.mouse.move(*builder.edge("a", "b"))
    expect(builder.canvas.get_by_text("b waits for the end of a, whatever that is")).to_be_visible()
    builder.canvas.get_by_role("button", name="Insert a task here").click()
    builder.pick("Echo")
    expect(builder.card("Echo")).to_be_focused()
    saved = builder.save()
    assert edges_of(saved) == {("a", "Echo"), ("Echo", "b"), ("b", "c")}
    assert optional_edges_of(saved) == {("Echo", "b")}
    assert overlapping(saved) == []


def test_a_task_that_is_dropped_on_an_edge_splits_it(author: Author) -> None:
    builder = author.open(document("Split", *CHAIN, task("d")))
    builder.drag_card_to("d", builder.edge("a", "b"))
    expect(builder.unsaved).to_be_visible()
    saved = builder.save()
    assert edges_of(saved) == {("a", "d"), ("d", "b"), ("b", "c")}
    assert overlapping(saved) == []
    builder.press("Control+z")
    assert edges_of(builder.save()) == {("a", "b"), ("b", "c")}


# --- joining ----------------------------------------------------------------------------------------------------------


def test_an_edge_is_drawn_from_task_to_task(author: Author) -> None:
    builder = author.open(document("Joined", task("a"), task("b")))
    builder.connect("a", "b")
    assert edges_of(builder.save()) == {("a", "b")}


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("a", "b", "b waits for a already"),
        ("c", "a", "That would be a cycle: a → c → b → a"),
    ],
)
def test_an_edge_that_may_not_be_is_refused_while_it_is_dragged(
    author: Author, source: str, target: str, reason: str
) -> None:
    builder = author.open(document("Refused", *CHAIN))
    builder.connect(source, target, let_go=False)
    expect(builder.canvas.get_by_text(reason)).to_be_visible()
    builder.page.mouse.up()
    builder.expect_toast(reason)
    expect(builder.unsaved).to_have_count(0)


def test_a_click_on_an_edge_selects_it_and_the_next_makes_it_optional(author: Author) -> None:
    builder = author.open(document("Clicked", *CHAIN))
    builder.click(builder.edge("a", "b"))
    expect(builder.inspector.get_by_role("heading", name="a → b")).to_be_visible()
    expect(builder.unsaved).to_have_count(0)
    builder.click(builder.edge("a", "b"))
    expect(builder.inspector.get_by_role("radio", name="Optional")).to_be_checked()
    assert optional_edges_of(builder.save()) == {("a", "b")}
    builder.click(builder.edge("a", "b"), button="right")
    builder.menu("Make dependencies optional or required")
    saved = builder.save()
    assert (edges_of(saved), optional_edges_of(saved)) == ({("a", "b"), ("b", "c")}, set())
    builder.click(builder.edge("a", "b"), button="right")
    builder.menu("Delete")
    assert edges_of(builder.save()) == {("b", "c")}


# --- changing ---------------------------------------------------------------------------------------------------------


def test_deleting_leaves_a_gap_or_closes_it(author: Author) -> None:
    builder = author.open(document("Deleted", task("a"), task("b", "a"), task("c", "b?"), task("d", "c")))
    builder.card("b").click(button="right")
    builder.menu("Delete and reconnect what stood around it")
    builder.expect_cards("a", "c", "d")
    saved = builder.save()
    assert (edges_of(saved), optional_edges_of(saved)) == ({("a", "c"), ("c", "d")}, {("a", "c")})
    builder.card("c").click(button="right")
    builder.menu("Delete")
    builder.expect_cards("a", "d")
    assert edges_of(builder.save()) == set()


def test_a_task_is_renamed_in_place_and_what_names_it_follows(author: Author) -> None:
    reader = task("reader", "1", inputs={"value": "{{ tasks.a.result }}"})
    builder = author.open(document("Renamed", {**task("a"), "id": "1"}, reader))
    builder.card("a").click(button="right")
    builder.menu("Rename")
    builder.canvas.get_by_role("textbox", name="Name").fill("Source of all")
    builder.press("Enter")
    expect(builder.card("Source of all")).to_be_focused()
    tasks = by_name(builder.save())
    assert tasks["reader"]["inputs"] == {"value": '{{ tasks["Source of all"].result }}'}


def test_tasks_are_grouped_collapsed_and_ungrouped(author: Author) -> None:
    builder = author.open(document("Grouped", *CHAIN))
    builder.select("a", "b")
    builder.card("b").click(button="right")
    builder.menu("Put the selected tasks into a group")
    expect(builder.card("Group")).to_be_visible()
    assert parents_of(builder.save()) == {"Group": None, "a": "Group", "b": "Group", "c": None}
    builder.card("Group").locator("[data-toggle]").click()
    builder.expect_cards("Group", "c")
    builder.card("Group").locator("[data-toggle]").click()
    builder.expect_cards("Group", "a", "b", "c")
    builder.card("Group").click(button="right", position={"x": 60, "y": 14})
    builder.menu("Take the group away")
    builder.expect_cards("a", "b", "c")
    assert parents_of(builder.save()) == {"a": None, "b": None, "c": None}


def test_what_stands_where_the_frame_of_a_new_group_goes_makes_room(author: Author) -> None:
    builder = author.open(document("Framed", task("a"), task("b", "a"), task("c", "b"), task("d", "b")))
    builder.select("b", "c")
    builder.press("Control+g")
    expect(builder.card("Group")).to_be_visible()
    left, top = builder.card_corner("d")
    frame = builder.canvas.locator(".group").bounding_box()
    assert frame is not None
    assert left >= frame["x"] + frame["width"]
    assert top < frame["y"] + frame["height"]
    assert parents_of(builder.save())["d"] is None


def test_a_group_takes_a_task_in_and_lets_it_go(author: Author) -> None:
    builder = author.open(document("Reparented", *GROUPED[:3], task("free", position={"x": 320, "y": 160})))
    builder.drag_card_to("free", builder.frame_of("group"))
    expect(builder.row("free")).to_have_attribute("aria-level", "2")
    assert parents_of(builder.save())["free"] == "group"
    builder.drag_card_to("free", builder.free_place(0.9, 0.15))
    expect(builder.row("free")).to_have_attribute("aria-level", "1")
    assert parents_of(builder.save())["free"] is None


def test_a_task_that_its_group_would_wait_for_in_a_circle_stays_outside(author: Author) -> None:
    builder = author.open(document("Refused", *GROUPED, task("after", "last", position={"x": 320, "y": 320})))
    before = builder.bytes()
    builder.drag_card_to("after", builder.frame_of("group"))
    builder.expect_toast("That would be a cycle")
    expect(builder.unsaved).to_have_count(0)
    assert builder.bytes() == before


def test_deleting_a_group_deletes_what_is_inside(author: Author) -> None:
    builder = author.open(document("Emptied", *GROUPED))
    builder.card("group").click(button="right", position={"x": 60, "y": 14})
    builder.menu("Delete")
    builder.expect_cards("first", "last")
    assert set(by_name(builder.save())) == {"first", "last"}


def test_a_task_is_disabled_and_enabled(author: Author) -> None:
    builder = author.open(document("Disabled", *CHAIN))
    for expected in (False, True):
        builder.card("b").click(button="right")
        builder.menu("Disable or enable")
        assert by_name(builder.save())["b"].get("enabled", True) is expected
        assert ("Disabled" in (builder.card("b").get_attribute("aria-label") or "")) is not expected


def test_a_result_is_pinned_and_taken_away(author: Author) -> None:
    builder = author.open(document("Pinned", *CHAIN))
    builder.card("b").click(button="right")
    builder.menu("Pin a result, or take it away")
    editor = builder.dialog.get_by_role("textbox")
    editor.click()
    builder.press("Control+a")
    builder.type('{"rows": 3}')
    builder.dialog.get_by_role("button", name="Pin", exact=True).click()
    expect(builder.dialog).to_have_count(0)
    assert by_name(builder.save())["b"]["pinned"] == {"result": {"rows": 3}}
    expect(builder.canvas.get_by_role("button", name="b, Echo, Priority 2, Pinned result")).to_be_visible()
    builder.card("b").click(button="right")
    builder.menu("Pin a result, or take it away")
    assert by_name(builder.save())["b"].get("pinned") is None


def test_what_is_selected_in_the_box_that_stands_in_is_selected_in_the_editor(author: Author) -> None:
    builder = author.open(document("Pinned", *CHAIN))
    chunks: list[Route] = []
    builder.page.route("**/codemirror*.js", lambda route: chunks.append(route))
    builder.card("b").click(button="right")
    with builder.page.expect_request("**/codemirror*.js"):
        builder.menu("Pin a result, or take it away")
    builder.dialog.locator("textarea").click()
    builder.press("Control+a")
    for chunk in chunks:
        chunk.continue_()
    expect(builder.dialog.locator("textarea")).to_have_count(0)
    builder.type('{"rows": 3}')
    builder.dialog.get_by_role("button", name="Pin", exact=True).click()
    assert by_name(builder.save())["b"]["pinned"] == {"result": {"rows": 3}}


# --- selecting and placing --------------------------------------------------------------------------------------------


def test_a_box_selects_and_what_is_selected_moves_together(author: Author) -> None:
    builder = author.open(document("Boxed", *CHAIN))
    left, top = builder.card_corner("a")
    x, y = builder.place_of("b")
    builder.drag((left - 40, top - 30), (x + 160, y + 20))
    builder.expect_selected("a", "b")
    builder.drag_card("a", (80, 0))
    places = {name: one["position"] for name, one in by_name(builder.save()).items()}
    assert places["a"]["x"] == places["b"]["x"] != places["c"]["x"]


def test_a_drag_moves_what_is_dragged_and_not_what_was_selected_before(author: Author) -> None:
    builder = author.open(document("Dragged", *CHAIN))
    builder.select("a", "b")
    builder.drag_card("c", (160, 0))
    builder.expect_selected("c")
    places = {name: one["position"] for name, one in by_name(builder.save()).items()}
    assert places["a"]["x"] == places["b"]["x"] == places["c"]["x"] - round(160 / builder.zoom() / 8) * 8


def test_tidying_up_is_one_step(author: Author) -> None:
    scattered = [{**one, "position": {"x": 37 * n, "y": 11 * n}} for n, one in enumerate(CHAIN)]
    builder = author.open(document("Tidied", *scattered))
    before = builder.bytes()
    builder.click(builder.free_place(0.95, 0.05), button="right")
    builder.menu("Tidy up")
    builder.expect_heard("Tidy up")
    assert overlapping(builder.save()) == []
    _undo(builder).click()
    assert builder.bytes() == before


def test_everything_is_undone_and_done_again_to_the_byte(author: Author) -> None:
    builder = author.open(document("Undone", *CHAIN, task("g", executor=None), task("in", parent_id="g")))
    before = builder.bytes()
    builder.click(builder.edge("a", "b"))
    builder.click(builder.edge("a", "b"))
    builder.connect("a", "in")
    builder.drag(builder.handle("c"), builder.free_place(0.2, 0.85))
    builder.pick("Echo")
    expect(builder.card("Echo")).to_be_focused()
    builder.show_everything()
    builder.card("b").click(button="right")
    builder.menu("Delete and reconnect what stood around it")
    builder.drag_card("a", (48, 16))
    builder.drag_card_to("c", builder.frame_of("g"))
    after = builder.bytes()
    assert after != before
    while _undo(builder).is_enabled():
        _undo(builder).click()
    assert builder.bytes() == before
    expect(builder.unsaved).to_have_count(0)
    redo = builder.page.get_by_role("button", name="Redo")
    while redo.is_enabled():
        redo.click()
    assert builder.bytes() == after


def _undo(builder: Builder) -> Locator:
    return builder.page.get_by_role("toolbar", name="Tree").get_by_role("button", name="Undo")
