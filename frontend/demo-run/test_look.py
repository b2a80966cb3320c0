"""How the log and the task panel look: pictures, contrast and names, light and dark, without a word from the policy."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

PICTURES = Path(__file__).parent.parent.parent / "var" / "run-parts"

both_themes = pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)


def check(page: Page) -> None:
    """Fail on any finding of axe that is serious or critical."""
    found = Axe().run(page)["violations"]
    grave = [
        (finding["id"], [(node["html"][:160], node["failureSummary"][:300]) for node in finding["nodes"]])
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]
    assert grave == []


def picture(page: Page, name: str, theme: str) -> None:
    """Take a picture for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{theme}.png", animations="disabled")


@both_themes
@pytest.mark.parametrize("name", ["log", "filtered", "wrapped", "narrow"])
def test_log(open_page: Callable[..., Page], theme: str, name: str) -> None:
    query = {"filtered": "lines=5000&q=orders&level=warning&task=fetch", "log": "lines=5000"}.get(name, "lines=5000")
    page = open_page(query, width=560 if name == "narrow" else 1280)
    page.locator("[data-row]").first.wait_for()
    if name == "wrapped":
        page.get_by_role("button", name="Wrap long lines").click()
        page.get_by_role("log").press("Home")
        page.locator("[data-row=wrapped]").first.wait_for()
    picture(page, f"log-{name}", theme)
    check(page)


@both_themes
@pytest.mark.parametrize("task", ["load", "clean", "retry", "report", "publish", "rates", "group"])
def test_overview(open_page: Callable[..., Page], theme: str, task: str) -> None:
    page = open_page(f"view=panel&task={task}", width=460)
    page.get_by_role("tab", name="Overview").wait_for()
    page.wait_for_load_state("networkidle")
    picture(page, f"panel-{task}", theme)
    check(page)


@both_themes
@pytest.mark.parametrize(
    ("task", "tab", "there"),
    [("clean", "inputs", "rows"), ("fetch", "result", "Tree"), ("rates", "result", "Load all of it"),
     ("load", "attempts", "Attempt 3"), ("load", "log", "Open in the large log")],
)  # fmt: skip
def test_tabs(open_page: Callable[..., Page], theme: str, task: str, tab: str, there: str) -> None:
    page = open_page(f"view=panel&task={task}&tab={tab}&past", width=460)
    page.get_by_text(there, exact=True).first.wait_for()
    if tab == "log":
        page.locator("[data-row]").first.wait_for()
    picture(page, f"panel-{task}-{tab}", theme)
    check(page)
