"""The page of the log and the task panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page


@pytest.fixture(scope="session")
def demo() -> Path:
    """The folder of the demo."""
    return Path(__file__).parent


@pytest.fixture
def open_page(address: str, new_page: Callable[[int, int], Page]) -> Callable[..., Page]:
    """Opens the page with a query."""

    def open_it(query: str, *, width: int = 1280, height: int = 800) -> Page:
        page = new_page(width, height)
        page.goto(f"{address}?{query}")
        return page

    return open_it
