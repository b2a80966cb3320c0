"""The builder as people use it: with the mouse, and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.acceptance.support.builder_site import BuilderSite

Point = tuple[float, float]


class Builder:
    """A page with the builder on it. What it does to the tree is read from the site, after saving."""

    def __init__(self, page: Page, site: BuilderSite, tree_id: str | None) -> None:
        self.page = page
        self._site = site
        self._tree_id = tree_id

    def ready(self) -> Self:
        """Wait until the tree, or for a new one the gallery or what was kept, is there."""
        expect(self.canvas).to_be_visible(timeout=30_000)
        expect(self.page.get_by_role("group", name="View")).to_be_visible()
        if self._tree_id is None:
            kept = self.page.get_by_role("button", name="Take them over")
            expect(self.dialog.or_(kept)).to_be_visible()
        return self

    # --- what is on the page ------------------------------------------------------------------------------------------

    @property
    def canvas(self) -> Locator:
        """The drawing."""
        return self.page.get_by_role("application", name=re.compile(r"^Tree .*, drawn$"))

    @property
    def outline(self) -> Locator:
        """The list of tasks beside it."""
        return self.page.get_by_role("tree", name="Tasks")

    @property
    def inspector(self) -> Locator:
        """The panel with the fields of what is selected."""
        return self.page.locator("[data-inspector]")

    @property
    def palette(self) -> Locator:
        """The palette that floats."""
        return self.page.get_by_role("dialog", name="Add a task")

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.locator("dialog[open]")

    @property
    def unsaved(self) -> Locator:
        """The dot that says that there are changes."""
        return self.page.get_by_role("toolbar", name="Tree").get_by_text("Not saved")

    @property
    def cards(self) -> Locator:
        """Everything that is drawn as a card or the head of a group."""
        return self.canvas.locator("[data-card]")

    def card(self, name: str) -> Locator:
        """The card of a task, or the head of a group."""
        return self.canvas.get_by_role("button", name=_named(name))

    def row(self, name: str) -> Locator:
        """The row of a task in the outline."""
        return self.outline.get_by_role("treeitem").filter(has=self.page.locator(".name", has_text=_exactly(name)))

    def expect_cards(self, *names: str) -> None:
        """Wait until exactly these tasks are drawn."""
        expect(self.cards).to_have_count(len(names))
        for name in names:
            expect(self.card(name)).to_be_visible()

    def expect_selected(self, *names: str) -> None:
        """Wait until exactly these are selected, on the canvas and in the outline."""
        expect(self.canvas.locator("[data-card][aria-pressed=true]")).to_have_count(len(names))
        expect(self.outline.locator("[aria-selected=true]")).to_have_count(len(names))
        for name in names:
            expect(self.card(name)).to_have_attribute("aria-pressed", "true")
            expect(self.row(name)).to_have_attribute("aria-selected", "true")

    def expect_heard(self, words: str) -> None:
        """Wait until a screen reader is told."""
        expect(self.page.locator("p.for-readers[aria-live]").first).to_contain_text(words)

    def expect_toast(self, words: str) -> None:
        """Wait for a message in the corner."""
        expect(self.page.get_by_role("region", name="Messages")).to_contain_text(words)

    # --- the mouse ----------------------------------------------------------------------------------------------------

    def select(self, *names: str) -> None:
        """Click tasks, the second and all others with Shift."""
        for index, name in enumerate(names):
            self.card(name).click(modifiers=["Shift"] if index else [], position={"x": 60, "y": 14})

    def place_of(self, name: str) -> Point:
        """The middle of a card, in the window."""
        return self._on(self.card(name), 0.5, 0.5)

    def card_corner(self, name: str) -> Point:
        """The upper left corner of a card."""
        return self._on(self.card(name), 0, 0)

    def frame_of(self, name: str) -> Point:
        """A place inside of an open group, near its lower left corner, where no card is."""
        head = self.page.get_by_role("button", name=_named(name))
        return self._on(self.canvas.locator(".group").filter(has=head), 0.06, 0.93)

    def zoom(self) -> float:
        """How large everything is drawn."""
        shown = self.page.get_by_role("group", name="View").get_by_role("button", name="%").inner_text()
        return int(shown.removesuffix("%")) / 100

    def show_everything(self) -> None:
        """Press the button that fits all into the view."""
        self.page.get_by_role("group", name="View").get_by_role("button", name="Fit to view").click()

    def free_place(self, x: float = 0.85, y: float = 0.25) -> Point:
        """A place on the canvas, as parts of its width and height."""
        return self._on(self.canvas, x, y)

    def _on(self, element: Locator, x: float, y: float) -> Point:
        box = element.bounding_box()
        assert box is not None
        return box["x"] + box["width"] * x, box["y"] + box["height"] * y

    def drag(self, start: Point, end: Point, *, let_go: bool = True, steps: int = 8) -> None:
        """Press at one place, move to another, and let go there."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=steps)
        if let_go:
            mouse.up()

    def drag_card(self, name: str, by: Point) -> None:
        """Move a task; it is taken at the left, where no handle is."""
        x, y = self._on(self.card(name), 0.12, 0.5)
        self.drag((x, y), (x + by[0], y + by[1]))

    def drag_card_to(self, name: str, to: Point) -> None:
        """Move a task until the pointer, at its left part, is at a place."""
        self.drag(self._on(self.card(name), 0.12, 0.5), to)

    def handle(self, name: str, side: str = "output") -> Point:
        """Where edges leave a task, or reach it."""
        return self._on(self.card(name), 0.5, 1.0 if side == "output" else 0.0)

    def connect(self, source: str, target: str, *, let_go: bool = True) -> None:
        """Drag from one task's handle onto another task."""
        self.drag(self.handle(source), self.place_of(target), let_go=let_go)

    def edge(self, source: str, target: str, part: float = 0.25) -> Point:
        """A place on an edge, which must be a straight one; in its middle is the `+`."""
        (x, y), (u, v) = self.handle(source), self.handle(target, "input")
        return x + (u - x) * part, y + (v - y) * part

    def click(self, at: Point, **options: Any) -> None:
        """Click at a place."""
        self.page.mouse.click(*at, **options)

    def menu(self, label: str) -> None:
        """Choose from the menu that is open."""
        self.page.get_by_role("menu").get_by_role("menuitem", name=re.compile(rf"^{re.escape(label)}(?! and)")).click()

    # --- the keyboard -------------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type a text where the keyboard stands."""
        self.page.keyboard.type(text)

    def walk_to(self, name: str) -> None:
        """Put the keyboard onto a task of the canvas, from wherever it is, by the outline."""
        self.go_to_outline(name)
        self.press("Alt+c")
        expect(self.card(name)).to_be_focused()

    def tab_to(self, target: Locator) -> None:
        """Press Tab until something has the focus."""
        for _ in range(60):
            if target.evaluate("element => element.matches(':focus')"):
                return
            self.press("Tab")
        expect(target).to_be_focused()

    def do(self, command: str) -> None:
        """Carry a command out from the command palette, by keyboard."""
        self.press("Control+k")
        expect(self.dialog.get_by_role("combobox")).to_be_focused()
        self.type(command)
        expect(self.dialog.get_by_role("option", selected=True)).to_contain_text(command)
        self.press("Enter")

    def pick(self, search: str) -> None:
        """Search in the palette that is open, and take what is found first."""
        field = self.palette.get_by_role("combobox")
        expect(field).to_be_focused()
        self.type(search)
        expect(self.palette.get_by_role("option", selected=True)).to_contain_text(search)
        self.press("Enter")
        expect(self.palette).to_have_count(0)

    def go_to_outline(self, name: str | None = None) -> None:
        """Put the keyboard into the outline, and on a task of it."""
        self.press("Alt+1")
        expect(self.outline).to_be_focused()
        if name is not None:
            self.press("Home")
            for _ in range(self.outline.get_by_role("treeitem").count()):
                if self.active_row() == name:
                    break
                self.press("ArrowDown")
            assert self.active_row() == name

    def active_row(self) -> str:
        """The name of the outline's row that the keyboard stands on."""
        row = self.page.locator(f"[id='{self.outline.get_attribute('aria-activedescendant')}']")
        return row.locator(".name").inner_text().split(",")[0]

    # --- what comes of it ---------------------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Save by Ctrl+S; returns the document that is stored then."""
        expect(self.unsaved).to_be_visible()
        self.press("Control+s")
        expect(self.unsaved).to_have_count(0, timeout=30_000)
        return self._site.saved(self.tree_id)

    @property
    def tree_id(self) -> str:
        """The tree's id, which a new tree has from its first saving on."""
        if self._tree_id is None:
            self.page.wait_for_url("**/trees/*/edit/")
            self._tree_id = self.page.url.rstrip("/").split("/")[-2]
        return self._tree_id

    def bytes(self) -> bytes:
        """The document as it is downloaded now, to the byte."""
        with self.page.expect_download() as download:
            self.do("Download as a file")
        return Path(download.value.path()).read_bytes()


def _exactly(name: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(name)}(, .*)?\s*$")


def _named(name: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(name)}, ")
