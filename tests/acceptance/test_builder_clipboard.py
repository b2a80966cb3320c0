"""Copy, cut, paste and duplicate: plain JSON that goes from page to page, and comes from anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import by_name, document, edges_of, overlapping, parents_of, task

pytestmark = pytest.mark.browser

MAY_USE_CLIPBOARD: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}
TASKS = (
    task("source"),
    task("g", "source", executor=None),
    task("in", "source", parent_id="g"),
    task("reader", "g", "in?", inputs={"value": "{{ tasks.in.result }} {{ tasks.source.result }}"}),
    task("end", "reader"),
)
#: Tasks as apflow itself keeps them: executors by method, parents and dependencies by name.
PLAIN = [
    {"name": "echo", "inputs": {"value": 1}, "priority": 0},
    {"name": "second", "schemas": {"method": "echo"}, "inputs": {"value": 2}, "dependencies": ["echo"]},
    {
        "name": "third",
        "params": {"executor_id": "echo"},
        "inputs": {"value": 3},
        "dependencies": [{"id": "second", "required": False}],
    },
]


def clipboard(page: Page) -> str:
    """The text that is in the clipboard."""
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def put(page: Page, value: Any) -> None:
    """Bring a text into the clipboard, as if it had been copied elsewhere."""
    page.evaluate(
        "(text) => navigator.clipboard.writeText(text)", value if isinstance(value, str) else json.dumps(value)
    )


def test_a_copy_is_plain_json(author: Author) -> None:
    builder = author.open(document("Copied", *TASKS), **MAY_USE_CLIPBOARD)
    builder.go_to_outline("g")
    builder.press("Control+c")
    copied = json.loads(clipboard(builder.page))
    assert (copied["format"], copied["version"], copied["tree"]["name"]) == ("apflow-tree", 1, "Copied")
    assert [one["name"] for one in copied["tasks"]] == ["g", "in"]
    expect(builder.unsaved).to_have_count(0)


def test_what_is_pasted_elsewhere_has_new_ids_and_keeps_what_is_inside(author: Author) -> None:
    context = author.context(**MAY_USE_CLIPBOARD)
    here = author.open(document("Here", *TASKS), in_=context)
    there = author.open(document("There", task("reader"), task("other", "reader")), in_=context)
    here.page.bring_to_front()
    here.go_to_outline("g")
    here.press("Shift+ArrowDown", "Shift+ArrowDown", "Control+c")
    there.page.bring_to_front()
    there.walk_to("other")
    there.press("Control+v")
    for notice in (
        "g: left out the dependency on a task that was not copied",
        "reader is called reader 2 here, because the name is taken",
        "reader 2: names tasks.source, which was not copied",
    ):
        there.expect_toast(notice)
    there.expect_selected("g", "reader 2")
    saved = there.save()
    tasks = by_name(saved)
    assert edges_of(saved) == {("reader", "other"), ("g", "reader 2"), ("in", "reader 2")}
    assert parents_of(saved)["in"] == "g"
    assert {tasks[name]["id"] for name in ("g", "in", "reader 2")}.isdisjoint({"g", "in", "reader"})
    assert tasks["reader 2"]["inputs"] == {"value": "{{ tasks.in.result }} {{ tasks.source.result }}"}
    assert overlapping(saved) == []


def test_pasting_twice_puts_nothing_on_top_of_each_other(author: Author) -> None:
    builder = author.open(document("Twice", *TASKS), **MAY_USE_CLIPBOARD)
    builder.walk_to("end")
    builder.press("Control+c", "Control+v", "Control+v")
    saved = builder.save()
    assert {"end", "end 2", "end 3"} <= set(by_name(saved))
    assert overlapping(saved) == []


def test_cut_takes_away_and_paste_brings_back(author: Author) -> None:
    builder = author.open(document("Cut", *TASKS), **MAY_USE_CLIPBOARD)
    before = builder.bytes()
    builder.walk_to("end")
    builder.press("Control+x")
    builder.expect_cards("source", "g", "in", "reader")
    expect(builder.card("reader")).to_be_focused()
    builder.press("Control+v")
    builder.expect_cards("source", "g", "in", "reader", "end")
    expect(builder.card("end")).to_be_focused()
    builder.press("Control+z", "Control+z")
    assert builder.bytes() == before


def test_the_menu_copies_cuts_and_pastes(author: Author) -> None:
    builder = author.open(document("Menu", *TASKS), **MAY_USE_CLIPBOARD)
    builder.card("end").click(button="right")
    builder.menu("Copy")
    assert [one["name"] for one in json.loads(clipboard(builder.page))["tasks"]] == ["end"]
    builder.card("end").click(button="right")
    builder.menu("Cut")
    builder.expect_cards("source", "g", "in", "reader")
    builder.click(builder.free_place(0.95, 0.05), button="right")
    builder.menu("Paste")
    builder.expect_cards("source", "g", "in", "reader", "end")
    assert edges_of(builder.save()) == {("source", "g"), ("source", "in"), ("g", "reader"), ("in", "reader")}


def test_apflows_plain_array_is_pasted_as_the_server_imports_it(author: Author) -> None:
    builder = author.open(document("Array", task("a")), **MAY_USE_CLIPBOARD)
    put(builder.page, PLAIN)
    builder.walk_to("a")
    builder.press("Control+v")
    saved = builder.save()
    imported = author.site.saved(author.site.make(PLAIN))
    assert edges_of(saved) == edges_of(imported) == {("echo", "second"), ("second", "third")}
    ours, theirs = by_name(saved), by_name(imported)
    for name in ("echo", "second", "third"):
        for field in ("executor", "inputs", "priority"):
            assert ours[name].get(field) == theirs[name].get(field), (name, field)
    assert overlapping(saved) == []


def test_a_document_of_this_site_is_pasted_into_a_new_tree(author: Author) -> None:
    builder = author.open(**MAY_USE_CLIPBOARD)
    put(builder.page, document("Pasted", *TASKS))
    builder.dialog.get_by_role("button", name="Empty tree").click()
    builder.press("Control+v")
    builder.expect_cards("source", "g", "in", "reader", "end")
    assert set(by_name(builder.save())) == {"source", "g", "in", "reader", "end"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hello, world", "A value belongs here (1:1)"),
        ('{"a": 1}', '"format" must be "apflow-tree"'),
        ("[]", "This holds no tasks"),
    ],
)
def test_what_is_no_tree_is_refused_with_the_reason(author: Author, text: str, reason: str) -> None:
    builder = author.open(document("Refused", task("a")), **MAY_USE_CLIPBOARD)
    put(builder.page, text)
    builder.walk_to("a")
    builder.press("Control+v")
    builder.expect_toast(reason)
    expect(builder.unsaved).to_have_count(0)


def test_in_a_field_the_clipboard_is_the_fields(author: Author) -> None:
    builder = author.open(document("Field", task("a"), task("b")), **MAY_USE_CLIPBOARD)
    put(builder.page, "Pasted name")
    builder.walk_to("a")
    builder.press("Enter")
    name = builder.inspector.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    builder.press("Control+a", "Control+v", "Enter")
    assert set(by_name(builder.save())) == {"Pasted name", "b"}


def test_a_duplicate_waits_for_the_same_and_stands_beside(author: Author) -> None:
    builder = author.open(document("Doubled", *TASKS))
    builder.select("reader")
    builder.press("Control+d")
    builder.expect_selected("reader 2")
    _drag_clear(builder)
    saved = builder.save()
    assert {("g", "reader 2"), ("in", "reader 2")} <= edges_of(saved)
    assert overlapping(saved) == []
    assert by_name(saved)["reader 2"]["position"]["y"] == by_name(saved)["reader"]["position"]["y"]


def _drag_clear(builder: Builder) -> None:
    """What was duplicated is selected, and can be dragged at once."""
    builder.drag_card("reader 2", (40, 0))
