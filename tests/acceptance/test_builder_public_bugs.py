"""PB-BLD, PB-GRA-3, PB-SEC-1: failures that other builders had in public, tried on ours up to the stored tree."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from apflow.client import ApiError
from tests.acceptance.support.builder_api import draft, run_once, save
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, edges_of, task

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "</script><script>alert(1)</script>",
)


# --- PB-BLD-1: edges to deleted tasks ---------------------------------------------------------------------------------


def test_bld_1_deleted_tasks_leave_no_edge_behind(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(document("Dead ends", task("a"), task("b"), task("c", "a", "b?")))
    builder.select("a", "b")
    builder.press("Delete")
    builder.expect_cards("c")
    saved = builder.save()
    assert [one["id"] for one in saved["tasks"]] == ["c"]
    assert edges_of(saved) == set()
    exported = builder_site.client.export_tree(builder.tree_id)
    assert [edge for one in exported["tasks"] for edge in one.get("dependencies", [])] == []
    run_once(builder_site, builder.tree_id)


def test_bld_1_a_save_with_an_edge_to_nobody_names_it(builder_site: BuilderSite) -> None:
    tree = builder_site.make(document("Dead ends", task("a"), task("b", "a")))
    dead = document("Dead ends", task("b", "ghost"))
    answer = httpx.put(
        f"{builder_site.url}/api/v1/trees/{tree}",
        json={"definition": dead},
        headers={"Authorization": f"Bearer {builder_site.token}", "If-Match": "*"},
    )
    assert answer.status_code == 422
    assert "ghost" in answer.text
    assert set(by_name(builder_site.saved(tree))) == {"a", "b"}


# --- PB-BLD-2: undo brings everything back ----------------------------------------------------------------------------


@pytest.mark.parametrize("deleted", [("b",), ("b", "c")], ids=["one", "two-at-once"])
def test_bld_2_undo_of_a_delete_brings_the_edges_back(author: Author, deleted: tuple[str, ...]) -> None:
    tree = document(
        "Chain",
        task("a", position={"x": 0, "y": 0}),
        task("g", executor=None, position={"x": 0, "y": 160}),
        task("b", "a?", parent_id="g", priority=0, inputs={"value": {"deep": [1, None]}}, position={"x": 0, "y": 0}),
        task("c", "b", position={"x": 320, "y": 160}),
    )
    builder = author.open(tree)
    before = builder.bytes()
    builder.select(*deleted)
    builder.press("Delete")
    expect(builder.unsaved).to_be_visible()
    gone = builder.bytes()
    assert gone != before
    for _ in range(2):
        builder.press("Control+z")
        expect(builder.unsaved).to_have_count(0)
        assert builder.bytes() == before
        builder.press("Control+Shift+z")
        expect(builder.unsaved).to_be_visible()
        assert builder.bytes() == gone
    builder.press("Control+z")
    expect(builder.unsaved).to_have_count(0)


# --- PB-BLD-3: the last one to save -----------------------------------------------------------------------------------


def test_bld_3_two_tabs_of_one_person(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("409",)
    tree = builder_site.make(document("Two tabs", task("a"), task("b", "a")))
    context = author.context()
    one, two = author.open(tree, in_=context), author.open(tree, in_=context)
    one.go_to_outline("a")
    one.press("0")
    one.save()
    two.go_to_outline("b")
    two.press("3", "Control+s")
    two.expect_toast("has saved in the meantime. Both changes are here now")
    saved = by_name(two.save())
    assert (saved["a"]["priority"], saved["b"]["priority"]) == (0, 3)


def test_bld_3_a_program_saved_in_the_meantime_while_the_tree_runs(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("409",)
    tree = builder_site.make(document("A program", task("a", executor="sleep", inputs={"seconds": 60}), task("b", "a")))
    run = builder_site.client.start(tree)
    try:
        builder = author.open(tree)
        document_now = builder_site.saved(tree)
        by_name(document_now)["b"]["notes"] = "from a program"
        save(builder_site, tree, document_now)
        builder.go_to_outline("b")
        builder.press("0", "Control+s")
        builder.expect_toast("has saved in the meantime. Both changes are here now")
        saved = by_name(builder.save())
        assert (saved["b"]["priority"], saved["b"]["notes"]) == (0, "from a program")
    finally:
        builder_site.client.cancel(run["id"])


# --- PB-BLD-4: executors that are not here ----------------------------------------------------------------------------


def test_bld_4_an_unknown_executor_keeps_its_settings(author: Author, builder_site: BuilderSite) -> None:
    inputs: dict[str, Any] = {"url": "x", "rows": [{"a": 1}, {"b": [None, 2.5, "ü"]}], "empty": {}, "none": None}
    odd = {**task("odd", executor="not_installed", inputs=inputs), "retry": {"max_attempts": 3}}
    tree = draft(builder_site, document("Elsewhere", odd, task("b", "odd")))
    builder = author.open(tree)
    expect(builder.card("odd")).to_be_visible()
    builder.go_to_outline("b")
    builder.press("0")
    saved = by_name(builder.save())["odd"]
    assert (saved["executor"], saved["inputs"], saved["retry"]["max_attempts"]) == ("not_installed", inputs, 3)
    exported = by_name(builder_site.client.export_tree(tree))["odd"]
    assert (exported["executor"], exported["inputs"]) == ("not_installed", inputs)
    with pytest.raises(ApiError, match="not_installed"):
        builder_site.client.start(tree)


# --- PB-GRA-3: thousands of siblings ----------------------------------------------------------------------------------


def test_gra_3_ten_thousand_siblings_open_and_are_edited(author: Author, builder_site: BuilderSite) -> None:
    children = [task(f"t{number}", "root") for number in range(10_000)]
    join = task("join", *(f"t{number}" for number in range(10_000)))
    tree = builder_site.make(document("Siblings", task("root"), *children, join))
    builder = author.open(tree)
    builder.go_to_outline()
    builder.press("End", "0")
    expect(builder.unsaved).to_be_visible(timeout=30_000)
    assert builder.page.locator("main *").count() < 5_000, "only what is near the view is in the page"
    builder.press("Control+s")
    expect(builder.unsaved).to_have_count(0, timeout=60_000)
    assert sum(one["priority"] == 0 for one in builder_site.saved(tree)["tasks"] if "priority" in one) == 1


# --- PB-SEC-1: markup in what people type -----------------------------------------------------------------------------


def test_sec_1_markup_stays_text_wherever_the_builder_shows_it(author: Author, builder_site: BuilderSite) -> None:
    tasks: list[dict[str, Any]] = [
        {**task(f"t{number}"), "name": text, "notes": text, "inputs": {text: text, "value": [text]}}
        for number, text in enumerate(HOSTILE)
    ]
    tasks.append({**task("odd", executor="<b>no</b>"), "dependencies": [{"id": "t0", "required": True}]})
    tree = draft(builder_site, document(HOSTILE[0], *tasks))
    builder = author.open(tree)
    for text in HOSTILE:
        expect(builder.row(text)).to_be_visible()
        builder.row(text).click()
        expect(builder.inspector.get_by_label("Name", exact=True)).to_have_value(text)
    for panel in ("Order", "Problems", "Outline"):
        builder.page.get_by_role("tab", name=panel).click()
        expect(builder.page.get_by_role("tabpanel", name=panel)).to_be_visible()
    builder.row(HOSTILE[0]).click()
    builder.press("Control+d")
    builder.press("Control+k")
    expect(builder.dialog.get_by_role("combobox")).to_be_focused()
    builder.type("img")
    builder.press("Escape")
    # The page's own script elements hold JSON, or have an address.
    markup = "main img, dialog img, main b:text-is('no'), script:not([src]):not([type='application/json'])"
    assert builder.page.locator(markup).count() == 0
