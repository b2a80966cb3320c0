"""The live page of a run, as somebody at it has it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from apflow.client.documents import Run
from tests.acceptance.support.builder_site import Author, BuilderSite


class RunPage:
    """The live view of one run."""

    def __init__(self, page: Page, site: BuilderSite, run_id: str, query: str = "") -> None:
        self.page, self.site, self.run_id = page, site, run_id
        page.goto(f"/runs/{run_id}/live/{query}")
        expect(self.canvas).to_be_visible(timeout=30_000)

    @property
    def canvas(self) -> Locator:
        return self.page.get_by_role("application", name=re.compile("^The run of"))

    @property
    def list(self) -> Locator:
        return self.page.get_by_role("tree", name="Tasks")

    @property
    def head(self) -> Locator:
        return self.page.locator(".run-head")

    @property
    def chart(self) -> Locator:
        return self.page.get_by_role("list", name="Tasks, with what they did when")

    @property
    def playhead(self) -> Locator:
        return self.page.get_by_role("slider", name=re.compile("The moment that is shown"))

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="The selected task")

    def row(self, name: str) -> Locator:
        return self.list.get_by_role("treeitem").filter(
            has=self.page.locator(".name", has_text=re.compile(f"^{name}$"))
        )

    def card(self, name: str) -> Locator:
        return self.canvas.get_by_role("button", name=re.compile(f"^{name}, "))

    def in_chart(self, name: str) -> Locator:
        return self.chart.get_by_role("listitem").filter(has_text=re.compile(f"^\\s*{name}:"))

    def choose(self, name: str) -> None:
        """Choose of the menu that is open."""
        self.page.get_by_role("menu").locator("[role^=menuitem]", has_text=name).click()

    def expect_status(self, word: str) -> None:
        expect(self.page.locator(".run-head .status-large")).to_have_text(re.compile(word), timeout=30_000)

    def press(self, name: str) -> None:
        self.page.locator(".run-head").get_by_role("button", name=name, exact=True).click()

    def agree(self, name: str, reason: str = "") -> None:
        if reason:
            self.dialog.get_by_label(re.compile("Reason")).fill(reason)
        self.dialog.get_by_role("button", name=name, exact=True).click()

    def stored(self) -> Run:
        return self.site.client.run(self.run_id)


def started(site: BuilderSite, document: dict[str, Any]) -> str:
    return str(site.client.start(site.make(document))["id"])


def watch(author: Author, document: dict[str, Any]) -> RunPage:
    run_id = started(author.site, document)
    return RunPage(author.context().new_page(), author.site, run_id)
