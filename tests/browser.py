"""A real Chromium for the tests that look at pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

#: The first that is installed is taken, unless APFLOW_BROWSER names another. The shell is the same engine without the
#: windows of a desktop, which take four fifths of the time of a short test.
NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@contextmanager
def chromium_running() -> Iterator[Browser]:
    """Start a Chromium; the test is skipped where none is installed."""
    named = os.environ.get("APFLOW_BROWSER")
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
        path = found or named or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("NO BROWSER: the pages were not looked at; install one with `make browser`")
        chromium = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        # Only what fails takes longer: five seconds are little for a worker or a page on a machine that is full.
        expect.set_options(timeout=20_000)
        # Playwright's loop runs in this thread; Django would take it for an asynchronous caller.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        try:
            yield chromium
        finally:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
            chromium.close()
