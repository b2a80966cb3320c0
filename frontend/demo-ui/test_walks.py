"""Everything by keyboard: the focus goes where it should, and what is done is said."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Locator, Page, expect


def said(page: Page) -> Locator:
    """What the demo page did last."""
    return page.locator("output")


def announced(page: Page) -> Locator:
    """What screen readers are told."""
    return page.locator("body > main ~ p[aria-live], main > p[aria-live]").first


def form_value(page: Page) -> Any:
    return json.loads(page.locator("[data-value]").inner_text())


def box(page: Page, name: str) -> Locator:
    """The text box of a field of the form."""
    return page.get_by_role("textbox", name=name, exact=True)


def active_row(page: Page) -> Locator:
    """The row that the outline points at."""
    row = page.get_by_role("tree", name="Tasks").get_attribute("aria-activedescendant")
    return page.locator(f"[id='{row}']")


def test_dialog_keeps_and_returns_the_focus(page: Page) -> None:
    opener = page.get_by_role("button", name="Dialog")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Day")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        outside = page.evaluate("document.activeElement !== document.body && !document.activeElement.closest('dialog')")
        assert not outside
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_confirm_by_keys_gives_the_reason(page: Page) -> None:
    page.get_by_role("button", name="Confirm").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason (optional)")).to_be_focused()
    page.keyboard.type("old")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("deleted, because “old”")


def test_confirm_is_declined_by_escape(page: Page) -> None:
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(said(page)).to_have_text("kept")


def test_menu_by_arrows_and_letters(page: Page) -> None:
    opener = page.get_by_role("button", name="Menu")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("d")
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemcheckbox", name="Required")).to_be_focused()
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Required")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("menu").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_disabled_item_says_why_and_does_nothing(page: Page) -> None:
    page.get_by_role("button", name="Menu").click()
    item = page.get_by_role("menuitem", name="Pin the result: It has not run yet")
    item.click(force=True)
    expect(page.get_by_role("menu")).to_be_visible()
    expect(said(page)).to_have_text("nothing yet")


def test_command_palette_finds_and_remembers(page: Page) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Type a command")
    expect(field).to_be_focused()
    page.keyboard.type("tidy")
    expect(page.get_by_role("dialog").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Tidy up")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Tidy up")


def test_shortcuts_are_not_heard_while_typing_or_behind_a_dialog(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Type a command").press("Control+s")
    expect(said(page)).to_have_text("nothing yet")
    page.keyboard.press("Escape")
    url = box(page, "URL")
    url.focus()
    page.keyboard.type("n")
    expect(page.get_by_role("dialog", name="Add a task")).to_have_count(0)
    url.press("Control+s")
    expect(said(page)).to_have_text("Save")


def test_shortcut_sheet_lists_and_filters(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_label("Filter the shortcuts").fill("redo")
    lines = page.get_by_role("dialog").locator("dl > div")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("Ctrl+Shift+Z or Ctrl+Y")


def test_palette_at_a_point_is_searched_and_taken(page: Page) -> None:
    page.keyboard.press("n")
    field = page.get_by_role("dialog", name="Add a task").get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("shell")
    expect(page.get_by_role("complementary")).to_contain_text("Shell command")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Added Shell command")
    expect(page.get_by_role("dialog", name="Add a task")).to_have_count(0)


def test_palette_refuses_what_is_disabled(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.type("ssh")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("nothing yet")


def test_tabs_by_arrows(page: Page) -> None:
    page.get_by_role("tab", name="Executors").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Problems")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_have_text("Two problems.")
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Size")).to_be_focused()


def test_splitter_by_keys_is_remembered(page: Page) -> None:
    border = page.get_by_role("separator", name="Outline")
    border.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(border).to_have_attribute("aria-valuenow", "388")
    page.reload()
    expect(border).to_have_attribute("aria-valuenow", "388")
    border.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tree", name="Tasks")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tree", name="Tasks")).to_be_visible()


def test_priority_by_keys(page: Page) -> None:
    group = page.get_by_role("radiogroup", name="Priority: Different priorities")
    group.get_by_role("radio", name="Normal").focus()
    page.keyboard.press("0")
    urgent = page.get_by_role("radio", name="Urgent")
    expect(urgent).to_be_checked()
    expect(urgent).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="High")).to_be_checked()


def test_outline_is_walked_opened_and_searched(page: Page) -> None:
    tree = page.get_by_role("tree", name="Tasks")
    tree.focus()
    expect(active_row(page)).to_contain_text("Collect")
    page.keyboard.press("ArrowLeft")
    expect(active_row(page)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(active_row(page)).to_contain_text("Work")
    page.keyboard.press("ArrowRight")
    expect(active_row(page)).to_contain_text("Clean")
    expect(active_row(page)).to_have_attribute("aria-level", "2")
    page.keyboard.press("s")
    expect(active_row(page)).to_contain_text("Score")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Opened Mail it")


def test_a_letter_that_is_a_command_is_one_in_the_outline_too(page: Page) -> None:
    page.get_by_role("tree", name="Tasks").focus()
    page.keyboard.press("o")
    expect(said(page)).to_have_text("Required or optional")
    page.keyboard.press("0")
    expect(said(page)).to_have_text("Priority urgent")


def test_outline_selects_several(page: Page) -> None:
    tree = page.get_by_role("tree", name="Tasks")
    tree.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(tree.locator("[aria-selected=true]")).to_have_count(3)
    expect(announced(page)).to_contain_text("3 selected")
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("Control+ ")
    expect(tree.locator("[aria-selected=true]")).to_have_count(4)
    page.keyboard.press("Control+a")
    expect(tree.locator("[aria-selected=true]")).to_have_count(13)


def test_outline_renames(page: Page) -> None:
    page.get_by_role("tree", name="Tasks").focus()
    page.keyboard.press("End")
    page.keyboard.press("F2")
    expect(page.get_by_label("Name of Mail it")).to_be_focused()
    page.keyboard.type("Send it")
    page.keyboard.press("Enter")
    expect(active_row(page)).to_contain_text("Send it")
    expect(page.get_by_role("tree", name="Tasks")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type("no")
    page.keyboard.press("Escape")
    expect(active_row(page)).to_contain_text("Send it")


def test_outline_moves_and_says_where_to(page: Page) -> None:
    page.get_by_role("tree", name="Tasks").focus()
    page.keyboard.press("End")
    page.keyboard.press("Alt+ArrowUp")
    expect(announced(page)).to_contain_text("Moved Mail it to position 3 of 4 in the top level")
    page.keyboard.press("Alt+ArrowRight")
    expect(announced(page)).to_contain_text("in Work")
    expect(active_row(page)).to_have_attribute("aria-level", "2")
    page.keyboard.press("Alt+ArrowLeft")
    expect(active_row(page)).to_have_attribute("aria-level", "1")


def test_outline_says_why_it_does_not_move(page: Page) -> None:
    page.get_by_role("tree", name="Tasks").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Alt+ArrowUp")
    expect(announced(page)).to_contain_text("Cannot move")


def test_outline_drags_rows_and_takes_from_the_palette(page: Page) -> None:
    tree = page.get_by_role("tree", name="Tasks")
    tree.get_by_role("treeitem", name="Report").drag_to(tree.get_by_role("treeitem", name="Clean"))
    expect(tree.get_by_role("treeitem", name="Report")).to_have_attribute("aria-level", "3")
    page.get_by_role("option", name="HTTP request").drag_to(tree.get_by_role("treeitem", name="Join"))
    expect(said(page)).to_have_text("Dropped HTTP request")


def test_outline_of_five_thousand_keeps_few_rows_in_the_page(page: Page) -> None:
    page.get_by_role("tab", name="Size").click()
    page.get_by_role("button", name="Show 5,000").click()
    tree = page.get_by_role("tree", name="Tasks")
    tree.focus()
    page.keyboard.press("End")
    expect(active_row(page)).to_contain_text("Task 4999")
    expect(active_row(page)).to_have_attribute("aria-posinset", "19")
    assert tree.get_by_role("treeitem").count() < 60
    page.keyboard.press("Home")
    expect(active_row(page)).to_contain_text("Group 0")
    tree.evaluate("tree => tree.scrollTo(0, 70000)")
    expect(tree.get_by_text("Task 2501", exact=True)).to_be_visible()
    assert tree.get_by_role("treeitem").count() < 60


def test_json_view_is_opened_picked_and_copied(page: Page) -> None:
    tree = page.get_by_role("tree", name="Result of Fetch orders")
    tree.focus()
    for key in (
        "ArrowDown",
        "ArrowDown",
        "ArrowDown",
        "ArrowRight",
        "ArrowDown",
        "ArrowRight",
        "ArrowDown",
        "ArrowDown",
    ):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Picked tasks.fetch.result.result.rows[0].name")
    page.keyboard.press("Control+c")
    expect(announced(page)).to_contain_text("Copied the value")
    assert page.evaluate("navigator.clipboard.readText()") == "Order 0"


def test_json_view_shows_long_lists_bit_by_bit(page: Page) -> None:
    tree = page.get_by_role("tree", name="Result of Fetch orders")
    tree.get_by_role("treeitem", name="rows").locator("[data-twist]").click()
    tree.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    more = tree.get_by_text("Show 200 more of 1000")
    for _ in range(6):
        if more.count():
            break
        page.keyboard.press("ArrowUp")
    more.click()
    expect(tree.get_by_text("Show 200 more of 1000")).to_have_count(0)


def test_json_editor_marks_and_can_be_left_by_tab(page: Page) -> None:
    editor = page.get_by_role("textbox", name="Definition", exact=True)
    editor.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(",")
    expect(page.get_by_text("Something follows the end of the document").first).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("must be at most 3")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Definition as plain text")).to_be_focused()
    assert page.evaluate("document.querySelectorAll('style').length") == 0


def test_form_reads_numbers_choices_and_expressions(page: Page) -> None:
    box(page, "Retries").fill("4")
    page.get_by_role("combobox", name="Method", exact=True).select_option(label="POST")
    box(page, "Timeout").fill("{{ params.limit }}")
    value = form_value(page)
    assert (value["retries"], value["method"], value["timeout"]) == (4, "POST", "{{ params.limit }}")
    box(page, "Retries").fill("4x")
    expect(page.get_by_text("This is no whole number")).to_be_visible()
    assert form_value(page)["retries"] == 4


def test_form_turns_a_choice_into_an_expression_and_back(page: Page) -> None:
    page.get_by_role("button", name="Enter an expression for Method").click()
    field = page.get_by_role("textbox", name="Method", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("{{ params.method }}")
    assert form_value(page)["method"] == "{{ params.method }}"
    page.get_by_role("button", name="Enter a plain value for Method").click()
    assert "method" not in form_value(page)


def test_form_adds_moves_and_removes_entries(page: Page) -> None:
    tags = page.get_by_role("group", name="Tags")
    tags.get_by_role("button", name="Add an entry").click()
    page.keyboard.type("new")
    assert form_value(page)["tags"] == ["orders", "daily", "new"]
    tags.get_by_role("button", name="Move entry 3 up").click()
    assert form_value(page)["tags"] == ["orders", "new", "daily"]
    tags.get_by_role("button", name="Remove entry 1").click()
    assert form_value(page)["tags"] == ["new", "daily"]


def test_form_renames_and_refuses_keys(page: Page) -> None:
    headers = page.get_by_role("group", name="Headers").first
    key = headers.get_by_label("Key", exact=True).first
    key.fill("X-Trace")
    key.press("Tab")
    expect(headers.get_by_text("There is a key of this name already")).to_be_visible()
    key.fill("Accept-Language")
    key.press("Tab")
    assert list(form_value(page)["headers"]) == ["Accept-Language", "X-Trace"]
    headers.get_by_label("New key").fill("X-New")
    headers.get_by_label("New key").press("Enter")
    assert form_value(page)["headers"]["X-New"] == ""


def test_form_changes_the_kind_of_a_union(page: Page) -> None:
    page.get_by_label("Kind of Sign in").select_option(label="Name and password")
    box(page, "User").fill("ada")
    assert form_value(page)["auth"] == {"kind": "basic", "user": "ada", "password": ""}
    page.get_by_label("Kind of Body").select_option(label="Text")
    box(page, "Text").fill("hello")
    assert form_value(page)["body"] == "hello"


def test_form_switches_optional_objects_on_and_off(page: Page) -> None:
    page.get_by_role("button", name="Set Proxy").click()
    box(page, "Host").fill("proxy.example.org")
    assert form_value(page)["proxy"] == {"host": "proxy.example.org"}
    page.get_by_role("button", name="Leave out Proxy").click()
    assert "proxy" not in form_value(page)


def test_form_puts_a_picked_result_where_the_cursor_is(page: Page) -> None:
    url = box(page, "URL")
    url.fill("https://example.org/")
    page.get_by_role("button", name="Pick a result for URL").click()
    expect(said(page)).to_have_text("Pick for URL")
    assert form_value(page)["url"] == "https://example.org/{{ tasks.fetch.result.next }}"
    page.get_by_role("button", name="Pick a result for Retries").click()
    assert form_value(page)["retries"] == "{{ tasks.fetch.result.next }}"


def test_form_and_json_are_one_value(page: Page) -> None:
    page.get_by_role("radio", name="JSON").check(force=True)
    editor = page.get_by_role("textbox", name="Inputs")
    editor.focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"url": "https://example.org", "retries": 1}')
    assert form_value(page) == {"url": "https://example.org", "retries": 1}
    page.get_by_role("radio", name="Form").check(force=True)
    expect(box(page, "Retries")).to_have_value("1")


def test_tooltip_names_the_keys_and_goes_with_escape(page: Page) -> None:
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("tooltip")).to_have_text("UndoCtrl+Z")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
