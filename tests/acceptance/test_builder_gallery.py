"""How a tree begins in the builder: patterns, files, pasted documents; and its text, keys and commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_keys import fill, json_editor, tab_to, write_json
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, edges_of, task

pytestmark = pytest.mark.browser

PATTERNS = [
    "Pipeline", "Fan-out", "Fan-in", "Fallback", "Optional enhancement", "Run with parameters", "Groups"
]  # fmt: skip


# --- beginning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_begins_a_tree_without_problems(author: Author, builder_site: BuilderSite, pattern: str) -> None:
    builder = author.open()
    builder.dialog.get_by_role("button", name=pattern).click()
    expect(builder.dialog).to_have_count(0)
    expect(builder.page.get_by_role("button", name="No problems")).to_be_visible()
    saved = builder.save()
    assert saved["tree"]["name"] == pattern
    assert len(saved["tasks"]) >= 3
    assert builder_site.client.tree(builder.tree_id)["problems"] == []
    assert builder.page.url.endswith(f"/trees/{builder.tree_id}/edit/")


def test_a_pattern_by_keyboard(author: Author) -> None:
    builder = author.open()
    expect(builder.dialog.get_by_role("button", name="Empty tree")).to_be_focused()
    tab_to(builder.dialog.get_by_role("button", name="Fan-in"))
    builder.press("Enter")
    saved = builder.save()
    assert saved["tree"]["name"] == "Fan-in"
    assert len(edges_of(saved)) == 3


def test_an_empty_tree_says_what_to_do(author: Author) -> None:
    builder = author.open()
    builder.dialog.get_by_role("button", name="Empty tree").click()
    expect(builder.page.get_by_text("Press N to add the first task").last).to_be_visible()
    builder.press("n")
    builder.pick("Echo")
    saved = builder.save()
    assert [(one["name"], one["executor"]) for one in saved["tasks"]] == [("Echo", "echo")]
    assert saved["tree"]["name"] == "Untitled tree"


def test_closing_the_gallery_leaves_an_empty_tree(author: Author) -> None:
    builder = author.open()
    expect(builder.dialog).to_contain_text("A new tree")
    builder.press("Escape")
    expect(builder.dialog).to_have_count(0)
    expect(builder.page.get_by_label("Name of the tree")).to_have_value("Untitled tree")
    builder.page.get_by_role("button", name="Begin with a pattern").click()
    expect(builder.dialog).to_contain_text("A new tree")


def test_a_pattern_is_added_beside_what_is_there(author: Author) -> None:
    builder = author.open(document("Mine", task("a")))
    builder.do("Begin with a pattern")
    expect(builder.dialog).to_contain_text("Add a pattern")
    expect(builder.dialog.get_by_role("button", name="Empty tree")).to_have_count(0)
    builder.dialog.get_by_role("button", name="Fan-out").click()
    expect(builder.row("a")).to_be_visible()
    saved = builder.save()
    assert saved["tree"]["name"] == "Mine"
    assert len(saved["tasks"]) == 5
    builder.press("Control+z")
    builder.expect_cards("a")


# --- documents --------------------------------------------------------------------------------------------------------


def open_file(builder: Builder, path: Path) -> None:
    """Choose a file in the gallery."""
    with builder.page.expect_file_chooser() as chooser:
        builder.dialog.get_by_role("button", name="Open a JSON document").click()
    chooser.value.set_files(path)


def test_a_file_is_opened_and_a_broken_one_is_refused_with_its_place(author: Author, tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    file.write_text('{"format": "apflow-tree",\n "tree": oops}')
    builder = author.open()
    open_file(builder, file)
    builder.expect_toast("(2:10)")
    expect(builder.dialog).to_be_visible()
    file.write_text(json.dumps(document("From a file", task("a"), task("b", "a"))))
    open_file(builder, file)
    builder.expect_cards("a", "b")
    saved = builder.save()
    assert (saved["tree"]["name"], edges_of(saved)) == ("From a file", {("a", "b")})


def test_an_array_of_apflows_tasks_is_opened_by_keyboard(author: Author) -> None:
    tasks = [
        {"id": "1", "name": "system_info_executor", "inputs": {"resource": "cpu"}},
        {"id": "2", "name": "aggregate_results_executor", "dependencies": [{"id": "1", "required": True}]},
    ]
    context = author.context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    builder = author.open(in_=context)
    builder.page.evaluate("(text) => navigator.clipboard.writeText(text)", json.dumps(tasks))
    builder.press("Control+v")
    expect(builder.dialog).to_have_count(0)
    saved = builder.save()
    assert edges_of(saved) == {("system_info_executor", "aggregate_results_executor")}


def test_a_file_is_dropped(author: Author) -> None:
    builder = author.open()
    text = json.dumps(document("Dropped", task("a")))
    builder.dialog.get_by_role("list").evaluate(
        """(list, text) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], 'tree.json', { type: 'application/json' }));
          for (const type of ['dragover', 'drop'])
            list.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
        }""",
        text,
    )
    builder.expect_cards("a")
    assert builder.save()["tree"]["name"] == "Dropped"


# --- the tree as text -------------------------------------------------------------------------------------------------


def test_text_and_drawing_follow_each_other(author: Author) -> None:
    builder = author.open(document("Text", task("a"), task("b", "a")))
    builder.press("Control+j")
    text = json_editor(builder.page, "The tree as JSON")
    expect(text).to_contain_text('"name": "Text"')
    write_json(text, json.dumps(document("Text", task("a"), task("b", "a"), task("c", "b"))))
    builder.expect_cards("a", "b", "c")
    builder.dialog.get_by_role("button", name="Close").last.click()
    builder.select("c")
    builder.press("Delete", "Control+j")
    expect(text).not_to_contain_text('"c"')
    builder.press("Escape")
    assert by_name(builder.save()).keys() == {"a", "b"}


def test_what_is_wrong_in_the_text_is_told_with_its_place(author: Author) -> None:
    builder = author.open(document("Text", task("a")))
    builder.press("Control+j")
    text = json_editor(builder.page, "The tree as JSON")
    write_json(text, '{"tasks": [\n  {"id": "a", }\n]}')
    expect(builder.dialog.get_by_text("Line 2, column 15")).to_be_visible()
    write_json(text, '{"tree": {"name": "Text"}, "tasks": [{"id": "a"}, {"id": "a"}]}')
    expect(builder.dialog.get_by_role("status").last).not_to_be_empty()
    builder.press("Escape")
    builder.expect_cards("a")
    expect(builder.unsaved).to_have_count(0)


def test_the_text_by_keyboard_is_one_step(author: Author) -> None:
    builder = author.open(document("Text", task("a")))
    builder.press("Control+j")
    fill(json_editor(builder.page, "The tree as JSON"), json.dumps(document("Typed", task("x"))))
    builder.press("Escape")
    expect(builder.page.get_by_label("Name of the tree")).to_have_value("Typed")
    builder.expect_cards("x")
    builder.press("Control+z")
    builder.expect_cards("a")
    builder.press("Control+y")
    assert by_name(builder.save()).keys() == {"x"}


def test_copying_and_pasting_in_a_text_is_not_done_to_the_tree(author: Author) -> None:
    context = author.context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    builder = author.open(document("Text", task("a")), in_=context)
    builder.select("a")
    builder.inspector.get_by_text("JSON", exact=True).click()
    json_editor(builder.page, "Inputs of a").click()
    builder.page.evaluate("(text) => navigator.clipboard.writeText(text)", '{"pasted": true}')
    builder.press("Control+a", "Control+v")
    saved = by_name(builder.save())
    assert {name: one["inputs"] for name, one in saved.items()} == {"a": {"pasted": True}}


# --- keys and commands ------------------------------------------------------------------------------------------------


def test_the_sheet_lists_every_key_and_finds_some(author: Author) -> None:
    builder = author.open(document("Keys", task("a")))
    builder.press("?")
    for words in ("Add a task", "Save with a message", "Edit as JSON", "Make dependencies optional or required"):
        expect(builder.dialog).to_contain_text(words)
    builder.dialog.get_by_role("searchbox").or_(builder.dialog.get_by_role("textbox")).first.fill("tidy")
    expect(builder.dialog).to_contain_text("Tidy up")
    expect(builder.dialog).not_to_contain_text("Add a task that waits")
    # The first clears what is searched for.
    builder.press("Escape", "Escape")
    expect(builder.dialog).to_have_count(0)
    builder.page.get_by_role("button", name="More").click()
    builder.page.get_by_role("menuitem", name="Keyboard shortcuts").click()
    expect(builder.dialog).to_contain_text("Add a task")


def test_commands_are_found_by_their_names(author: Author) -> None:
    builder = author.open(document("Commands", task("a")))
    builder.select("a")
    builder.do("Duplicate")
    assert len(builder.save()["tasks"]) == 2
    builder.page.get_by_role("button", name="More").click()
    builder.page.get_by_role("menuitem", name="All commands").click()
    builder.dialog.get_by_role("option").filter(has_text="Select everything").first.click()
    expect(builder.dialog).to_have_count(0)
    expect(builder.outline.locator("[aria-selected=true]")).to_have_count(2)
    builder.press("Delete")
    builder.expect_cards()
    assert builder.save()["tasks"] == []
