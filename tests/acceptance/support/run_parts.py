"""The parts of the page of a run that its tests look at, wide and on a phone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.acceptance.support.looks import grave

#: Generous: the machine may be busy with other things.
PATIENCE_MS = 30_000
_MARKUP = "<img src=x onerror=\"document.title='caught'\">"
#: What must stay text wherever it is written.
NASTY = (_MARKUP, '"><script>document.title="caught"</script>', "javascript:document.title='caught'")


class RunParts:
    """An open page of a run. `query` is the address's, without the question mark."""

    def __init__(self, page: Page, run_id: str, query: str = "") -> None:
        self.page, self.run_id = page, run_id
        page.goto(f"/runs/{run_id}/live/{'?' if query else ''}{query}")

    def ready(self) -> Self:
        """Wait until the run is there."""
        expect(self.head).to_be_visible(timeout=PATIENCE_MS)
        return self

    @property
    def head(self) -> Locator:
        """How the run stands, and what can be done with it."""
        return self.page.locator(".run-head")

    @property
    def list(self) -> Locator:
        """The tasks as a list."""
        return self.page.get_by_role("tree", name="Tasks")

    @property
    def panel(self) -> Locator:
        """The panel of the selected task."""
        return self.page.get_by_role("complementary", name="The selected task")

    @property
    def log(self) -> Locator:
        """What scrolls the lines of the log; the large one, or the panel's."""
        return self.page.locator("[data-key-scope=log]")

    @property
    def heard(self) -> Locator:
        """What screen readers are told."""
        return self.page.locator("p.for-readers[aria-live]")

    def row(self, name: str) -> Locator:
        """The row of a task in the list."""
        exactly = self.page.locator(".name", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
        return self.list.get_by_role("treeitem").filter(has=exactly)

    def expect_status(self, word: str) -> None:
        """Wait until the run shows a status."""
        status = self.head.locator(".status-large")
        expect(status).to_have_text(re.compile(rf"^\s*{word}\s*$"), timeout=PATIENCE_MS)

    def unfold(self, name: str) -> None:
        """Show what is under a row: the tasks that did not run because of one are folded."""
        self.row(name).locator(".twist").click()
        expect(self.row(name)).to_have_attribute("aria-expanded", "true")

    def look_at(self, name: str, tab: str | None = None) -> None:
        """Open a task's panel by its row, and a tab of it."""
        self.row(name).click()
        expect(self.panel.get_by_role("heading", level=2)).to_have_text(name, timeout=PATIENCE_MS)
        if tab is not None:
            self.panel.get_by_role("tab", name=tab, exact=True).click()

    def open_tab(self, name: str) -> None:
        """Open one of the page's tabs."""
        self.page.get_by_role("tablist", name="What happened").get_by_role("tab", name=name, exact=True).click()

    def clipboard(self) -> str:
        """What was copied."""
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))

    def violations(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What axe finds that is serious or critical."""
        return grave(self.page)

    def expect_no_sideways_scroll(self) -> None:
        """Nothing of the page is wider than the window."""
        root = "document.documentElement"
        assert self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
