"""The marks on the cards of a canvas: of a plan, or of a comparison."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


class MarkedCards:
    """What a page with a canvas says about the marks on it."""

    page: Page

    def card(self, name: str) -> Locator:
        """The card of a task whose id is its name."""
        return self.page.get_by_role("application").locator(f"[data-card='{name}']")

    def expect_marks(self, **marks: str | None) -> None:
        """Wait until the cards have these marks, by the tasks' names."""
        for name, mark in marks.items():
            if mark is None:
                expect(self.card(name)).not_to_have_attribute("data-mark", re.compile("."))
            else:
                expect(self.card(name)).to_have_attribute("data-mark", mark)
