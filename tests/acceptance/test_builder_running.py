"""Running from the builder: the same drawing goes live, in whole or in part, and comes back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_api import ask, run_once
from tests.acceptance.support.builder_keys import fill, tab_to
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_people import browser_of, sign_up
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import Document, document, task

pytestmark = pytest.mark.browser

#: Long enough for every test; nobody waits for it.
FOREVER = 3_000
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "title": "City", "minLength": 3}},
    "required": ["city"],
}


def row_of_three() -> Document:
    """c waits for b, and b for a."""
    return document("Row", task("a"), task("b", "a"), task("c", "b"))


def last_run(site: BuilderSite, tree: str) -> dict[str, tuple[str, bool]]:
    """What became of each task in the newest run of a tree, and whether its result was taken over."""
    run: Any = next(iter(site.client.runs(tree=tree)))
    tasks: Any = site.client.task_runs(run["id"])
    return {row["name"]: (row["status"], row["reused"]) for row in tasks}


def bar(builder: Builder) -> Locator:
    """The line about the run on the canvas."""
    return builder.page.locator(".strip").filter(has=builder.page.get_by_role("button", name="Back to drawing"))


def run_button(builder: Builder) -> Locator:
    """The button of the dialog."""
    return builder.dialog.get_by_role("button", name="Run", exact=True)


def expect_shown(builder: Builder, **words: str) -> None:
    """Wait until cards say how their tasks stand."""
    for name, word in words.items():
        expect(builder.card(name)).to_have_accessible_name(re.compile(rf"\b{word}\b"))


# --- the whole tree ---------------------------------------------------------------------------------------------------


def test_the_drawing_goes_live_in_its_place(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(row_of_three())
    places = {name: builder.card(name).bounding_box() for name in "abc"}
    builder.page.get_by_role("button", name="Run", exact=True).click()
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("Completed")
    expect(bar(builder)).to_contain_text("3 completed")
    expect_shown(builder, a="Completed", b="Completed", c="Completed")
    before, after = places["a"], builder.card("a").bounding_box()
    assert before and after
    down = after["y"] - before["y"]
    for name, place in places.items():
        now = builder.card(name).bounding_box()
        assert place and now
        assert (now["x"], now["y"] - down, now["width"]) == (place["x"], place["y"], place["width"]), name
    assert last_run(builder_site, builder.tree_id) == dict.fromkeys("abc", ("completed", False))
    builder.select("b")
    expect(builder.inspector).to_contain_text("Completed")
    expect(builder.inspector.get_by_role("tree", name="Result")).to_contain_text("value")
    expect(builder.inspector.get_by_role("button", name="Cancel the run")).to_have_count(0)
    bar(builder).get_by_role("button", name="Back to drawing").click()
    expect(bar(builder)).to_have_count(0)
    builder.press("0")
    builder.save()


def test_by_keyboard_saving_first(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(row_of_three())
    builder.go_to_outline("a")
    builder.press("0", "Control+Enter")
    tab_to(builder.dialog.get_by_role("button", name="Save and run"))
    builder.press("Enter")
    expect(bar(builder)).to_contain_text("Completed")
    expect(builder.unsaved).to_have_count(0)
    builder.expect_heard("The run has ended: completed")
    expect(builder.row("a")).to_have_accessible_name(re.compile("Completed"))
    link = bar(builder).get_by_role("link", name="Open the run")
    run: Any = next(iter(builder_site.client.runs(tree=builder.tree_id)))
    assert (link.get_attribute("href"), run["tree_version"]) == (f"/runs/{run['id']}/live/", 2)
    tab_to(bar(builder).get_by_role("button", name="Back to drawing"))
    builder.press("Enter")
    expect(bar(builder)).to_have_count(0)


def test_a_new_tree_is_saved_and_run(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open()
    builder.dialog.get_by_role("button", name="Run with parameters").click()
    builder.press("Control+Enter")
    builder.dialog.get_by_role("button", name="Save and run").click()
    expect(bar(builder)).to_contain_text("Completed", timeout=20_000)
    assert {status for status, _ in last_run(builder_site, builder.tree_id).values()} == {"completed"}


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("Only b", {"a": ("completed", True), "b": ("completed", False)}),
        ("Up to b", {"a": ("completed", False), "b": ("completed", False)}),
        ("From b on", {"a": ("completed", True), "b": ("completed", False), "c": ("completed", False)}),
    ],
)
def test_a_part_with_the_results_of_the_last_run(
    author: Author, builder_site: BuilderSite, choice: str, expected: dict[str, tuple[str, bool]]
) -> None:
    tree = builder_site.make(row_of_three())
    run_once(builder_site, tree)
    builder = author.open(tree)
    builder.select("b")
    builder.press("Control+Enter")
    builder.dialog.get_by_role("radio", name=choice).click()
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("Completed")
    done = {name: how for name, how in last_run(builder_site, tree).items() if how[0] == "completed"}
    assert done == expected


def test_a_part_from_the_menu_of_a_task_and_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(row_of_three())
    builder = author.open(tree)
    builder.card("b").click(button="right")
    builder.page.get_by_role("menuitem", name="Run: Up to b").click()
    expect(builder.dialog.get_by_role("radio", name="Up to b")).to_be_checked()
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("Completed")
    builder.go_to_outline("c")
    builder.press("Control+Enter")
    tab_to(builder.dialog.get_by_role("radio", name="The whole tree"))
    builder.press("ArrowDown", "ArrowDown", "ArrowDown")
    expect(builder.dialog.get_by_role("radio", name="From c on")).to_be_checked()
    builder.press("Enter")
    expect(builder.dialog).to_have_count(0)
    expect(bar(builder)).to_contain_text("Completed")
    done = {name: how for name, how in last_run(builder_site, tree).items() if how[0] == "completed"}
    assert done["c"] == ("completed", False)
    assert done["b"] == ("completed", True)


def test_a_part_without_the_results_that_it_needs_is_refused(author: Author) -> None:
    author.expected = ("422",)
    builder = author.open(row_of_three())
    builder.select("c")
    builder.press("Control+Enter")
    builder.dialog.get_by_role("radio", name="Only c").click()
    run_button(builder).click()
    expect(builder.dialog.get_by_role("alert")).to_contain_text("result")
    # Selecting nothing, one runs the whole again, whatever was chosen before.
    builder.press("Escape")
    builder.click(builder.free_place())
    builder.press("Control+Enter")
    expect(builder.dialog.get_by_role("radio", name="Only c")).to_have_count(0)
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("3 completed")


# --- parameters -------------------------------------------------------------------------------------------------------


def asking_tree() -> Document:
    """A tree that asks for a city."""
    made = document("Asks", task("tell", inputs={"text": "In {{ params.city }}"}))
    made["tree"]["parameters"] = PARAMETERS
    return made


def result_of(site: BuilderSite, tree: str, name: str) -> Any:
    """What a task returned in the newest run."""
    run: Any = next(iter(site.client.runs(tree=tree)))
    return ask(site, "GET", f"/runs/{run['id']}/tasks/{name}/result")["result"]


def test_parameters_are_asked_for_and_checked(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("422",)
    builder = author.open(asking_tree())
    builder.press("Control+Enter")
    city = builder.dialog.get_by_label("City required")
    city.fill("Ro")
    run_button(builder).click()
    expect(city).to_have_attribute("aria-invalid", "true")
    city.fill("Rome")
    builder.dialog.get_by_role("radio", name="Urgent").click()
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("Completed")
    assert result_of(builder_site, builder.tree_id, "tell")["text"] == "In Rome"
    assert next(iter(builder_site.client.runs(tree=builder.tree_id)))["priority"] == 0


def test_parameters_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(asking_tree())
    builder.press("Control+Enter")
    expect(builder.dialog.get_by_label("City required")).to_be_focused()
    fill(builder.dialog.get_by_label("City required"), "Oslo")
    builder.press("Control+Enter")
    expect(bar(builder)).to_contain_text("Completed")
    assert result_of(builder_site, builder.tree_id, "tell")["text"] == "In Oslo"


# --- while it runs, and when it fails ---------------------------------------------------------------------------------


def long_tree() -> Document:
    """A tree that would never end."""
    return document("Long", task("first"), task("long", "first", executor="sleep", inputs={"seconds": FOREVER}),
                    task("last", "long"))  # fmt: skip


def test_it_is_watched_and_cancelled(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(long_tree())
    builder.press("Control+Enter")
    run_button(builder).click()
    expect_shown(builder, first="Completed", long="In progress", last="Waiting")
    expect(bar(builder)).to_contain_text("Live")
    builder.drag_card("first", (100, 0))
    bar(builder).get_by_role("button", name="Cancel the run").click()
    builder.dialog.get_by_label("Reason").fill("seen enough")
    builder.dialog.get_by_role("button", name="Cancel the run").click()
    expect(bar(builder)).to_contain_text("Cancelled")
    expect_shown(builder, first="Completed", long="Cancelled", last="Cancelled")
    expect(bar(builder).get_by_role("button", name="Cancel the run")).to_have_count(0)
    run: Any = next(iter(builder_site.client.runs(tree=builder.tree_id)))
    assert (run["status"], run["cancel_reason"]) == ("cancelled", "seen enough")
    expect(builder.unsaved).to_have_count(0)


def test_it_is_cancelled_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(long_tree())
    builder.press("Control+Enter")
    expect(run_button(builder)).to_be_focused()
    builder.press("Enter")
    expect_shown(builder, long="In progress")
    tab_to(bar(builder).get_by_role("button", name="Cancel the run"))
    builder.press("Enter")
    tab_to(builder.dialog.get_by_role("button", name="Cancel the run"))
    builder.press("Enter")
    expect(bar(builder)).to_contain_text("Cancelled")
    assert next(iter(builder_site.client.runs(tree=builder.tree_id)))["status"] == "cancelled"


def test_a_failure_says_which_and_why(author: Author) -> None:
    fails = task("breaks", "a", executor="fail", inputs={"message": "the disk is full"})
    builder = author.open(document("Fails", task("after", "breaks"), task("a"), fails))
    builder.press("Control+Enter")
    run_button(builder).click()
    expect(bar(builder)).to_contain_text("Failed")
    cause = builder.page.get_by_role("alert").filter(has_text="the disk is full")
    cause.get_by_role("button", name="breaks").click()
    builder.expect_selected("breaks")
    expect(builder.inspector).to_contain_text("the disk is full")
    expect(bar(builder)).to_contain_text("1 blocked")


def test_who_may_run_but_not_change(author: Author, builder_site: BuilderSite) -> None:
    sign_up(builder_site)
    tree = builder_site.make(row_of_three())
    ask(builder_site, "PATCH", f"/trees/{tree}", {"visibility": "everyone"})
    builder = author.open(tree, in_=browser_of(author, "operator"))
    expect(builder.page.get_by_role("toolbar", name="Tree")).to_contain_text("Read only")
    builder.press("Control+Enter")
    expect(run_button(builder)).to_be_focused()
    builder.press("Enter")
    expect(bar(builder)).to_contain_text("3 completed")
