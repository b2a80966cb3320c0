"""Two runs beside each other in a real browser: what differs first, the marks, the values side by side."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.support.builder_api import ask, save
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import grave
from tests.acceptance.support.marked_cards import MarkedCards
from tests.acceptance.test_run_again import ended

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")


def cities(*sales: int) -> dict[str, Any]:
    """Inputs and so a result that can be told apart."""
    return {"rows": [{"city": city, "sales": sold} for city, sold in zip(("Turin", "Oslo"), sales, strict=True)]}


def report(sales: tuple[int, int], *, check: dict[str, Any], pause: float = 0) -> dict[str, Any]:
    """A tree in which `join` gets what `fetch` gives."""
    return document(
        "City sales",
        task("fetch", inputs=cities(*sales)),
        task("rates", inputs={"rate": 7}),
        task("join", "fetch", "rates", inputs={"text": "{{ tasks.fetch.result.rows[1].sales }}"}),
        task("wait", "rates", executor="sleep", inputs={"seconds": pause}),
        check | {"dependencies": [{"id": "join"}]},
        task("publish", "check", "wait"),
    )


GOOD = report((12, 7), check=task("check"))
BAD = report((12, 9), check=task("check", executor="fail", inputs={"message": "Oslo has too many"}), pause=1.5)


@dataclass(frozen=True)
class Two:
    """Two runs of a tree: a good one, and one of a later version that failed."""

    tree: str
    good: str
    bad: str


@pytest.fixture(scope="module")
def two(builder_site: BuilderSite) -> Two:
    """The runs that most tests compare."""
    tree = builder_site.make(GOOD)
    good = ended(builder_site, tree)
    save(builder_site, tree, BAD)
    return Two(tree, good, ended(builder_site, tree))


class Comparison(MarkedCards):
    """The page that compares two runs."""

    def __init__(self, page: Page, left: str, right: str, query: str = "") -> None:
        self.page = page
        page.goto(f"/runs/compare/?left={left}&right={right}{query}")
        expect(self.tasks).to_be_visible(timeout=30_000)

    @property
    def tasks(self) -> Locator:
        return self.page.get_by_role("tree", name="Tasks in the order in which they started")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="The selected task in both runs")

    def row(self, name: str) -> Locator:
        named = self.page.locator(".name", has_text=re.compile(f"^{name}$"))
        return self.tasks.get_by_role("treeitem").filter(has=named)

    def expect_first(self, *words: str) -> None:
        """Wait until the sentence at the top says this."""
        for said in words:
            expect(self.page.locator(".first")).to_contain_text(said)

    def heading(self, name: str) -> Locator:
        return self.panel.get_by_role("heading", name=name, exact=True)

    def section(self, name: str) -> Locator:
        return self.panel.locator("section").filter(has=self.page.get_by_role("heading", name=name))

    def address(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)


def again(site: BuilderSite, run: str, wish: dict[str, Any]) -> str:
    """Run again to the end; returns the new run's id."""
    new = str(ask(site, "POST", f"/runs/{run}/rerun", wish)["id"])
    for _ in site.client.follow(new):
        pass
    return new


def compared(author: Author, left: str, right: str, query: str = "", **options: Any) -> Comparison:
    return Comparison(author.context(**options).new_page(), left, right, query)


def test_the_first_difference_is_named_and_shown(author: Author, two: Two) -> None:
    page = compared(author, two.good, two.bad)
    page.expect_first(
        "“fetch” is defined otherwise: inputs.rows[1].sales (7 on the left, 9 on the right)",
        "Its result is another too",
    )
    expect(page.heading("fetch")).to_be_visible()
    expect(page.section("Result")).to_contain_text("$.rows[1].sales")
    expect(page.section("Result").get_by_role("row").filter(has_text="sales")).to_contain_text(re.compile(r"7\s*9"))
    page.expect_marks(fetch="definition", rates=None, join="inputs", check="outcome", wait="definition")
    expect(page.card("check")).to_contain_text("Completed → Failed")
    expect(page.page.locator(".compare-head")).to_contain_text("5 of 6 tasks differ")


def test_a_single_seeded_change_is_the_first_difference(author: Author, builder_site: BuilderSite) -> None:
    """The tree is the same, and one input of a run is another."""
    tree = builder_site.make(GOOD)
    left = ended(builder_site, tree)
    wish = {"scope": "all", "inputs": {"rates": {"rate": 8}}}
    right = again(builder_site, left, wish)
    page = compared(author, left, right)
    page.expect_first("“rates” is defined otherwise: inputs.rate (7 on the left, 8 on the right)")
    page.expect_marks(fetch=None, rates="definition", join="inputs", wait="inputs", check="inputs")


def test_what_a_task_got_and_gave_stands_side_by_side(author: Author, two: Two) -> None:
    page = compared(author, two.good, two.bad)
    page.card("join").click()
    inputs = page.section("Inputs, as it got them")
    expect(inputs.get_by_role("row").filter(has_text="$.text")).to_contain_text(re.compile(r"7\s*9"))
    inputs.get_by_role("button", name="Show both whole").click()
    expect(inputs.get_by_role("tree")).to_have_count(2)
    page.row("rates").click()
    expect(page.panel).to_contain_text("Nothing differs here.")
    expect(page.section("Result")).to_contain_text("The same in both runs.")
    page.section("Result").get_by_role("button", name="Show it").click()
    expect(page.section("Result").get_by_role("tree").first).to_contain_text("rate")
    page.row("check").click()
    expect(page.section("Outcome")).to_contain_text("Oslo has too many")
    expect(page.section("Definition")).to_contain_text("executor")
    page.row("wait").click()
    expect(page.panel.locator("header")).to_contain_text("Duration")
    assert page.address()["task"] == ["wait"]


def test_only_what_differs_is_listed_by_keyboard(author: Author, two: Two) -> None:
    page = compared(author, two.good, two.bad)
    expect(page.tasks.get_by_role("treeitem")).to_have_count(6)
    keys = page.page.keyboard
    keys.press("o")
    expect(page.tasks.get_by_role("treeitem")).to_have_count(5)
    expect(page.row("rates")).to_have_count(0)
    expect(page.heading("fetch")).to_be_visible()
    keys.press("n")
    expect(page.heading("wait").or_(page.heading("join"))).to_be_visible()
    keys.press("p")
    expect(page.heading("fetch")).to_be_visible()
    page.tasks.focus()
    keys.press("End")
    expect(page.heading("publish")).to_be_visible()
    page.page.reload()
    expect(page.tasks.get_by_role("treeitem")).to_have_count(5)
    expect(page.heading("publish")).to_be_visible()


def test_left_and_right_change_places(author: Author, two: Two) -> None:
    page = compared(author, two.good, two.bad)
    left = page.page.get_by_role("region", name="Left run")
    expect(left).to_contain_text("Completed")
    page.page.get_by_role("button", name="Swap left and right").click()
    expect(left).to_contain_text("Failed")
    expect(page.card("check")).to_contain_text("Failed → Completed")
    assert (page.address()["left"], page.address()["right"]) == ([two.bad], [two.good])
    page.page.reload()
    expect(left).to_contain_text("Failed")


def test_runs_of_different_trees_are_matched_by_name(author: Author, builder_site: BuilderSite, two: Two) -> None:
    other = document(
        "Another tree",
        {"id": "1", "name": "fetch", "executor": "echo", "inputs": cities(12, 7)},
        {"id": "2", "name": "archive", "executor": "echo", "inputs": {}, "dependencies": [{"id": "1"}]},
    )
    page = compared(author, two.good, ended(builder_site, other))
    page.expect_marks(fetch=None, join="only_left")
    expect(page.card("2")).to_have_attribute("data-mark", "only_right")
    page.row("archive").click()
    expect(page.panel).to_contain_text("It is not in this run")


def test_runs_that_do_not_differ_say_so(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(GOOD)
    page = compared(author, ended(builder_site, tree), ended(builder_site, tree))
    page.expect_first("the same tasks got the same inputs and came to the same outcomes and results")
    page.page.get_by_role("checkbox", name="Only what differs").check()
    expect(page.tasks).to_have_count(0)
    expect(page.page.get_by_text("No task differs")).to_be_visible()


def test_large_values_are_read_only_when_asked_for(author: Author, builder_site: BuilderSite) -> None:
    rows = [{"n": number, "text": "x" * 90} for number in range(1_000)]
    tree = builder_site.make(document("Large", task("big", inputs={"rows": rows})))
    left = ended(builder_site, tree)
    changed = [*rows[:500], {"n": 500, "text": "y"}, *rows[501:]]
    right = again(builder_site, left, {"scope": "all", "inputs": {"big": {"rows": changed}}})
    page = compared(author, left, right)
    result = page.section("Result")
    expect(result).to_contain_text("Too large to be read unasked")
    result.get_by_role("button", name="Read it").click()
    expect(result).to_contain_text("$.rows[500].text")


def test_the_page_of_a_run_offers_what_it_is_compared_with(author: Author, two: Two) -> None:
    page = author.context().new_page()
    page.goto(f"/runs/{two.bad}/live/")
    button = page.locator(".run-head").get_by_role("button", name="Compare with …")
    expect(button).to_be_visible(timeout=30_000)
    button.click()
    expect(page.get_by_role("menuitem", name="The last one that completed")).to_be_visible()
    page.get_by_role("menuitem", name="The run before it").click()
    page.wait_for_url("**/runs/compare/**")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["left"], query["right"]) == ([two.good], [two.bad])
    page.goto(f"/runs/{two.good}/live/")
    expect(button).to_be_visible(timeout=30_000)
    page.keyboard.press("d")
    entry = page.get_by_role("menuitem", name="The run before it")
    expect(entry).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_it_is_for_everybody(author: Author, two: Two, width: int, theme: str) -> None:
    page = compared(author, two.good, two.bad, width=width, height=800, theme=theme)
    expect(page.page.get_by_role("application")).to_have_count(1 if width > 960 else 0)
    for name in ("fetch", "check"):
        page.row(name).click()
        expect(page.heading(name)).to_be_visible()
        expect(page.section("Result")).to_be_visible()
        expect(page.panel).not_to_contain_text("Loading")
        if PICTURES:
            page.page.screenshot(path=f"{PICTURES}/compare-{width}-{theme}-{name}.png")
        assert grave(page.page) == []
    wide = page.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_a_closed_group_is_marked_with_what_is_in_it(author: Author, builder_site: BuilderSite) -> None:
    group = {"id": "group", "name": "group", "executor": None}
    tree = builder_site.make(document("Grouped", group, task("inner", parent_id="group"), task("outer", "group")))
    left = ended(builder_site, tree)
    wish = {"scope": "chosen", "chosen": ["inner"], "inputs": {"inner": {"value": "x"}}}
    page = compared(author, left, again(builder_site, left, wish))
    group_mark = page.card("group").locator(".mark")
    expect(page.card("inner")).to_have_attribute("data-mark", "definition")
    expect(group_mark).to_have_count(0)
    page.page.locator("[data-toggle=group]").click()
    expect(page.card("inner")).to_have_count(0)
    expect(group_mark).to_have_text("≠ Definition")
