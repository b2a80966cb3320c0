"""The list of runs, the page of a tree and the list of trees in a real browser, with a real worker."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.acceptance.support.builder_api import ask, run_once
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import LOOKS, grave
from tests.acceptance.support.stored_runs import store_runs

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("APFLOW_SCREENSHOTS")


def unique(name: str) -> str:
    """A name that no other test's trees have."""
    return f"{name} {uuid4().hex[:6]}"


def fine(name: str) -> dict[str, Any]:
    return document(name, task("fetch"), task("load", "fetch"))


def failing(name: str) -> dict[str, Any]:
    return document(
        name,
        task("fetch"),
        task("check", "fetch", executor="fail", inputs={"message": "Seven rows are missing"}),
        task("load", "check"),
    )


def slow(name: str) -> dict[str, Any]:
    return document(name, task("long", executor="sleep", inputs={"seconds": 60}), task("after", "long"))


def run_to_end(site: BuilderSite, tree: str) -> str:
    """Run a tree to its end, whatever that is."""
    run = str(site.client.start(tree)["id"])
    for _ in site.client.follow(run):
        pass
    return run


class List:
    """A page with a list of runs."""

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        self.go(path)

    def go(self, path: str) -> None:
        self.page.goto(path)
        expect(self.page.locator("table[data-runs][data-ready]")).to_be_attached(timeout=30_000)

    @property
    def rows(self) -> Locator:
        return self.page.locator("table[data-runs] tbody tr")

    def row(self, run: str) -> Locator:
        return self.page.locator(f"#run-{run}")

    def box(self, run: str) -> Locator:
        return self.row(run).get_by_role("checkbox")

    @property
    def boxes(self) -> Locator:
        return self.rows.get_by_role("checkbox")

    @property
    def bar(self) -> Locator:
        return self.page.get_by_role("toolbar", name="What to do with the chosen runs")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    def do(self, name: str) -> None:
        self.bar.get_by_role("button", name=name).click()

    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)

    def expect_chosen(self, count: int) -> None:
        expect(self.rows.locator("input:checked")).to_have_count(count)
        if count:
            expect(self.bar).to_contain_text(f"{count} chosen")
        else:
            expect(self.bar).to_have_count(0)


def expect_accessible(page: Page) -> None:
    assert grave(page) == []


def expect_in_window(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, page.url


# --- filters, order, pages --------------------------------------------------------------------------------------------


def test_filters_stand_in_the_address_and_survive_a_reload(author: Author) -> None:
    name = unique("Filtered")
    tree = author.site.make(failing(name))
    failed, other = run_to_end(author.site, tree), run_once(author.site, author.site.make(fine(name)))
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    expect(runs.rows).to_have_count(2)
    expect(runs.row(failed)).to_contain_text("'check' failed: Seven rows are missing")
    runs.page.get_by_role("checkbox", name="Failed", exact=True).check()
    runs.page.get_by_role("checkbox", name="Cancelled", exact=True).check()
    runs.page.get_by_label("When").select_option("Last hour")
    runs.page.get_by_text("More filters").press("Enter")
    runs.page.get_by_label("Started by").fill("me")
    runs.page.get_by_role("button", name="Filter", exact=True).click()
    expect(runs.rows).to_have_count(1)
    wanted = {"q": [name], "status": ["failed", "cancelled"], "when": ["hour"], "requested_by": ["me"]}
    assert runs.query() == wanted
    runs.page.reload()
    expect(runs.row(failed)).to_be_visible()
    expect(runs.row(other)).to_have_count(0)
    expect(runs.page.get_by_role("checkbox", name="Failed", exact=True)).to_be_checked()


def test_times_are_local_on_the_page_and_utc_in_the_address(author: Author) -> None:
    run = run_once(author.site, author.site.make(fine(unique("Timed"))))
    page = author.context(timezone_id="Asia/Kolkata").new_page()
    runs = List(page, f"/runs/?q={run}")
    page.get_by_text("More filters").click()
    page.get_by_label("From").fill("2020-01-01T05:30")
    page.get_by_label("From").press("Enter")
    expect(runs.rows).to_have_count(1)
    assert runs.query()["since"] == ["2020-01-01T00:00:00.000Z"]
    expect(page.get_by_label("From")).to_have_value("2020-01-01T05:30")


def test_heads_sort_and_pages_go_on_where_they_were(author: Author) -> None:
    name = unique("Sorted")
    store_runs(author.site, name, 60)
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    head = runs.page.get_by_role("columnheader", name="Duration")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(runs.rows.first).to_contain_text("1 m 00 s")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(runs.rows.first).to_contain_text("1.0 s")
    runs.page.get_by_role("link", name="Next").click()
    expect(runs.rows).to_have_count(10)
    expect(runs.rows.first).to_contain_text("51.0 s")
    runs.page.get_by_role("link", name="Previous").click()
    expect(runs.rows).to_have_count(50)
    expect(runs.rows.first).to_contain_text("1.0 s")


def test_the_list_is_read_and_filtered_without_a_script(author: Author) -> None:
    failed = run_to_end(author.site, author.site.make(failing(unique("Scriptless"))))
    author.context()  # signs in
    page = author.context(java_script_enabled=False).new_page()
    page.goto("/runs/")
    expect(page.locator("table.runs [data-choose]").first).to_be_hidden()
    page.get_by_role("searchbox", name="Text").fill(failed)
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("table.runs tbody tr")).to_have_count(1)
    page.get_by_text("More filters").click()
    expect(page.get_by_label("From (UTC)")).to_be_visible()
    page.get_by_role("checkbox", name="Completed", exact=True).check()
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_text("No run matches these filters")).to_be_visible()


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_rows_are_chosen_by_mouse_and_by_keyboard(author: Author) -> None:
    name = unique("Chosen")
    store_runs(author.site, name, 8)
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    runs.boxes.nth(1).click()
    runs.boxes.nth(5).click(modifiers=["Shift"])
    runs.expect_chosen(5)
    runs.boxes.nth(3).click(modifiers=["Shift"])
    runs.expect_chosen(2)
    runs.page.get_by_role("checkbox", name="Choose all runs of this page").check()
    runs.expect_chosen(8)
    runs.do("Clear")
    runs.expect_chosen(0)
    runs.boxes.nth(2).focus()
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown", "ArrowUp"):
        runs.page.keyboard.press(key)
    expect(runs.boxes.nth(3)).to_be_focused()
    runs.expect_chosen(3)
    runs.page.keyboard.press("Control+a")
    runs.expect_chosen(8)
    runs.page.keyboard.press("Escape")
    runs.expect_chosen(0)


def test_two_chosen_runs_are_compared_the_older_one_first(author: Author) -> None:
    tree = author.site.make(fine(unique("Compared")))
    older, newer = run_once(author.site, tree), run_once(author.site, tree)
    runs = List(author.context().new_page(), f"/trees/{tree}/")
    runs.box(newer).check()
    expect(runs.bar.get_by_role("button", name="Compare")).to_be_disabled()
    runs.box(older).check()
    link = runs.bar.get_by_role("link", name="Compare")
    expect(link).to_have_attribute("href", f"/runs/compare/?left={older}&right={newer}")


# --- acts on many -----------------------------------------------------------------------------------------------------


def test_a_bulk_cancel_says_what_it_touches_and_is_seen_in_the_rows(author: Author) -> None:
    name = unique("Stopped")
    ended = run_once(author.site, author.site.make(fine(name)))
    tree = author.site.make(slow(name))
    going = [str(author.site.client.start(tree)["id"]) for _ in range(2)]
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    for run in (ended, *going):
        runs.box(run).check()
    runs.do("Cancel")
    expect(runs.dialog).to_contain_text("Cancel 2 runs?")
    expect(runs.dialog).to_contain_text(re.compile("1 . It has ended already"))
    runs.dialog.get_by_label("Reason").fill("The source is down")
    runs.dialog.get_by_role("button", name="Cancel 2 runs").click()
    expect(runs.page.get_by_role("region", name="Messages")).to_contain_text("2 runs asked to stop")
    for run in going:
        expect(runs.row(run)).to_contain_text("Cancelled", timeout=30_000)
        assert author.site.client.run(run)["cancel_reason"] == "The source is down"
    expect(runs.row(ended)).to_contain_text("Completed")


def test_failed_runs_are_run_again_by_keyboard(author: Author) -> None:
    tree = author.site.make(failing(unique("Repeated")))
    failed = run_to_end(author.site, tree)
    runs = List(author.context().new_page(), f"/runs/?tree={tree}")
    runs.box(failed).focus()
    runs.page.keyboard.press("Space")
    runs.bar.get_by_role("button", name="Run failed again").press("Enter")
    expect(runs.dialog).to_contain_text("Run what failed in 1 run again?")
    expect(runs.dialog.get_by_label("Reason")).to_be_focused()
    runs.page.keyboard.type("The source is back")
    runs.page.keyboard.press("Enter")
    expect(runs.page.get_by_role("button", name="1 new run, show it")).to_be_visible(timeout=30_000)
    (again,) = [run for run in ask(author.site, "GET", f"/runs?tree={tree}")["items"] if run["id"] != failed]
    assert again["parent_run_id"] == failed
    entries = ask(author.site, "GET", "/audit?act=run.rerun")["items"]
    assert entries[0]["reason"] == "The source is back"


def test_all_that_match_are_deleted_over_all_pages(author: Author) -> None:
    name = unique("Old")
    store_runs(author.site, name, 70)
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    runs.boxes.first.check()
    runs.do("Choose all that match")
    expect(runs.bar).to_contain_text("All 70 that match are chosen")
    runs.do("Delete")
    expect(runs.dialog).to_contain_text("Delete 70 runs?")
    runs.dialog.get_by_role("button", name="Delete 70 runs").click()
    expect(runs.page.get_by_text("No run matches these filters")).to_be_visible()
    assert ask(author.site, "GET", f"/runs?q={name}")["items"] == []


# --- live -------------------------------------------------------------------------------------------------------------


def test_two_browsers_see_runs_move_and_nothing_jumps(author: Author) -> None:
    name = unique("Watched")
    store_runs(author.site, name, 3)
    tree = author.site.make(slow(name))
    going = str(author.site.client.start(tree)["id"])
    lists = [List(author.context().new_page(), f"/runs/?q={name}") for _ in range(2)]
    for runs in lists:
        expect(runs.rows).to_have_count(4)
        expect(runs.row(going)).to_contain_text("In progress", timeout=30_000)
        expect(runs.row(going).locator("[data-ticks]")).to_have_text(re.compile(r"\d s$"))
        runs.row(going).evaluate("(row) => { row.seen = true; }")
    new = str(author.site.client.start(tree)["id"])
    for runs in lists:
        expect(runs.page.get_by_role("button", name="1 new run, show it")).to_be_visible(timeout=30_000)
        expect(runs.rows).to_have_count(4)
    author.site.client.cancel(going)
    for runs in lists:
        expect(runs.row(going)).to_contain_text("Cancelled", timeout=30_000)
        assert runs.row(going).evaluate("(row) => row.seen"), "the row was made anew"
    first, second = lists
    first.page.get_by_role("button", name="1 new run, show it").press("Enter")
    expect(first.rows).to_have_count(5)
    expect(first.rows.first).to_have_id(f"run-{new}")
    expect(first.rows.first.get_by_role("link")).to_be_focused()
    expect(second.rows).to_have_count(4)
    author.site.client.cancel(new)
    expect(first.row(new)).to_contain_text("Cancelled", timeout=30_000)


def test_a_run_that_somebody_deletes_stays_in_its_place_and_says_so(author: Author) -> None:
    name = unique("Vanishing")
    store_runs(author.site, name, 2)
    runs = List(author.context().new_page(), f"/runs/?q={name}")
    gone = str(runs.rows.first.get_attribute("id")).removeprefix("run-")
    ask(author.site, "DELETE", f"/runs/{gone}")
    run_once(author.site, author.site.make(fine(unique("Other"))))
    expect(runs.row(gone)).to_contain_text("Deleted", timeout=30_000)
    expect(runs.box(gone)).to_be_disabled()


# --- views ------------------------------------------------------------------------------------------------------------


def test_a_view_is_kept_made_the_default_and_forgotten(author: Author) -> None:
    name = unique("View")
    run_to_end(author.site, author.site.make(failing(name)))
    page = author.context().new_page()
    runs = List(page, f"/runs/?status=failed&q={name}")
    views = page.get_by_role("button", name="Views")
    views.press("Enter")
    page.get_by_role("menuitem", name="Keep these filters as a view").press("Enter")
    page.keyboard.type(name)
    runs.dialog.get_by_role("checkbox", name="Open the list of runs with it").check()
    runs.dialog.get_by_role("button", name="Save").click()
    chip = page.get_by_role("navigation", name="Views").get_by_role("link", name=name)
    expect(chip).to_have_attribute("aria-current", "page")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click()
    expect(chip).to_have_attribute("aria-current", "page")
    assert runs.query() == {"status": ["failed"], "q": [name]}
    page.get_by_role("link", name="All runs").click()
    expect(chip).not_to_have_attribute("aria-current", "page")
    chip.click()
    expect(page.locator("table[data-ready]")).to_be_attached()
    views.click()
    page.get_by_role("menuitem", name="Delete “").click()
    runs.dialog.get_by_role("button", name="Delete the view").click()
    expect(chip).to_have_count(0)
    assert ask(author.site, "GET", "/run-views")["items"] == []


# --- a tree's page ----------------------------------------------------------------------------------------------------


def grid_of(page: Page) -> Locator:
    return page.get_by_role("grid", name="What each task did in the last runs")


def test_the_grid_shows_each_task_in_each_run_and_leads_to_it(author: Author) -> None:
    name = unique("History")
    tree = author.site.make(fine(name))
    good = run_once(author.site, tree)
    ask(author.site, "PUT", f"/trees/{tree}", {"definition": failing(name)}, **{"If-Match": "*"})
    failed = run_to_end(author.site, tree)
    page = author.context().new_page()
    page.goto(f"/trees/{tree}/")
    grid = grid_of(page)
    expect(grid.get_by_role("rowheader")).to_have_text(["fetch", "check", "load"])
    expect(grid.get_by_role("gridcell")).to_have_count(6)
    expect(grid.get_by_role("link", name=re.compile("^check: Failed"))).to_be_visible()
    expect(grid.get_by_role("link", name=re.compile("^load: Blocked"))).to_be_visible()
    expect(grid.get_by_role("img", name=re.compile("^check: not in the run"))).to_be_visible()
    facts = page.get_by_role("region", name="The last 2 runs")
    expect(facts).to_contain_text("50%")
    compare = facts.get_by_role("link", name="Compare the last good with the last failed")
    expect(compare).to_have_attribute("href", f"/runs/compare/?left={good}&right={failed}")
    page.get_by_role("checkbox", name="Only tasks that failed").check()
    expect(grid.get_by_role("rowheader")).to_have_text(["check", "load"])
    page.get_by_role("searchbox", name="Find a task").fill("chec")
    expect(grid.get_by_role("rowheader")).to_have_text(["check"])
    page.get_by_role("checkbox", name="Only tasks that failed").uncheck()
    page.get_by_role("searchbox", name="Find a task").fill("")
    expect(grid.get_by_role("rowheader")).to_have_count(3)
    cell = grid.locator('[data-cell="0-0"]')
    cell.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(grid.get_by_role("link", name=re.compile("^check: Failed"))).to_be_focused()
    page.keyboard.press("Control+Home")
    expect(cell).to_be_focused()
    for key in ("End", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(f"**/runs/{failed}/live/?task=check")


def test_the_rows_of_a_large_tree_come_as_one_goes_down(author: Author) -> None:
    tree = author.site.make(document(unique("Large"), *(task(f"t{n}") for n in range(130))))
    run_to_end(author.site, tree)
    page = author.context().new_page()
    page.goto(f"/trees/{tree}/")
    rows = grid_of(page).get_by_role("rowheader")
    expect(rows.first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Show more tasks").scroll_into_view_if_needed()
    expect(rows).to_have_count(80)
    page.get_by_role("button", name="Show more tasks").press("Enter")
    page.get_by_role("searchbox", name="Find a task").fill("t129")
    expect(rows).to_have_text(["t129"])


def test_the_page_of_a_tree_follows_its_runs(author: Author) -> None:
    tree = author.site.make(slow(unique("Followed")))
    run = str(author.site.client.start(tree)["id"])
    page = author.context().new_page()
    runs = List(page, f"/trees/{tree}/")
    expect(grid_of(page).get_by_role("link", name=re.compile("^long: In progress"))).to_be_visible(timeout=30_000)
    author.site.client.cancel(run)
    expect(runs.row(run)).to_contain_text("Cancelled", timeout=30_000)
    expect(grid_of(page).get_by_role("link", name=re.compile("^long: Cancelled"))).to_be_visible(timeout=30_000)
    author.site.client.cancel(str(author.site.client.start(tree)["id"]))
    page.get_by_role("button", name="1 new run, show it").click(timeout=30_000)
    expect(page.get_by_role("heading", name="The last 2 runs")).to_be_visible()
    expect(grid_of(page).get_by_role("gridcell")).to_have_count(4)


# --- the list of trees ------------------------------------------------------------------------------------------------


def tree_row(page: Page, tree: str) -> Locator:
    return page.locator(f"#tree-{tree}")


def test_trees_are_found_by_tag_and_owner_and_show_their_last_result(author: Author) -> None:
    name, tag = unique("Tagged"), uuid4().hex[:8]
    definition = failing(name)
    definition["tree"]["tags"] = [tag]
    tree = author.site.make(definition)
    run_to_end(author.site, tree)
    page = author.context().new_page()
    page.goto("/trees/?owner=me")
    page.get_by_label("Tag", exact=True).select_option(tag)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tr[data-tree]")).to_have_count(1)
    expect(tree_row(page, tree)).to_contain_text("Failed")
    page.goto(f"/trees/?tag={tag}&owner=nobody")
    expect(page.get_by_text("No tree matches these filters")).to_be_visible()


def test_an_import_shows_what_is_wrong_and_stores_nothing(author: Author, tmp_path: Path) -> None:
    name = unique("Imported")
    wrong = [{"id": "a", "name": name, "priority": 9, "dependencies": [{"id": "ghost"}]}]
    right = [{"id": "a", "name": name, "schemas": {"method": "echo"}}]  # the plain array of apflow
    page = author.context().new_page()
    page.goto("/trees/")
    page.get_by_role("button", name="Import…").press("Enter")
    dialog = page.locator("dialog[open]")
    text = dialog.get_by_role("textbox")
    expect(text).to_be_focused()
    text.fill("{oops")
    text.blur()
    expect(dialog).to_contain_text("This is not JSON")
    text.fill(json.dumps(wrong))
    text.blur()
    expect(dialog.get_by_role("list", name="What is wrong with it")).to_contain_text("priority")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog).to_contain_text("Nothing was stored.")
    assert ask(author.site, "GET", f"/trees?q={name}")["items"] == []
    file = tmp_path / "tree.json"
    file.write_text(json.dumps(right))
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog).to_contain_text("1 task, nothing is wrong with it.")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported tree")).to_be_visible()
    expect(page.get_by_role("cell", name=name)).to_be_visible()
    author.expected = ("422",)


def test_a_tree_is_copied_and_archived_and_comes_back(author: Author) -> None:
    name = unique("Kept")
    tree = author.site.make(fine(name))
    page = author.context().new_page()
    page.goto(f"/trees/?q={name}")
    acts = page.get_by_role("button", name=f"Actions on {name}")
    acts.press("Enter")
    page.get_by_role("menuitem", name="Put into the archive").press("Enter")
    expect(tree_row(page, tree)).to_be_hidden()
    page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    expect(tree_row(page, tree)).to_be_visible()
    assert author.site.client.tree(tree)["archived"] is False
    acts.click()
    page.get_by_role("menuitem", name="Put into the archive").click()
    expect(tree_row(page, tree)).to_be_hidden()
    page.goto(f"/trees/?q={name}&archived=true")
    acts.click()
    page.get_by_role("menuitem", name="Take out of the archive").click()
    expect(tree_row(page, tree)).to_be_hidden()
    page.goto(f"/trees/?q={name}")
    acts.click()
    page.get_by_role("menuitem", name="Copy").click()
    page.locator("dialog[open]").get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", name=f"{name} (copy)")).to_be_visible()


# --- for everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_are_accessible_and_fit(author: Author, width: int, theme: str) -> None:
    name = unique("Orders of everyone")
    tree = author.site.make(failing(name))
    store_runs(author.site, name, 20, tree=tree)
    run_to_end(author.site, tree)
    author.site.client.start(author.site.make(slow(name)))
    _look_at_pages(author.context(width=width, height=800, theme=theme), name, tree, f"{width}-{theme}")


def _look_at_pages(context: BrowserContext, name: str, tree: str, look: str) -> None:
    page = context.new_page()
    runs = List(page, f"/runs/?q={name}")
    runs.boxes.first.check()
    expect(runs.bar).to_be_visible()
    _look(page, f"runs-{look}")
    runs.do("Cancel")
    expect(runs.dialog).to_be_visible()
    _look(page, f"runs-cancel-{look}")
    runs.go(f"/trees/{tree}/")
    expect(grid_of(page).get_by_role("rowheader").first).to_be_visible()
    _look(page, f"tree-{look}")
    page.goto("/trees/")
    page.get_by_role("button", name="Import…").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    _look(page, f"import-{look}")
    page.keyboard.press("Escape")
    _look(page, f"trees-{look}")
    page.goto("/runs/?q=nothing+at+all+is+like+this")
    _look(page, f"runs-none-{look}")


def _look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    expect_in_window(page)
    expect_accessible(page)
