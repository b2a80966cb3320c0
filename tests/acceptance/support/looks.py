"""How a page looks: a picture of it, what axe finds, and whether it is too wide."""

from __future__ import annotations

import os
from typing import Final

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Screenshots go there when it is set.
PICTURES: Final = os.environ.get("APFLOW_SCREENSHOTS")

#: Widths and themes in which a page is looked at: each once, and with pictures every pair.
LOOKS: Final = [(1280, "light"), (390, "dark"), *([(1280, "dark"), (390, "light")] if PICTURES else [])]

#: Colours on their way from one theme to another have no contrast to speak of.
_SETTLED: Final = """Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition)
    .map((one) => one.finished.catch(() => null))).then(() => null)"""


def grave(page: Page, where: str | None = None) -> list[tuple[str, list[str]]]:
    """What axe finds serious or critical in a page, or in the part of it that a selector names, with what it is about.

    All its rules are asked; only what they find is collected, which saves most of the time on large pages.
    """
    page.evaluate(_SETTLED)
    found = Axe().run(page, where, {"resultTypes": ["violations"]})["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in bad]


def check_look(page: Page, name: str) -> None:
    """Keep a picture, if they are wanted; nothing serious or critical, and nothing wider than the window."""
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")
    assert grave(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} pixels wider than the window"
