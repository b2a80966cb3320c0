"""Running again in a real browser: the plan on the canvas, chosen tasks, other inputs, and what comes of it."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.support.builder_api import ask, save
from tests.acceptance.support.builder_keys import fill, json_editor, tab_to, write_json
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import grave
from tests.acceptance.support.marked_cards import MarkedCards

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")

TREE = document(
    "City sales",
    task("fetch", inputs={"rows": [{"name": "Turin", "size": 3}]}),
    task("ask", "fetch", executor="survey", inputs={"topic": "cities", "count": 3}),
    task("check", "ask", executor="fail", inputs={"message": "Seven rows are missing"}),
    task("load", "check"),
    task("aside"),
)


def ended(site: BuilderSite, tree: dict[str, Any] | str) -> str:
    """Run a tree to its end; returns the run's id."""
    run = str(site.client.start(tree if isinstance(tree, str) else site.make(tree))["id"])
    for _ in site.client.follow(run):
        pass
    return run


def task_of(site: BuilderSite, run: str, name: str) -> Any:
    """A task of a run, with its values."""
    return ask(site, "GET", f"/runs/{run}/tasks/{name}")


@pytest.fixture(scope="module")
def failed(builder_site: BuilderSite) -> str:
    """A run in which `check` failed."""
    return ended(builder_site, TREE)


class Again(MarkedCards):
    """The page of a run that is to be run again."""

    def __init__(self, page: Page, site: BuilderSite, run: str, query: str = "") -> None:
        self.page, self.site, self.run = page, site, run
        page.goto(f"/runs/{run}/live/{query}")
        expect(page.locator(".run-head")).to_be_visible(timeout=30_000)

    @property
    def sheet(self) -> Locator:
        return self.page.get_by_role("dialog", name="Run again")

    @property
    def plan(self) -> Locator:
        return self.sheet.get_by_role("region", name="The plan")

    @property
    def go(self) -> Locator:
        return self.sheet.get_by_role("button", name="Run", exact=True)

    def open(self) -> None:
        self.page.locator(".run-head").get_by_role("button", name="Run again").click()
        expect(self.plan).to_contain_text("run")

    def choose(self, label: str) -> None:
        self.sheet.get_by_role("radio", name=label).check()

    def started(self) -> str:
        """The id of the new run, whose page is there now; it has ended."""
        self.page.wait_for_url(lambda url: self.run not in url)
        run = urlsplit(self.page.url).path.split("/")[2]
        for _ in self.site.client.follow(run):
            pass
        return run


def opened(author: Author, run: str, **options: Any) -> Again:
    return Again(author.context(**options).new_page(), author.site, run)


def attempts(site: BuilderSite, run: str) -> dict[str, bool]:
    """Which tasks of a run have run, by name."""
    return {one["name"]: one["attempt"] > 0 for one in ask(site, "GET", f"/runs/{run}/tasks")["items"]}


def test_the_plan_of_what_failed_is_on_the_canvas_before_go(author: Author, failed: str) -> None:
    again = opened(author, failed)
    again.expect_marks(check=None)
    again.open()
    expect(again.plan).to_contain_text("2 run, 3 reuse their results")
    again.expect_marks(fetch="reuse", ask="reuse", check="run", load="run", aside="reuse")
    expect(again.card("check")).to_contain_text("Will run")
    again.choose("Everything")
    expect(again.plan).to_contain_text("5 run")
    again.expect_marks(fetch="run", aside="run")
    again.sheet.get_by_role("button", name="Cancel").click()
    again.expect_marks(fetch=None, check=None)
    expect(again.page.get_by_role("complementary", name="The selected task")).to_be_visible()


def test_several_tasks_are_found_and_chosen_in_the_list(author: Author, failed: str) -> None:
    again = opened(author, failed)
    again.open()
    again.choose("Chosen tasks")
    search = again.sheet.get_by_role("searchbox", name="Search for a task")
    search.fill("asid")
    expect(again.sheet.get_by_role("checkbox", name="Run fetch again")).to_have_count(0)
    again.sheet.get_by_role("checkbox", name="Run aside again").check()
    search.fill("load")
    again.sheet.get_by_role("checkbox", name="Run load again").check()
    search.fill("")
    again.sheet.get_by_role("checkbox", name="Run check again").uncheck()
    reason = "1 can't run because it requires 'check', which has no result and is not run"
    expect(again.plan).to_contain_text(f"1 run, 2 reuse their results, 1 are left out, {reason}")
    again.expect_marks(fetch="reuse", ask="reuse", check="left_out", load="cannot", aside="run")
    again.go.click()
    new = again.started()
    assert attempts(again.site, new) == {"fetch": False, "ask": False, "check": False, "load": False, "aside": True}


def test_what_is_selected_on_the_canvas_runs_again(author: Author, failed: str) -> None:
    again = opened(author, failed)
    again.card("aside").click()
    again.card("ask").click(modifiers=["Shift"])
    again.open()
    again.choose("The 2 selected tasks")
    again.expect_marks(fetch="reuse", ask="run", check="run", load="run", aside="run")
    again.card("aside").click()
    expect(again.sheet.get_by_role("radio", name="aside, and what comes after it")).to_be_checked()
    again.expect_marks(ask="reuse", aside="run")


def test_a_task_s_menu_runs_again_from_there(author: Author, failed: str) -> None:
    again = opened(author, failed)
    again.card("ask").click(button="right")
    again.page.get_by_role("menuitem", name="Run again from here").click()
    expect(again.sheet.get_by_role("radio", name="ask, and what comes after it")).to_be_checked()
    again.expect_marks(fetch="reuse", ask="run", check="run", load="run", aside="reuse")


def test_other_inputs_reach_the_new_run_by_keyboard(author: Author, failed: str) -> None:
    again = opened(author, failed)
    keys = again.page.keyboard
    expect(again.card("fetch")).to_be_visible()
    keys.press("r")
    expect(again.sheet.get_by_role("radio", name="What failed")).to_be_focused()
    tab_to(again.sheet.get_by_role("button", name="Inputs of ask"))
    keys.press("Enter")
    fill(again.sheet.get_by_role("textbox", name="Topic"), "mountains")
    expect(again.plan).to_contain_text("3 run, 2 reuse their results")
    expect(again.sheet).to_contain_text("Inputs changed")
    again.expect_marks(ask="run", fetch="reuse")
    tab_to(again.go)
    keys.press("Enter")
    new = again.started()
    assert task_of(again.site, new, "ask")["resolved_inputs"]["topic"] == "mountains"
    assert task_of(again.site, failed, "ask")["resolved_inputs"]["topic"] == "cities"
    assert attempts(again.site, new) == {"fetch": False, "ask": True, "check": True, "load": False, "aside": False}


def test_changed_inputs_are_taken_back(author: Author, failed: str) -> None:
    again = opened(author, failed)
    again.open()
    again.sheet.get_by_role("button", name="Inputs of aside").click()
    again.sheet.locator("label").filter(has=again.page.get_by_role("radio", name="JSON")).click()
    write_json(json_editor(again.page, "Inputs of aside"), '{"value": "other"}')
    again.expect_marks(aside="run")
    again.sheet.get_by_role("button", name="As they were").click()
    again.expect_marks(aside="reuse")
    expect(again.sheet).not_to_contain_text("Inputs changed")


def test_inputs_that_the_server_refuses_start_nothing(author: Author, failed: str) -> None:
    author.expected = ("422",)
    again = opened(author, failed)
    again.open()
    again.sheet.get_by_role("button", name="Inputs of ask").click()
    topic = again.sheet.get_by_role("textbox", name="Topic")
    topic.fill("{{ tasks.nobody.result }}")
    expect(again.plan).to_contain_text("ask: an expression names tasks.nobody, and there is no such task")
    expect(again.go).to_be_disabled()
    topic.fill("ab")
    expect(again.plan).to_contain_text("ask:")
    expect(topic).to_have_attribute("aria-invalid", "true")
    expect(again.go).to_be_disabled()
    topic.fill("mountains")
    expect(again.go).to_be_enabled()


def test_the_latest_definition_is_drawn_with_what_is_new(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(TREE)
    run = ended(builder_site, tree)
    save(builder_site, tree, {**TREE, "tasks": [*TREE["tasks"], task("report", "aside")]})
    again = opened(author, run)
    again.open()
    expect(again.card("report")).to_have_count(0)
    again.sheet.get_by_role("checkbox", name="With the tree as it is now").check()
    expect(again.sheet).to_contain_text("version 2, in place of version 1")
    again.expect_marks(report="run", aside="reuse", check="run")
    again.go.click()
    new = again.started()
    assert attempts(again.site, new)["report"]
    assert again.site.client.run(new)["tree_version"] == 2


def test_parameters_that_the_latest_definition_asks_for_are_given(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("422",)
    tree = builder_site.make(TREE)
    run = ended(builder_site, tree)
    schema = {"type": "object", "properties": {"day": {"type": "integer", "title": "Day"}}, "required": ["day"]}
    save(builder_site, tree, {**TREE, "tree": {"name": "City sales", "parameters": schema}})
    again = opened(author, run)
    again.open()
    again.sheet.get_by_role("checkbox", name="With the tree as it is now").check()
    day = again.sheet.get_by_role("spinbutton", name="Day").or_(again.sheet.get_by_role("textbox", name="Day"))
    expect(day).to_be_visible()
    again.go.click()
    expect(again.plan).to_contain_text("day")
    expect(again.go).to_be_disabled()
    day.fill("3")
    again.go.click()
    assert again.site.client.run(again.started())["parameters"] == {"day": 3}


def test_the_runs_lead_to_each_other(author: Author, builder_site: BuilderSite) -> None:
    run = ended(builder_site, TREE)
    new = str(ask(builder_site, "POST", f"/runs/{run}/rerun", {"scope": "all"})["id"])
    page = opened(author, new).page
    back = page.locator(".run-head").get_by_role("link", name="Re-run of an earlier one")
    expect(back).to_have_attribute("href", re.compile(run))
    page = opened(author, run).page
    expect(page.locator(".run-head").get_by_role("link", name="Re-run 1")).to_have_attribute("href", re.compile(new))


def test_a_run_that_goes_on_is_not_run_again_and_escape_leads_back(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("409",)
    slow = document("Takes its time", task("long", executor="sleep", inputs={"seconds": 60}))
    run = str(builder_site.client.start(builder_site.make(slow))["id"])
    again = opened(author, run)
    again.page.locator(".run-head").get_by_role("button", name="Run again").click()
    expect(again.plan).to_contain_text("The run has not ended")
    expect(again.go).to_be_disabled()
    builder_site.client.cancel(run)
    expect(again.plan).to_contain_text("1 run", timeout=30_000)
    again.page.keyboard.press("Escape")
    expect(again.sheet).to_have_count(0)
    expect(again.page.locator(".run-head").get_by_role("button", name="Run again")).to_be_focused()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_the_sheet_is_for_everybody(author: Author, failed: str, width: int, theme: str) -> None:
    again = opened(author, failed, width=width, height=800, theme=theme)
    again.open()
    again.choose("Chosen tasks")
    again.sheet.get_by_role("button", name="Inputs of ask").click()
    expect(again.sheet.get_by_role("textbox", name="Topic")).to_be_visible()
    expect(again.plan).to_have_attribute("aria-busy", "false")
    if PICTURES:
        again.page.screenshot(path=f"{PICTURES}/again-{width}-{theme}.png")
    assert grave(again.page) == []
    wide = again.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_another_task_of_the_list_is_selected_by_click_and_key(author: Author, failed: str) -> None:
    """One is selected already: what failed."""
    again = opened(author, failed)
    panel = again.page.get_by_role("complementary", name="The selected task")
    rows = again.page.get_by_role("tree", name="Tasks")
    expect(panel.get_by_role("heading", name="check", exact=True)).to_be_visible()
    rows.get_by_role("treeitem", name="Completed fetch").click()
    expect(panel.get_by_role("heading", name="fetch", exact=True)).to_be_visible()
    rows.press("End")
    expect(panel.get_by_role("heading", name="aside", exact=True)).to_be_visible()
