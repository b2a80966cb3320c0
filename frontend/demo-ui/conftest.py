"""The demo page of the UI kit."""

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
def page(address: str, new_page: Callable[[int, int], Page]) -> Page:
    """The demo page, new."""
    page = new_page(1280, 900)
    page.goto(address)
    page.get_by_role("heading", name="UI kit").wait_for()
    return page
