# ruff: noqa: S101, T201, E501 (a check asserts and prints; scripts for the page are long)
"""Uses the canvas with mouse, keys, fingers and axe, as people do; in frontend/: `../.venv/bin/python demo/check.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_core_python.sync_playwright import Axe
from measure import open_page, served
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


class Canvas:
    """The demo's canvas."""

    def __init__(self, page: Page) -> None:
        """Take a page on which the demo is open."""
        self.page = page
        self._protocol = page.context.new_cdp_session(page)

    def ask(self, script: str, *values: object) -> Any:
        """Evaluate with `scene`, `canvas` and `events` at hand."""
        return self.page.evaluate(
            f"(v) => {{ const {{ scene, canvas, events }} = window.demo; return {script}; }}", list(values)
        )

    def point(self, node: str, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """Where a part of a node is in the window."""
        at = self.ask(
            "(() => { const b = scene.shape.boxes.get(v[0]), w = canvas.getView();"
            " return [(b.x + b.width * v[1]) * w.zoom + w.x, (b.y + b.height * v[2]) * w.zoom + w.y]; })()",
            node,
            x,
            y,
        )
        return at[0], at[1]

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, drop: bool = True) -> None:
        """Drag with the mouse."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
        self.page.mouse.move(*end, steps=4)
        if drop:
            self.page.mouse.up()

    def touch(self, kind: str, *points: tuple[float, float], first: int = 0) -> None:
        """Put fingers down or move them; at the end these go up, or all. They are numbered from `first`."""
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points, first)]
        self._protocol.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers})

    def wait_for_view(self, **expected: float) -> None:
        """Wait until the view is nearly there: moves of fingers arrive with the next frame."""
        self.page.wait_for_function(
            "(wanted) => { const view = window.demo.canvas.getView();"
            " return Object.entries(wanted).every(([name, value]) => Math.abs(view[name] - value) < 0.1); }",
            arg=expected,
        )

    def view(self) -> dict[str, float]:
        """Where the view is."""
        return dict(self.ask("canvas.getView()"))

    def events(self, name: str) -> list[Any]:
        """What was told under that name."""
        return [event[1:] for event in self.ask("JSON.parse(JSON.stringify(events))") if event[0] == name]

    def selected(self) -> list[str]:
        """The selected ids in their order."""
        return list(self.ask("[...scene.selected]"))


def clicks_select(c: Canvas) -> None:
    c.page.mouse.click(*c.point("task-0", 0.4))
    assert c.selected() == ["task-0"]
    c.page.keyboard.down("Shift")
    c.page.mouse.click(*c.point("task-1", 0.4))
    c.page.keyboard.up("Shift")
    assert c.selected() == ["task-0", "task-1"]
    c.page.mouse.click(4, 4)
    assert c.selected() == []


def a_box_selects(c: Canvas) -> None:
    c.ask("canvas.setView({ x: 0, y: 200, zoom: 0.5 })")
    c.ask("canvas.reveal('task-0')")
    c.page.wait_for_timeout(500)
    x, y = c.point("task-0", 0, 0)
    c.drag((x - 30, y + 10), c.point("task-0"))
    assert c.selected() == ["task-0"], c.selected()


def a_drag_is_one_move(c: Canvas) -> None:
    x, y = c.point("task-0", 0.4)
    c.drag((x, y), (x + 60, y - 44))
    [[move]] = c.events("move")[-1:]
    assert [moved["id"] for moved in move["moves"]] == ["task-0"]
    assert c.ask("scene.shape.boxes.get('task-0').x % 8") == 0


def a_drop_on_an_edge_splits_it(c: Canvas) -> None:
    c.ask("canvas.fit()")
    c.page.wait_for_timeout(500)
    source, target, x, y = c.ask(
        "(() => { const far = (e) => e.source !== 'task-0' && e.target !== 'task-0';"
        " const at = (e) => { const a = scene.shape.boxes.get(e.source), b = scene.shape.boxes.get(e.target), w = canvas.getView();"
        " return [(a.x + a.width / 2 + b.x + b.width / 2) / 2 * w.zoom + w.x, (a.y + a.height + b.y) / 2 * w.zoom + w.y]; };"
        " const e = [...scene.shape.edges.values()].filter(far).at(-1); return [e.source, e.target, ...at(e)]; })()",
    )
    c.drag(c.point("task-0", 0.4), (x, y), drop=False)
    c.page.locator("path.split").wait_for(state="attached")
    c.page.mouse.up()
    assert c.events("move")[-1][0]["splits"] == c.ask(
        "[...scene.shape.edges.values()].find((e) => e.source === v[0] && e.target === v[1]).members[0]", source, target
    )


def a_drag_at_the_border_moves_the_view(c: Canvas) -> None:
    before = c.view()
    c.drag(c.point("task-1", 0.4), (1276, 400), drop=False)
    c.page.wait_for_function("(x) => window.demo.canvas.getView().x < x - 100", arg=before["x"])
    c.page.mouse.move(640, 400, steps=4)
    box = c.page.locator("[data-card=task-1]").bounding_box()
    assert box and box["x"] < 640 < box["x"] + box["width"], "the card stays under the pointer"
    after = c.view()
    c.page.mouse.move(700, 400)
    assert c.view() == after, "away from the border the view stands still"
    c.page.keyboard.press("Escape")
    c.page.mouse.up()


def escape_ends_a_drag(c: Canvas) -> None:
    before = len(c.events("move"))
    x, y = c.point("task-0", 0.4)
    c.drag((x, y), (x + 60, y + 44), drop=False)
    c.page.keyboard.press("Escape")
    c.page.mouse.up()
    assert len(c.events("move")) == before


def a_drag_into_a_group_changes_the_parent(c: Canvas) -> None:
    group = c.ask("[...scene.shape.nodes.values()].find((n) => n.kind === 'group' && !n.collapsed).id")
    c.ask("canvas.fit()")
    c.page.wait_for_timeout(500)
    c.drag(c.point("task-0", 0.9), c.point(group, 0.03, 0.6))
    assert c.events("move")[-1][0]["moves"][0]["parent"] == group
    c.drag(c.point("task-0", 0.1), (120, 90))
    assert c.events("move")[-1][0]["moves"][0]["parent"] is None


def connections(c: Canvas) -> None:
    c.ask("canvas.fit()")
    c.page.wait_for_timeout(500)
    c.drag(c.point("task-0", 0.5, 1), c.point("task-29", 0.4, 0.5))
    assert c.events("connect")[-1] == ["task-0", "task-29"]
    c.drag(c.point("task-0", 0.5, 1), c.point("task-29", 0.4, 0.5), drop=False)
    assert "connected already" in c.page.locator(".refusal").inner_text()
    c.page.mouse.up()
    assert "connected already" in c.events("refuse")[-1][0]
    x, y = c.point("task-0", 0.5, 1)
    c.drag((x, y), (120, 90))
    assert c.events("connectToEmpty")[-1][0]["from"] == "output"


def edges(c: Canvas) -> None:
    x, y = c.ask(
        "(() => { const e = [...scene.shape.edges.values()].find((e) => e.target === 'task-29'), w = canvas.getView();"
        " const a = scene.shape.boxes.get(e.source), b = scene.shape.boxes.get(e.target);"
        " return [(a.x + a.width / 2 + b.x + b.width / 2) / 2 * w.zoom + w.x, (a.y + a.height + b.y) / 2 * w.zoom + w.y]; })()",
    )
    c.page.mouse.move(x + 1, y)
    c.page.mouse.move(x, y)
    c.page.locator(".insert").wait_for()
    assert "→" in c.page.locator(".tools .said").inner_text()
    c.page.locator(".insert").click()
    assert c.events("edgeInsert")[-1][0]["target"]
    c.page.mouse.move(4, 4)
    near = c.ask(
        "(() => { const e = [...scene.shape.edges.values()].find((e) => e.target === 'task-29'), w = canvas.getView();"
        " const b = scene.shape.boxes.get(e.target); return [(b.x + b.width / 2) * w.zoom + w.x, (b.y - 20) * w.zoom + w.y]; })()",
    )
    c.page.mouse.click(*near)
    assert c.events("edgeClick")[-1][0]["target"] == "task-29"


def keys(c: Canvas) -> None:
    c.page.mouse.click(*c.point("task-1", 0.4))
    c.page.keyboard.press("ArrowDown")
    below = c.selected()
    assert below != ["task-1"] and c.ask("document.activeElement.dataset.card") == below[0]
    c.page.keyboard.press("Enter")
    assert c.events("open")[-1] == below
    c.page.keyboard.press("F2")
    c.page.keyboard.type("Another name")
    c.page.keyboard.press("Enter")
    assert c.ask("scene.look(v[0]).title", below[0]) == "Another name"
    c.page.wait_for_timeout(400)
    assert c.ask("document.activeElement.dataset.card") == below[0], "the focus comes back after renaming"
    c.page.keyboard.press("Alt+ArrowRight")
    assert c.events("move")[-1][0]["moves"][0]["id"] == below[0]
    c.page.keyboard.press("Escape")
    assert c.selected() == []


def zooming_and_panning(c: Canvas) -> None:
    c.page.keyboard.press("1")
    c.page.wait_for_timeout(500)
    fitted = c.ask("canvas.getView()")
    c.page.keyboard.press("+")
    c.page.wait_for_timeout(500)
    assert c.ask("canvas.getView().zoom") > fitted["zoom"]
    c.page.keyboard.press("0")
    c.page.wait_for_timeout(500)
    assert c.ask("canvas.getView().zoom") == 1
    for pan in (_wheel, _middle, _space):
        before = c.ask("canvas.getView()")
        pan(c.page)
        after = c.ask("canvas.getView()")
        assert after["zoom"] == 1 and (after["x"], after["y"]) != (before["x"], before["y"]), pan
    c.page.keyboard.down("Control")
    c.page.mouse.wheel(0, 100)
    c.page.keyboard.up("Control")
    c.page.wait_for_timeout(100)
    assert c.ask("canvas.getView().zoom") < 1
    assert c.selected() == []


def the_page_itself_stays(c: Canvas) -> None:
    """Neither scrolled nor zoomed, whatever the wheel is turned over."""
    c.page.evaluate("() => addEventListener('wheel', (event) => (window.wasPrevented = event.defaultPrevented))")
    for place in ((640, 400), (1200, 720), (60, 780)):
        c.page.mouse.move(*place)
        c.page.keyboard.down("Control")
        c.page.mouse.wheel(0, 60)
        c.page.keyboard.up("Control")
        c.page.wait_for_function("() => window.wasPrevented === true")
        c.page.evaluate("() => { window.wasPrevented = null; }")
    c.page.evaluate("() => document.querySelector('.canvas').scrollTo(300, 300)")
    c.page.wait_for_function(
        "() => { const { scrollLeft, scrollTop } = document.querySelector('.canvas'); return scrollLeft + scrollTop === 0; }"
    )
    assert c.page.evaluate("[scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]


def _wheel(page: Page) -> None:
    page.mouse.move(600, 300)
    page.mouse.wheel(30, 40)
    page.wait_for_timeout(100)


def _middle(page: Page) -> None:
    page.mouse.down(button="middle")
    page.mouse.move(640, 330, steps=4)
    page.mouse.up(button="middle")


def _space(page: Page) -> None:
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(600, 350, steps=4)
    page.mouse.up()
    page.keyboard.up(" ")


def groups_open_and_close(c: Canvas) -> None:
    group = c.ask("[...scene.shape.nodes.values()].find((n) => n.kind === 'group').id")
    c.ask("canvas.fit()")
    c.page.wait_for_timeout(500)
    before = c.ask("scene.shape.nodes.get(v[0]).collapsed", group)
    c.page.locator(f'[data-toggle="{group}"]').click()
    assert c.ask("scene.shape.nodes.get(v[0]).collapsed", group) is not before
    c.ask("canvas.focusNode(v[0])", group)
    c.page.wait_for_timeout(500)
    c.page.keyboard.press(" ")
    assert c.ask("scene.shape.nodes.get(v[0]).collapsed", group) is before


def menus(c: Canvas) -> None:
    c.page.mouse.click(*c.point("task-1", 0.4), button="right")
    assert c.events("contextMenu")[-1][0]["node"] == "task-1"
    c.page.keyboard.press("Shift+F10")
    assert c.events("contextMenu")[-1][0]["node"] == "task-1"


def a_palette_drops(c: Canvas) -> None:
    c.page.evaluate(
        "() => { const data = new DataTransfer(); data.setData('application/x-canvas-item', 'rest');"
        " const at = { clientX: 30, clientY: 40, dataTransfer: data, bubbles: true, cancelable: true };"
        " const pane = document.querySelector('.canvas');"
        " for (const name of ['dragover', 'drop']) pane.dispatchEvent(new DragEvent(name, at)); }",
    )
    assert c.events("drop")[-1][0]["data"] == "rest"


def axe_finds_nothing_serious(c: Canvas) -> None:
    found = [v for v in Axe().run(c.page)["violations"] if v["impact"] in ("serious", "critical")]
    assert not found, [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found]


def a_finger_pans(c: Canvas) -> None:
    before = c.view()
    x, y = c.point("task-0")
    c.touch("Start", (x, y))
    for step in range(1, 6):
        c.touch("Move", (x + 20 * step, y + 10 * step))
    c.touch("End")
    c.wait_for_view(x=before["x"] + 100, y=before["y"] + 50, zoom=before["zoom"])
    assert c.selected() == [] and not c.events("move")


def two_fingers_zoom(c: Canvas) -> None:
    c.ask("canvas.setView({ x: 100, y: 100, zoom: 0.5 })")
    held = c.ask("[canvas.screenToScene(500, 400), canvas.screenToScene(700, 400)]")
    c.touch("Start", (500, 400))
    c.touch("Start", (500, 400), (700, 400))
    for step in range(1, 6):
        c.touch("Move", (500 - 20 * step, 400 + 10 * step), (700 + 20 * step, 400 + 10 * step))
    first, second = held
    assert abs(second["x"] - first["x"] - 400) < 0.1
    c.wait_for_view(x=400 - first["x"], y=450 - first["y"], zoom=1)
    c.touch("End", (400, 450))
    c.touch("Move", (840, 480), first=1)
    c.touch("End")
    c.wait_for_view(x=440 - first["x"], y=480 - first["y"], zoom=1)  # one finger that is left only pans
    assert c.selected() == []
    assert c.page.evaluate("visualViewport.scale") == 1


def a_finger_taps(c: Canvas) -> None:
    c.ask("canvas.fit()")
    c.page.touchscreen.tap(*c.point("task-1", 0.4))
    assert c.selected() == ["task-1"]


def the_view_glides(c: Canvas) -> None:
    """Where motion is not to be reduced; a turn of the wheel ends it."""
    c.ask("canvas.setView({ x: 0, y: 0, zoom: 0.2 })")
    seen = c.page.evaluate(
        "() => new Promise((tell) => { const { canvas } = window.demo, zooms = []; canvas.zoomBy(3);"
        " const look = () => { zooms.push(canvas.getView().zoom); zooms.at(-1) < 0.6 ? requestAnimationFrame(look) : tell(zooms); };"
        " requestAnimationFrame(look); })",
    )
    assert seen == sorted(seen) and abs(seen[-1] - 0.6) < 1e-9, seen
    assert any(0.2 < zoom < 0.6 for zoom in seen), seen
    stopped = c.page.evaluate(
        "() => new Promise((tell) => { const { canvas } = window.demo; canvas.zoomBy(0.2);"
        " requestAnimationFrame(() => requestAnimationFrame(() => { canvas.setView({ x: 5, y: 5, zoom: 1 });"
        " setTimeout(() => tell(canvas.getView()), 400); })); })",
    )
    assert stopped == {"x": 5, "y": 5, "zoom": 1}, stopped


def many(c: Canvas) -> None:
    """With 800 nodes there are no cards in the page, and everything works all the same."""
    assert c.page.locator("[data-card]").count() == 0
    c.page.mouse.click(*c.point("task-0", 0.5))
    assert c.selected() == ["task-0"]
    c.drag((4, 4), (1276, 796))
    assert len(c.selected()) > 700
    c.page.mouse.click(4, 4)
    c.ask("canvas.fit()")
    c.drag(c.point("task-0", 0.5), (200, 200))
    assert c.events("move")[-1][0]["moves"][0]["id"] == "task-0"
    c.page.keyboard.press("ArrowDown")
    assert (
        c.selected() != ["task-0"] and c.page.evaluate("document.activeElement.getAttribute('role')") == "application"
    )
    c.ask("canvas.rename('task-400')")
    c.page.locator("[data-name-field]").wait_for()
    c.page.keyboard.type("Found")
    c.page.keyboard.press("Enter")
    assert c.ask("scene.look('task-400').title") == "Found"


SMALL: tuple[Callable[[Canvas], None], ...] = (
    clicks_select,
    a_box_selects,
    a_drag_is_one_move,
    a_drop_on_an_edge_splits_it,
    a_drag_at_the_border_moves_the_view,
    escape_ends_a_drag,
    a_drag_into_a_group_changes_the_parent,
    connections,
    edges,
    keys,
    zooming_and_panning,
    the_page_itself_stays,
    groups_open_and_close,
    menus,
    a_palette_drops,
    axe_finds_nothing_serious,
)

TOUCH = (a_finger_pans, two_fingers_zoom, a_finger_taps)
STILL: dict[str, object] = {"reduced_motion": "reduce"}

if __name__ == "__main__":
    with sync_playwright() as playwright, served() as address:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--disable-gpu"])
        for query, checks, context in (
            ("nodes=30&mode=edit", SMALL, STILL),
            ("nodes=30&mode=edit", TOUCH, {**STILL, "has_touch": True}),
            ("nodes=30&mode=edit", (the_view_glides,), {}),
            ("nodes=30&mode=view&theme=dark", (axe_finds_nothing_serious,), STILL),
            ("nodes=800&mode=edit", (many,), STILL),
        ):
            canvas = Canvas(open_page(chromium, address, query, **context))
            for check in checks:
                check(canvas)
                print("ok", query, check.__name__, flush=True)
