"""How the kit looks: pictures, contrast and names, light and dark, without a word from the policy."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

PICTURES = Path(__file__).parent.parent.parent / "var" / "ui-kit"

both_themes = pytest.mark.parametrize("theme", ["light", "dark"], indirect=True)


def check(page: Page, within: str = "body") -> None:
    """Fail on any finding of axe that is serious or critical."""
    found = Axe().run(page, context=within)["violations"]
    grave = [
        (finding["id"], [(node["html"][:160], node["failureSummary"][:300]) for node in finding["nodes"]])
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]
    assert grave == []


def picture(page: Page, name: str, theme: str, *, whole: bool = False) -> None:
    """Take a picture for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=whole, animations="disabled")


def open_dialog(page: Page) -> None:
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("dialog", name="Delete 12 tasks?").wait_for()


def open_menu(page: Page) -> None:
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("menu").wait_for()


def open_palette(page: Page) -> None:
    page.get_by_role("heading", name="UI kit").click()
    page.keyboard.press("n")
    page.get_by_role("dialog", name="Add a task").wait_for()
    page.keyboard.type("res")


def open_commands(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("dialog", name="Commands").wait_for()


def open_sheet(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()


def show_toasts(page: Page) -> None:
    page.get_by_role("button", name="Toast", exact=True).click()
    page.get_by_role("button", name="Bad toast").click()
    page.get_by_text("Ada has saved version 8").first.wait_for()


@both_themes
def test_the_whole_page(page: Page, theme: str) -> None:
    page.locator(".cm-lint-marker").first.wait_for()
    picture(page, "whole", theme, whole=True)
    check(page)


@both_themes
@pytest.mark.parametrize("open_it", [open_dialog, open_menu, open_palette, open_commands, open_sheet, show_toasts])
def test_what_floats(page: Page, theme: str, open_it: Callable[[Page], None]) -> None:
    open_it(page)
    picture(page, open_it.__name__.removeprefix("open_").removeprefix("show_"), theme)
    check(page, "dialog[open], :popover-open")


@both_themes
def test_the_form_as_json(page: Page, theme: str) -> None:
    page.get_by_role("radio", name="JSON").check(force=True)
    page.get_by_role("textbox", name="Inputs").wait_for()
    page.get_by_label("Form", exact=True).last.scroll_into_view_if_needed()
    picture(page, "form-json", theme)
    check(page, "section[aria-label=Form]")
