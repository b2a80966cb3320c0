"""Versions in the builder, and what somebody sees who may look only."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.acceptance.support.builder_api import ask, save
from tests.acceptance.support.builder_keys import tab_to
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_people import browser_of, sign_up
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, task

pytestmark = pytest.mark.browser


@pytest.fixture
def tree(builder_site: BuilderSite) -> str:
    """A tree in its third version: `new` was added, `gone` deleted, `a` changed."""
    tree = builder_site.make(document("Versions", task("a"), task("same"), task("gone", "a")))
    save(builder_site, tree, document("Versions", task("a"), task("same"), task("gone", "a", notes="?")), "a note")
    save(builder_site, tree, document("Versions", task("a", priority=0), task("same"), task("new", "a")), "the third")
    return tree


def versions(builder: Builder) -> None:
    """Look that all versions are listed, the newest first, with who and why."""
    rows = builder.dialog.get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("the third")
    expect(rows.nth(0)).to_contain_text("admin")
    expect(rows.nth(1)).to_contain_text("a note")


def marks(builder: Builder) -> dict[str, str]:
    """How tasks are marked on the canvas, by their names."""
    found = {}
    for name in ("a", "same", "gone", "new"):
        if builder.card(name).count():
            label = builder.card(name).get_attribute("aria-label") or ""
            found[name] = next((mark for mark in ("Added", "Changed", "Removed") if mark in label), "")
    return found


def test_two_versions_are_compared_on_the_canvas(author: Author, tree: str) -> None:
    builder = author.open(tree)
    builder.page.get_by_role("button", name="More").click()
    builder.page.get_by_role("menuitem", name="Versions").click()
    versions(builder)
    builder.dialog.get_by_role("listitem").nth(2).get_by_role("button", name="Compare").click()
    expect(builder.page.get_by_role("status").filter(has_text="Compared with version 1")).to_contain_text(
        "1 added, 1 changed, 1 removed"
    )
    builder.expect_cards("a", "same", "gone", "new")
    assert marks(builder) == {"a": "Changed", "same": "", "gone": "Removed", "new": "Added"}
    builder.page.get_by_role("button", name="End the comparison").click()
    builder.expect_cards("a", "same", "new")
    assert set(marks(builder).values()) == {""}
    expect(builder.unsaved).to_have_count(0)


def test_a_version_is_restored_as_a_step_by_keyboard(author: Author, tree: str, builder_site: BuilderSite) -> None:
    builder = author.open(tree)
    builder.press("Control+h")
    versions(builder)
    tab_to(builder.dialog.get_by_role("listitem").nth(1).get_by_role("button", name="Restore"))
    builder.press("Enter")
    builder.expect_cards("a", "same", "gone")
    expect(builder.unsaved).to_be_visible()
    assert len(ask(builder_site, "GET", f"/trees/{tree}/versions")["items"]) == 3
    builder.press("Control+z")
    builder.expect_cards("a", "same", "new")
    expect(builder.unsaved).to_have_count(0)
    builder.press("Control+y")
    saved = by_name(builder.save())
    assert saved.keys() == {"a", "same", "gone"}
    assert saved["gone"]["notes"] == "?"
    assert builder_site.client.tree(tree)["version"] == 4


def test_who_may_look_only_changes_nothing(author: Author, tree: str, builder_site: BuilderSite) -> None:
    sign_up(builder_site)
    before = builder_site.saved(tree)
    builder = author.open(tree, in_=browser_of(author, "viewer"))
    bar = builder.page.get_by_role("toolbar", name="Tree")
    expect(bar).to_contain_text("Read only")
    for name in ("Save", "Add a task", "Run"):
        expect(bar.get_by_role("button", name=name, exact=True)).to_be_disabled()
    expect(builder.page.get_by_label("Name of the tree")).to_be_disabled()
    builder.select("a")
    expect(builder.inspector.get_by_label("Name", exact=True)).to_be_disabled()
    builder.press("Delete", "0", "n", "Control+d", "Control+Enter", "Control+Shift+s")
    expect(builder.dialog).to_have_count(0)
    expect(builder.palette).to_have_count(0)
    builder.drag_card("same", (120, 60))
    builder.expect_cards("a", "same", "new")
    expect(builder.unsaved).to_have_count(0)
    builder.press("Control+s")
    builder.press("Control+j")
    expect(builder.dialog.get_by_role("textbox")).to_have_attribute("aria-readonly", "true")
    builder.press("Escape", "Control+h")
    expect(builder.dialog.get_by_role("button", name="Restore").first).to_be_disabled()
    assert builder_site.saved(tree) == before


def test_who_may_not_is_told_so(author: Author, tree: str, builder_site: BuilderSite) -> None:
    sign_up(builder_site)
    author.expected = ("403", "404")
    page = browser_of(author, "viewer").new_page()
    refused = page.goto("/trees/new/")
    assert refused is not None
    assert refused.status == 403
    expect(page.get_by_role("main")).to_contain_text("it needs the role editor")
    ask(builder_site, "PATCH", f"/trees/{tree}", {"visibility": "private"})
    hidden = page.goto(f"/trees/{tree}/edit/")
    assert hidden is not None
    assert hidden.status == 404
