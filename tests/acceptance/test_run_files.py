"""A run that is saved as a file, and opened in another browser that asks its site for nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import document, task
from tests.acceptance.support.looks import check_look

pytestmark = pytest.mark.browser

FAILING = document(
    "Nightly import",
    task("fetch", inputs={"rows": [{"city": "Turin", "sales": 12}]}),
    task("check rows", "fetch", executor="fail", inputs={"message": "Seven rows are missing"}),
    task("load", "check rows"),
)


@pytest.fixture(scope="module")
def run_id(builder_site: BuilderSite) -> str:
    """A run that has failed."""
    run_id = str(builder_site.client.start(builder_site.make(FAILING))["id"])
    for _ in builder_site.client.follow(run_id):
        pass
    return run_id


@pytest.fixture(scope="module")
def saved(builder_site: BuilderSite, run_id: str) -> dict[str, Any]:
    """Its file, with a log that is told here: none of its tasks says anything."""
    file: dict[str, Any] = builder_site.client._transport.get(f"/runs/{run_id}/file")
    at = file["run"]["finished_at"]
    file["logs"] = [
        {
            "id": n,
            "task": "fetch",
            "attempt": 1,
            "level": 20 + n % 3 * 10,
            "logger": "",
            "message": f"Line {n}",
            "at": at,
        }
        for n in range(1, 1201)
    ]
    return file


class Opening:
    """The page that opens saved runs."""

    def __init__(self, author: Author, **options: Any) -> None:
        self.page: Page = author.context(**options).new_page()
        self.page.goto("/runs/open/")
        expect(self.page.get_by_role("button", name="Choose a file")).to_be_visible()
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(urlsplit(request.url).path))

    def choose(self, content: bytes | dict[str, Any], name: str = "run.json") -> None:
        """Choose a file as one does: by the button."""
        data = json.dumps(content).encode() if isinstance(content, dict) else content
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=re.compile("^Choose a file|^Open another")).click()
        chooser.value.set_files({"name": name, "mimeType": "application/json", "buffer": data})

    @property
    def canvas(self) -> Locator:
        return self.page.get_by_role("application", name=re.compile("^The run of"))

    @property
    def refusal(self) -> Locator:
        return self.page.get_by_role("alert")

    def row(self, name: str) -> Locator:
        tree = self.page.get_by_role("tree", name="Tasks")
        return tree.get_by_role("treeitem").filter(has=self.page.locator(".name", has_text=re.compile(f"^{name}$")))

    def panel(self) -> Locator:
        return self.page.get_by_role("complementary", name="The selected task")


def test_a_run_is_saved_and_opened_with_the_same_states(author: Author, run_id: str, tmp_path: Path) -> None:
    page = author.context(accept_downloads=True).new_page()
    page.goto(f"/runs/{run_id}/live/")
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save as a file").click()
    assert download.value.suggested_filename == f"run-{run_id}.json"
    path = tmp_path / "run.json"
    download.value.save_as(path)

    opening = Opening(author)
    opening.choose(path.read_bytes())
    expect(opening.canvas).to_be_visible(timeout=30_000)
    expect(opening.page.locator(".run-head .status-large")).to_have_text(re.compile("Failed"))
    opening.row("check rows").locator(".twist").click()
    for name, word in (("fetch", "Completed"), ("check rows", "Failed"), ("load", "Blocked")):
        expect(opening.row(name)).to_contain_text(word)
    causes = opening.page.get_by_role("list", name="What failed")
    expect(causes).to_contain_text("Seven rows are missing")
    expect(opening.panel().get_by_role("heading", name="check rows")).to_be_visible()
    opening.canvas.get_by_role("button", name=re.compile("^fetch, ")).click()
    expect(opening.panel().get_by_role("heading", name="fetch")).to_be_visible()
    opening.panel().get_by_role("tab", name="Result").click()
    expect(opening.panel()).to_contain_text("Turin")
    opening.panel().get_by_role("tab", name="Inputs").click()
    expect(opening.panel()).to_contain_text("own value")
    assert not [path for path in opening.asked if path.startswith(("/api/", "/ws/"))]


def test_nothing_can_be_done_with_it(author: Author, saved: dict[str, Any]) -> None:
    opening = Opening(author)
    opening.choose(saved)
    expect(opening.canvas).to_be_visible(timeout=30_000)
    expect(opening.page.get_by_role("note")).to_contain_text("Opened from a file")
    for name in ("Run again", "Cancel", "Pause", "Save as a file", "Retry"):
        expect(opening.page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(opening.page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    opening.page.keyboard.press("r")
    expect(opening.page.locator("dialog[open]")).to_have_count(0)


def test_its_past_is_there_too(author: Author, saved: dict[str, Any]) -> None:
    opening = Opening(author)
    opening.choose(saved)
    slider = opening.page.get_by_role("slider", name=re.compile("The moment that is shown"))
    slider.press("Home")
    expect(opening.page.locator(".run-head")).to_contain_text("As it was 0 ms after the start")
    expect(opening.row("check rows")).not_to_contain_text("Failed")
    slider.press("End")
    expect(opening.row("check rows")).to_contain_text("Failed")
    opening.page.get_by_role("tab", name="Events").click()
    expect(opening.page.get_by_role("row").filter(has_text="Seven rows are missing").first).to_be_visible()


def test_its_log_is_searched_and_filtered(author: Author, saved: dict[str, Any]) -> None:
    opening = Opening(author)
    opening.choose(saved)
    opening.page.get_by_role("tab", name="Log", exact=True).first.click()
    log = opening.page.get_by_role("tabpanel").filter(has_text="Line 1200")
    expect(log).to_be_visible()
    opening.page.get_by_role("searchbox").first.fill("Line 77")
    expect(log.or_(opening.page.get_by_text("Line 779")).first).to_be_visible()
    expect(opening.page.get_by_text("Line 1200")).to_have_count(0)
    expect(opening.page.get_by_role("link", name=re.compile("Download"))).to_have_count(0)


def test_a_run_that_went_on_stands_still(author: Author, saved: dict[str, Any]) -> None:
    file = json.loads(json.dumps(saved))
    file["run"] |= {"status": "in_progress", "finished_at": None, "error": None}
    file["tasks"][0] |= {"status": "in_progress", "finished_at": None, "result": None, "result_bytes": None}
    opening = Opening(author)
    opening.choose(file)
    expect(opening.page.locator(".run-head .status-large")).to_have_text(re.compile("In progress"), timeout=30_000)
    expect(opening.page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)


def test_what_was_left_out_is_said(author: Author, saved: dict[str, Any]) -> None:
    file = saved | {"left_out": [{"what": "logs", "count": 17}, {"what": "later", "count": 1}]}
    opening = Opening(author)
    opening.choose(file)
    expect(opening.page.get_by_role("note")).to_contain_text("17 older lines of the log were left out")


def broken(saved: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """Return the file with another value at a place."""
    file: Any = json.loads(json.dumps(saved))
    place = file
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return dict(file)


def test_broken_files_are_refused_with_the_place(author: Author, saved: dict[str, Any]) -> None:
    opening = Opening(author)
    for file, place, why in (
        (b"{", "$", "no JSON"),
        (b"[]", "$", "must be an object"),
        (b'{"format": "apflow-tree", "version": 1}', "$.format", "not a saved run"),
        (saved | {"version": 2}, "$.version", "only version 1"),
        (saved | {"events": None}, "$.events", "must be a list"),
        (broken(saved, "tasks", 2, "status", to="done"), "$.tasks[2].status", "must be one of"),
        (broken(saved, "tasks", 1, "id", to="elsewhere"), "$.tasks[1].id", "names no task"),
        (broken(saved, "events", 1, "seq", to=7), "$.events[1].seq", "must be 2"),
        (broken(saved, "logs", 1, "id", to=1), "$.logs[1].id", "greater"),
        (broken(saved, "run", "queued_at", to="yesterday"), "$.run.queued_at", "must be a time"),
        (broken(saved, "definition", "format", to="x"), "$.definition", "apflow-tree"),
    ):  # fmt: skip
        opening.choose(file, "odd.json")
        expect(opening.refusal).to_contain_text("odd.json can’t be opened")  # noqa: RUF001
        expect(opening.refusal.get_by_role("listitem").first).to_contain_text(place)
        expect(opening.refusal).to_contain_text(why)
    opening.choose(saved)
    expect(opening.canvas).to_be_visible(timeout=30_000)
    expect(opening.refusal).to_have_count(0)


def test_a_file_is_dropped(author: Author, saved: dict[str, Any]) -> None:
    opening = Opening(author)
    opening.page.evaluate(
        """text => {
          const files = new DataTransfer();
          files.items.add(new File([text], 'run.json', {type: 'application/json'}));
          for (const type of ['dragover', 'drop']) {
            document.body.dispatchEvent(new DragEvent(type, {dataTransfer: files, bubbles: true, cancelable: true}));
          }
        }""",
        json.dumps(saved),
    )
    expect(opening.canvas).to_be_visible(timeout=30_000)


def test_a_name_that_looks_like_html_stays_text(author: Author, saved: dict[str, Any]) -> None:
    file = broken(saved, "run", "tree_name", to="<img src=x onerror=alert(1)>")
    opening = Opening(author)
    opening.choose(file)
    expect(opening.page.get_by_role("heading", level=1)).to_contain_text("<img src=x")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_it_can_be_read(author: Author, saved: dict[str, Any], width: int, theme: str) -> None:
    opening = Opening(author, width=width, height=800, theme=theme)
    opening.choose(b"{}", "odd.json")
    expect(opening.refusal).to_be_visible()
    check_look(opening.page, f"run-open-{width}-{theme}")
    opening.choose(saved)
    expect(opening.row("check rows")).to_contain_text("Failed", timeout=30_000)
    check_look(opening.page, f"run-opened-{width}-{theme}")


def test_the_plain_pages_lead_there(author: Author, run_id: str) -> None:
    page = author.context().new_page()
    page.goto(f"/runs/{run_id}/")
    expect(page.get_by_role("link", name="Save as a file")).to_have_attribute("href", f"/api/v1/runs/{run_id}/file")
    page.goto("/runs/")
    page.get_by_role("link", name="Open a saved run").click()
    expect(page.get_by_role("heading", name="Open a saved run")).to_be_visible()
