"""The task panel: values as text, bindings that are copied, ways to other tasks and to the log."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect


def clipboard(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def test_a_value_is_copied_as_a_binding(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=fetch&tab=result")
    page.get_by_role("button", name="Grace").first.click()
    page.wait_for_function("() => navigator.clipboard.readText()")
    assert clipboard(page) == '{{ tasks["Fetch orders"].result.rows[1].customer }}'
    page.get_by_text("Tree", exact=True).click()
    page.get_by_role("treeitem").filter(has_text="day").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.includes('day'))")
    assert clipboard(page) == '{{ tasks["Fetch orders"].result.day }}'
    page.get_by_text("Raw", exact=True).click()
    expect(page.get_by_role("region", name="Result")).to_contain_text('"status": "completed"')


def test_a_large_result_is_loaded_when_asked_for(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=rates&tab=result")
    page.get_by_text("Result is 3.2 MiB").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "Exchange-rates-result.json"
    page.get_by_role("button", name="Load all of it").click()
    expect(page.get_by_role("tree")).to_contain_text("0.86")


def test_the_first_cause_leads_to_its_task(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=report")
    page.get_by_role("region", name="Error").get_by_role("button", name="Load into the warehouse").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Load into the warehouse")
    expect(page.get_by_role("region", name="Error")).to_contain_text("ConnectionResetError")
    page.get_by_role("button", name="Show all of it").click()
    assert page.get_by_role("region", name="Error").inner_text().count("etl.db.copy_records") == 20


def test_it_says_why_a_task_waits_and_when_it_is_tried_again(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=publish")
    page.get_by_text("Waiting for 'Clean <b>rows</b>' (required, running for 40 s)").wait_for()
    page = open_page("view=panel&task=retry")
    counted = page.locator("strong", has_text="Attempt 2 of 3 in")
    counted.wait_for()
    before = counted.inner_text()
    page.wait_for_function("(before) => !document.body.innerText.includes(before)", arg=before)


def test_inputs_say_where_they_came_from(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=clean&tab=inputs")

    def origin(key: str) -> str:
        return page.locator(".input").filter(has=page.locator("dt", has_text=key)).locator(".origin").inner_text()

    page.get_by_text("from one of").first.wait_for()
    assert origin("table") == "own value"
    assert "expression" in origin("rows")
    assert "Fetch orders" in origin("rows")
    assert origin("batch") == "own value"
    # The result of the other one is too large to look at, and it comes later.
    assert origin("day") == "from one of Fetch orders, Exchange rates"
    assert "••••••••" in page.locator(".input").filter(has_text="token").inner_text()


def test_an_attempt_leads_to_its_log(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=load&tab=attempts&lines=4000")
    page.get_by_role("button", name="Log of attempt 2").click()
    expect(page.get_by_label("Attempt", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Open in the large log").click()
    assert page.locator("output").get_attribute("data-asked") == '{"task":"load","attempt":2,"level":"debug","q":""}'


def test_nothing_of_it_is_markup(open_page: Callable[..., Page]) -> None:
    page = open_page("view=panel&task=clean")
    expect(page.get_by_role("heading", level=2)).to_have_text("Clean <b>rows</b>")
    page = open_page("view=panel&task=fetch&tab=result")
    page.get_by_text("<script>alert(1)</script>").first.wait_for()
    assert page.locator("article script, article b b").count() == 0
