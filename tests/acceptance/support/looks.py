"""How a page looks: a picture of it, what axe finds, and whether it is too wide."""

from __future__ import annotations

import os
from typing import Final

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Screenshots go there when it is set.
PICTURES: Final = os.environ.get("APFLOW_SCREENSHOTS")


def check_look(page: Page, name: str) -> None:
    """Keep a picture, if they are wanted; nothing serious or critical, and nothing wider than the window."""
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")
    found = Axe().run(page, options={"resultTypes": ["violations"]})["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    assert bad == [], [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in bad]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"
