"""Demo pages of the kit and of the run view's parts, served under the site's own policy, in a real browser.

`demo` is each folder's own fixture: the folder, whose build lies in `node_modules/.<name>`.
"""

# ruff: noqa: S101 - fixtures of tests

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from apflow_site.csp import HEADER, POLICY

HERE = Path(__file__).parent


class Handler(SimpleHTTPRequestHandler):
    """Serves a page, its build and the site's style sheets, with the site's policy."""

    def __init__(self, demo: Path, *given: Any) -> None:
        self.demo = demo
        super().__init__(*given)

    def translate_path(self, path: str) -> str:
        name = path.partition("?")[0].lstrip("/")
        if not name:
            return str(self.demo / "index.html")
        return str((HERE.parent if name.startswith("static/") else build_of(self.demo)) / name)

    def end_headers(self) -> None:
        self.send_header(HEADER, POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def build_of(demo: Path) -> Path:
    """Where a demo's build is."""
    return HERE / "node_modules" / f".{demo.name}"


@pytest.fixture(scope="session")
def address(demo: Path) -> Iterator[str]:
    """Address of the demo page."""
    if not (build_of(demo) / "demo.js").exists():
        pytest.skip(f"the demo page is not built: npx vite build --config {demo.name}/vite.config.ts")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, demo))
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
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
        )
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
def new_page(browser: Browser, theme: str, complaints: list[str]) -> Iterator[Callable[[int, int], Page]]:
    """Opens empty pages of a width and a height; the test fails when the console of one complained of anything."""
    contexts = []

    def open_it(width: int, height: int) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []
