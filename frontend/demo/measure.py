# ruff: noqa: T201, E501 (it prints, reads what the demo is built into; scripts for the page are long)
"""Measures the canvas in Chromium under the site's Content-Security-Policy, and takes screenshots.

In frontend/, after `npx vite build --config demo/vite.config.ts`:

    ../.venv/bin/python demo/measure.py frames 800 5000
    ../.venv/bin/python demo/measure.py shots ../var/canvas
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from apflow_site.csp import HEADER, POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUILT = str(Path(__file__).parent.parent / "node_modules" / ".demo")
SIZE = {"width": 1280, "height": 800}
RECORD = """() => {
  window.frameTimes = []; let last = performance.now();
  const tick = (now) => { window.frameTimes.push(now - last); last = now; window.frameLoop = requestAnimationFrame(tick); };
  window.frameLoop = requestAnimationFrame((now) => { last = now; window.frameLoop = requestAnimationFrame(tick); });
}"""


class WithPolicy(SimpleHTTPRequestHandler):
    """Serves the demo with the policy of the site."""

    def end_headers(self) -> None:
        """Add the policy."""
        self.send_header(HEADER, POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the built demo for a while."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(WithPolicy, directory=BUILT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()


def open_page(browser: Browser, address: str, query: str, **context: object) -> Page:
    """Open the demo; every error and refused style ends the script."""
    page = browser.new_context(viewport=SIZE, **context).new_page()
    page.on("pageerror", lambda error: sys.exit(f"{query}: {error}"))
    page.on("console", lambda message: message.type in ("error", "warning") and sys.exit(f"{query}: {message.text}"))
    page.goto(f"{address}?{query}")
    page.wait_for_function("() => window.demo && document.querySelector('.canvas canvas')")
    page.wait_for_timeout(400)
    return page


def traced(browser: Browser, page: Page, gesture: Callable[[Page], None]) -> str:
    """Say how long frames took while something was done, and how much processor time that took of each frame.

    The first depends on what else the machine does; the second hardly does.
    """
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    page.evaluate(RECORD)
    gesture(page)
    times = sorted(page.evaluate("() => { cancelAnimationFrame(window.frameLoop); return window.frameTimes; }"))
    main, all_threads = processor_times(json.loads(browser.stop_tracing())["traceEvents"])
    p95 = times[int(len(times) * 0.95)]
    spent = f"processor {main / len(times):4.1f} ms main, {all_threads / len(times):4.1f} ms all threads, a frame"
    return (
        f"p50 {statistics.median(times):5.1f}  p95 {p95:5.1f}  worst {times[-1]:6.1f}  {spent}  ({len(times)} frames)"
    )


def processor_times(events: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the processor time of the page's main thread, and of all threads, in ms."""
    names = {(e["pid"], e["tid"]): e["args"].get("name") for e in events if e["name"] == "thread_name"}
    tasks = [e for e in events if e.get("ph") == "X" and e["name"] in ("RunTask", "ThreadPool_RunTask")]
    main = [e for e in tasks if names.get((e["pid"], e["tid"])) == "CrRendererMain"]
    return sum(e.get("tdur", 0) for e in main) / 1000, sum(e.get("tdur", 0) for e in tasks) / 1000


def pan(page: Page) -> None:
    """Pan with the wheel there and back."""
    page.mouse.move(640, 400)
    for step in range(90):
        page.mouse.wheel(40 if step < 45 else -40, 24 if step < 45 else -24)
        page.wait_for_timeout(12)


def drag_pan(page: Page) -> None:
    """Pan with the middle button."""
    page.mouse.move(640, 400)
    page.mouse.down(button="middle")
    for step in range(90):
        page.mouse.move(640 + 8 * (step if step < 45 else 90 - step), 400 + 4 * (step if step < 45 else 90 - step))
        page.wait_for_timeout(12)
    page.mouse.up(button="middle")


def zoom(page: Page) -> None:
    """Zoom with Ctrl and the wheel, in and out."""
    page.mouse.move(640, 400)
    page.keyboard.down("Control")
    for step in range(90):
        page.mouse.wheel(0, -30 if step < 45 else 30)
        page.wait_for_timeout(12)
    page.keyboard.up("Control")


def drag(page: Page) -> None:
    """Drag the card nearest to the middle."""
    point = page.evaluate("""() => {
      const { canvas, scene } = window.demo, { x, y, zoom } = canvas.getView();
      const far = ([, b]) => Math.hypot((b.x + b.width / 2) * zoom + x - 640, (b.y + b.height / 2) * zoom + y - 400);
      const [, b] = [...scene.shape.boxes].filter(([id]) => id.startsWith('task')).sort((a, c) => far(a) - far(c))[0];
      return [(b.x + b.width / 2) * zoom + x, (b.y + b.height / 2) * zoom + y];
    }""")
    page.mouse.move(*point)
    page.mouse.down()
    for step in range(90):
        page.mouse.move(point[0] + 3 * step * (1 if step < 45 else -1), point[1] + 2 * step)
        page.wait_for_timeout(12)
    page.mouse.up()


def near(page: Page) -> None:
    """Go to where cards can be read."""
    page.evaluate("""() => {
      const { canvas, scene } = window.demo; const b = scene.shape.boxes.get('task-' + Math.floor(scene.shape.nodes.size / 3));
      canvas.setView({ zoom: 1, x: 640 - b.x - 112, y: 400 - b.y - 36 });
    }""")
    page.wait_for_timeout(500)


def frames(browser: Browser, address: str, counts: list[str]) -> None:
    """Print frame times of every gesture, with everything in view and from near by."""
    for count in counts:
        for mode in ("mode=edit", "mode=view&live=1"):
            page = open_page(browser, address, f"nodes={count}&{mode}")
            started = page.evaluate("() => [window.demo.startedIn, document.querySelectorAll('[data-card]').length]")
            print(
                f"{count} nodes, {mode}: interactive {started[0]:.0f} ms after the data, {started[1]} cards in the page"
            )
            for place in ("whole", "near"):
                if place == "near":
                    near(page)
                for gesture in (pan, drag_pan, zoom, *((drag,) if mode == "mode=edit" else ())):
                    print(f"  {place:5} {gesture.__name__:8} {traced(browser, page, gesture)}", flush=True)
                    page.wait_for_timeout(300)
            page.context.close()


def shots(browser: Browser, address: str, folder: list[str]) -> None:
    """Take pictures, light and dark."""
    target = Path(folder[0])
    target.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        for count in (8, 30, 300, 5000):
            for mode in ("edit", "view"):
                page = open_page(browser, address, f"nodes={count}&mode={mode}&theme={theme}", reduced_motion="reduce")
                page.screenshot(path=target / f"{count}-{mode}-{theme}.png")
                page.context.close()


if __name__ == "__main__":
    with sync_playwright() as playwright, served() as address:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--disable-gpu"])
        {"frames": frames, "shots": shots}[sys.argv[1]](chromium, address, sys.argv[2:])
