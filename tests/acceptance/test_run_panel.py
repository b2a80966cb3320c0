"""The panel of a task in a real browser: why, inputs and where they came from, result, error, attempts, log."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import Document, document, task
from tests.acceptance.support.run_parts import NASTY, PATIENCE_MS, RunParts

pytestmark = pytest.mark.browser

#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")
CITIES = [{"city": "Turin", "sales": 12}, {"city": "Oslo", "sales": 7}]
CLIPBOARD = ["clipboard-read", "clipboard-write"]
RETRY = {"max_attempts": 3, "backoff": "fixed", "base_seconds": 0.01, "jitter": 0}
SALES = document(
    "Sales",
    task("fetch", executor="play", inputs={"result": {"day": "Monday", "rows": CITIES}}),
    task("rates", executor="play", inputs={"result": [1.5, 2.5]}),
    task(
        "sum",
        "fetch",
        "rates",
        executor="play",
        inputs={"first": "{{ tasks.fetch.result.rows[0].city }}", "own": 3, "result": "{{ tasks.rates.result }}"},
    ),
    task("large", executor="play", inputs={"size": 200_000}),
    task("flaky", executor="play", retry=RETRY, inputs={"good_attempt": 3, "say": ["begun"], "error": "Not yet"}),
    task("check", executor="fail", inputs={"message": "Seven rows are missing", "error_type": "rows_missing"}),
    task("load", "check"),
    task("tell", "load"),
)


def finished(site: BuilderSite, tree: Document) -> str:
    """Run a tree to its end."""
    run = str(site.client.start(site.make(tree))["id"])
    for _ in site.client.follow(run):
        pass
    return run


@pytest.fixture(scope="module")
def sales(builder_site: BuilderSite) -> str:
    """A run of `SALES` that has ended."""
    return finished(builder_site, SALES)


@pytest.fixture
def run(author: Author, sales: str) -> RunParts:
    """Its page."""
    return RunParts(author.context(permissions=CLIPBOARD).new_page(), sales).ready()


def origin_of(run: RunParts, key: str) -> Locator:
    """What is said of where an input came from."""
    inputs = run.panel.locator(".input").filter(has=run.page.locator("dt", has_text=re.compile(f"^{key}$")))
    return inputs.locator(".origin")


def test_it_says_why_a_task_did_not_run_and_leads_to_the_first_cause(run: RunParts) -> None:
    run.unfold("check")
    run.look_at("tell")
    error = run.panel.get_by_role("region", name="Error")
    expect(error).to_contain_text("dependency_failed")
    expect(error).to_contain_text("check")
    error.get_by_role("button", name="check").click()
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("check")
    expect(error).to_contain_text("Seven rows are missing")
    expect(error).to_contain_text("rows_missing")
    assert "task=check" in run.page.url


def test_it_says_why_a_task_waits_in_the_engine_s_words(author: Author, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    slow = document("Waits", task("long", executor="play", inputs={"gate": str(gate)}), task("after", "long"))
    run_id = str(author.site.client.start(author.site.make(slow))["id"])
    run = RunParts(author.context().new_page(), run_id, "task=after").ready()
    expect(run.panel).to_contain_text("Waiting for 'long' (required, running", timeout=PATIENCE_MS)
    gate.touch()
    run.expect_status("Completed")
    expect(run.panel).not_to_contain_text("Waiting for")
    run.panel.get_by_role("tab", name="Result").click()
    expect(run.panel).to_contain_text("after")


def test_inputs_are_shown_as_defined_and_as_resolved_with_their_origins(run: RunParts) -> None:
    run.look_at("sum", "Inputs")
    expect(run.panel.locator(".input")).to_have_count(6)
    expect(run.panel.locator(".origin").filter(has_text="from one of")).to_have_count(0)
    expect(origin_of(run, "own")).to_have_text("own value")
    expect(origin_of(run, "first")).to_have_text("expression · fetch")
    expect(origin_of(run, "result")).to_have_text("expression · rates")
    expect(origin_of(run, "day")).to_have_text("from fetch")
    expect(origin_of(run, "rates")).to_have_text("from rates")
    first = run.panel.locator(".input").filter(has_text="expression").filter(has_text="Turin")
    expect(first).to_contain_text("{{ tasks.fetch.result.rows[0].city }}")
    run.panel.locator(".input").filter(has_text="Monday").get_by_role("button", name="fetch").click()
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("fetch")


def test_a_result_is_a_table_a_tree_and_raw_and_its_paths_are_copied_as_bindings(run: RunParts) -> None:
    run.look_at("fetch", "Result")
    run.panel.get_by_role("button", name="Oslo").click()
    run.page.wait_for_function("() => navigator.clipboard.readText()")
    assert run.clipboard() == "{{ tasks.fetch.result.rows[1].city }}"
    run.panel.get_by_text("Tree", exact=True).click()
    run.panel.get_by_role("treeitem").filter(has_text="Monday").click()
    run.page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.includes('day'))")
    assert run.clipboard() == "{{ tasks.fetch.result.day }}"
    run.panel.get_by_text("Raw", exact=True).click()
    raw = run.panel.get_by_role("region", name="Result").inner_text()
    assert json.loads(raw) == {"day": "Monday", "rows": CITIES}


def test_a_path_is_copied_by_keyboard(run: RunParts) -> None:
    run.look_at("fetch", "Result")
    way = run.panel.get_by_role("radio", name="Table")
    way.focus()
    run.page.keyboard.press("ArrowLeft")
    tree = run.panel.get_by_role("tree")
    tree.focus()
    for _ in range(20):
        active = run.page.locator(f"[id='{tree.get_attribute('aria-activedescendant')}']")
        if active.count() and "Monday" in active.inner_text():
            break
        run.page.keyboard.press("ArrowDown")
    run.page.keyboard.press("Enter")
    run.page.wait_for_function("() => navigator.clipboard.readText()")
    assert run.clipboard() == "{{ tasks.fetch.result.day }}"


def test_a_large_result_is_cut_loaded_and_downloaded(run: RunParts) -> None:
    run.look_at("large", "Result")
    expect(run.panel).to_contain_text("195.3 KiB")
    with run.page.expect_download() as download:
        run.panel.get_by_role("button", name="Download").click()
    assert json.loads(Path(download.value.path()).read_text()) == "x" * 200_000
    run.panel.get_by_role("button", name="Load all of it").click()
    expect(run.panel).to_contain_text("xxxxxx")
    expect(run.panel.get_by_role("button", name="Load all of it")).to_have_count(0)


def test_each_attempt_has_its_time_worker_error_and_log(run: RunParts) -> None:
    run.look_at("flaky", "Attempts 3")
    attempts = run.panel.locator("li").filter(has_text="Attempt")
    expect(attempts).to_have_count(3)
    expect(attempts.nth(0)).to_contain_text("Completed")
    for failed in (attempts.nth(1), attempts.nth(2)):
        expect(failed).to_contain_text("ValueError")
        expect(failed).to_contain_text("Not yet")
        expect(failed.locator("p")).to_contain_text("·")
    run.panel.get_by_role("button", name="Log of attempt 2").click()
    expect(run.panel.get_by_label("Attempt", exact=True)).to_have_value("2")
    run.log.first.press("Home")
    expect(run.panel.locator("[data-row]").filter(has_text="attempt 2 breaks")).to_have_count(1)
    expect(run.panel.locator("[data-row]").filter(has_text="attempt 1 breaks")).to_have_count(0)
    run.panel.get_by_role("button", name="Open in the large log").click()
    expect(run.page.get_by_role("tab", name="Log", exact=True, selected=True).first).to_be_visible()
    assert "log_attempt=2" in run.page.url
    assert "log_task=flaky" in run.page.url


def test_the_log_of_a_task_leads_to_its_line_in_the_large_one(run: RunParts) -> None:
    run.look_at("flaky", "Log")
    line = run.panel.locator("a[data-line]").first
    address = line.get_attribute("href") or ""
    number = line.get_attribute("data-line")
    run.page.goto(address)
    marked = run.page.locator(".marked a[data-line]")
    expect(marked).to_have_attribute("data-line", str(number), timeout=PATIENCE_MS)
    expect(marked).to_be_in_viewport()


def test_timings_are_told(run: RunParts) -> None:
    run.look_at("fetch")
    for word in ("Queued for", "Started", "Finished", "Took", "Attempts", "Worker", "Executor"):
        expect(run.panel.locator("dt", has_text=re.compile(f"^{word}$"))).to_be_visible()


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_that_comes_from_outside_is_markup(author: Author, nasty: str) -> None:
    """Names, results, inputs, log lines, errors: in the panel, the list, the causes, the events and the log."""
    rows = [{nasty: nasty, "other": [nasty]}]
    tree = document(
        f"Nasty {nasty}",
        task(f"name {nasty}", executor="play", inputs={"say": [nasty], nasty: nasty, "result": rows}),
        task("fails", executor="play", inputs={"good_attempt": 9, "error": nasty, "say": [nasty]}),
        task("after", "fails", f"name {nasty}"),
    )
    run = RunParts(author.context().new_page(), finished(author.site, tree), "tab=log").ready()
    expect(run.log.first).to_contain_text(nasty, timeout=PATIENCE_MS)
    expect(run.head).to_contain_text(nasty)
    named = f"name {nasty}"
    for name, tab in ((named, "Inputs"), (named, "Log"), ("fails", "Overview"), ("fails", "Attempts")):
        run.look_at(name, tab)
        # A log in little room breaks its lines.
        squeezed = re.compile(r"\s*".join(map(re.escape, nasty.replace(" ", ""))))
        expect(run.panel.locator(".tabs [role=tabpanel]")).to_contain_text(squeezed)
    run.look_at(f"name {nasty}", "Result")
    for way in ("Table", "Tree", "Raw"):
        run.panel.get_by_text(way, exact=True).click()
        expect(run.panel.locator(".body")).to_contain_text(nasty if way != "Raw" else json.dumps(nasty))
    run.open_tab("Events")
    expect(run.page.locator(".events")).to_contain_text(nasty)
    assert run.page.locator(".run img, .run script, .run iframe").count() == 0
    assert run.page.locator("a[href^='javascript:' i]").count() == 0
    assert "caught" not in run.page.title().replace(nasty, "")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_tab(author: Author, sales: str, theme: str) -> None:
    run = RunParts(author.context(1280, 800, theme).new_page(), sales).ready()
    run.unfold("check")
    found = []
    for name, tab in (
        ("tell", "Overview"),
        ("sum", "Inputs"),
        ("fetch", "Result"),
        ("flaky", "Attempts 3"),
        ("flaky", "Log"),
    ):
        run.look_at(name, tab)
        found += [(name, tab, one) for one in run.violations()]
    assert found == []


@pytest.mark.skipif(not PICTURES, reason="APFLOW_SCREENSHOTS is not set")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(author: Author, sales: str, theme: str) -> None:
    """Screenshots for people to look at, and for the documentation."""
    run = RunParts(author.context(1280, 800, theme).new_page(), sales, "task=sum&tab=log").ready()
    run.panel.get_by_role("tab", name="Inputs").click()
    expect(origin_of(run, "day")).to_have_text("from fetch")
    expect(run.log.locator("[data-row]").first).to_be_visible(timeout=PATIENCE_MS)
    run.page.screenshot(path=f"{PICTURES}/run-panel-{theme}.png")
    phone = author.context(390, 844, theme, has_touch=True, is_mobile=True)
    run = RunParts(phone.new_page(), sales, "task=check").ready()
    expect(run.panel.get_by_role("region", name="Error")).to_be_visible(timeout=PATIENCE_MS)
    run.page.screenshot(path=f"{PICTURES}/run-phone-{theme}.png")
