"""What a browser calls itself, in the words that people use. Anybody can send anything: it is a hint and no proof."""

from __future__ import annotations

import re
from typing import Final

#: Names by the mark that gives them away. Later browsers carry the marks of earlier ones, so the order matters.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "headless Chrome"),
    ("Chrome", "Chrome"),
    ("Version", "Safari"),
    ("curl", "curl"),
    ("python-httpx", "a Python program"),
    ("python-requests", "a Python program"),
)
_SYSTEMS: Final = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_SHOWN_CHARS: Final = 40


def browser_in_words(user_agent: str) -> str:
    """Return a short name such as “Firefox 145 on Windows”; what is unknown is shown as it came, cut."""
    if not user_agent.strip():
        return "an unknown browser"
    browser = next((f"{name}{_version(user_agent, mark)}" for mark, name in _BROWSERS if f"{mark}/" in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not browser:
        return f"a browser on {system}" if system else user_agent.strip()[:_SHOWN_CHARS]
    return f"{browser} on {system}" if system else browser


def _version(user_agent: str, mark: str) -> str:
    found = re.search(rf"{re.escape(mark)}/(\d{{1,4}})", user_agent)
    return f" {found[1]}" if found else ""
