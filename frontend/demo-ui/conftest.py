"""The demo page of the UI kit, served under the site's own policy, in a real browser."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from apflow_site.csp import HEADER, POLICY

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILT = HERE.parent / "node_modules" / ".demo-ui"


class Handler(SimpleHTTPRequestHandler):
    """Serves the page, its build and the site's style sheets, with the site's policy."""

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0].lstrip("/")
        if not name:
            return str(HERE / "index.html")
        return str((ROOT if name.startswith("static/") else BUILT) / name)

    def end_headers(self) -> None:
        self.send_header(HEADER, POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Address of the demo page."""
    if not (BUILT / "demo.js").exists():
        pytest.skip("the demo page is not built: npx vite build --config demo-ui/vite.config.ts")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium that asks nobody for anything."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("NO BROWSER: install one with `make browser`")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the console said: errors, warnings and refusals of the policy."""
    return []


@pytest.fixture(params=["light"])
def theme(request: pytest.FixtureRequest) -> str:
    """Whether the page is light or dark."""
    return str(request.param)


@pytest.fixture
def page(browser: Browser, address: str, theme: str, complaints: list[str]) -> Iterator[Page]:
    """The demo page, new; the test fails when the console complained of anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.get_by_role("heading", name="UI kit").wait_for()
    yield page
    context.close()
    assert complaints == []
