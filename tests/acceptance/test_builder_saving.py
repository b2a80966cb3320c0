"""Saving in the builder: nothing that one has drawn is lost, and nobody is overwritten unseen."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.acceptance.support.builder_api import ask, save
from tests.acceptance.support.builder_keys import tab_to
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_people import browser_of, sign_up
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, task
from tests.management.test_start import Site, wait_for
from tests.pages.scene import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def people(builder_site: BuilderSite) -> None:
    """Others have accounts too."""
    sign_up(builder_site)


def small_tree(site: BuilderSite) -> str:
    """A stored tree of three tasks."""
    return site.make(document("Shared", task("a"), task("b", "a"), task("c", "b")))


def version_of(site: BuilderSite, tree: str) -> dict[str, Any]:
    """The newest version of a tree."""
    found: dict[str, Any] = ask(site, "GET", f"/trees/{tree}/versions")["items"][0]
    return found


def wait_until_kept(page: Page) -> None:
    """Wait until the browser has put aside what is not saved."""
    wait_for(lambda: kept_in(page) != [], lambda: "nothing was put aside")


def kept_in(page: Page) -> list[str]:
    """Under which keys the browser has put something aside."""
    keys: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('apflow.unsaved.'))")
    return keys


# --- saving -----------------------------------------------------------------------------------------------------------


def test_by_keyboard_with_a_dot_until_it_is_done(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(small_tree(builder_site))
    expect(builder.unsaved).to_have_count(0)
    builder.go_to_outline("a")
    builder.press("0")
    expect(builder.unsaved).to_be_visible()
    expect(builder.page).to_have_title("● Shared · apflow")
    assert by_name(builder.save())["a"]["priority"] == 0
    builder.expect_toast("Saved as version 2")
    expect(builder.page).to_have_title("Shared · apflow")
    builder.press("Control+s")
    builder.expect_toast("Nothing has changed since version 2")


def test_with_the_mouse_and_a_message(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    builder = author.open(tree)
    builder.select("a")
    builder.inspector.get_by_role("radio", name="Low").click()
    builder.page.get_by_role("button", name="Save", exact=True).click()
    expect(builder.unsaved).to_have_count(0)
    builder.inspector.get_by_role("radio", name="High").click()
    builder.page.get_by_role("button", name="More").click()
    builder.page.get_by_role("menuitem", name="Save with a message").click()
    builder.dialog.get_by_label("What has changed?").fill("a goes first")
    builder.dialog.get_by_role("button", name="Save").click()
    expect(builder.unsaved).to_have_count(0)
    assert by_name(builder_site.saved(tree))["a"]["priority"] == 1
    newest = version_of(builder_site, tree)
    assert (newest["number"], newest["message"], newest["author"]) == (3, "a goes first", "admin")


def test_a_message_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    builder = author.open(tree)
    builder.go_to_outline("b")
    builder.press("3", "Control+Shift+s")
    expect(builder.dialog.get_by_role("textbox")).to_be_focused()
    builder.type("b may wait")
    builder.press("Enter")
    expect(builder.unsaved).to_have_count(0)
    assert version_of(builder_site, tree)["message"] == "b may wait"


def test_undone_to_what_is_saved_is_saved(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(small_tree(builder_site))
    builder.select("a")
    builder.press("0")
    wait_until_kept(builder.page)
    builder.press("Control+z")
    expect(builder.unsaved).to_have_count(0)
    assert kept_in(builder.page) == []


def test_a_draft_with_problems_is_saved_and_not_run(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(document("Draft", task("ask", executor="survey", inputs={"topic": "fine"})))
    builder = author.open(tree)
    builder.select("ask")
    builder.inspector.get_by_label("Topic required").fill("no")
    saved = builder.save()
    assert saved["tasks"][0]["inputs"]["topic"] == "no"
    builder.expect_toast("Saved as version 2, with 1 problem to solve before it can run")
    builder.press("Control+Enter")
    expect(builder.dialog).to_contain_text("run yet: 1 problem to solve.")
    builder.dialog.get_by_role("button", name="Run", exact=True).click()
    expect(builder.dialog.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    author.expected = ("422",)
    builder.dialog.get_by_role("button", name="ask", exact=True).click()
    expect(builder.inspector.get_by_label("Topic required")).to_be_focused()
    assert list(builder_site.client.runs(tree=tree)) == []


# --- leaving and coming back ------------------------------------------------------------------------------------------


def leave(page: Page) -> list[str]:
    """Close a page as people do; returns the kinds of questions that the browser asked, all answered with leave."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    return asked


def test_leaving_is_guarded_while_something_is_not_saved(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    context = author.context()
    builder = author.open(tree, in_=context)
    builder.select("a")
    builder.press("0")
    expect(builder.unsaved).to_be_visible()
    assert leave(builder.page) == ["beforeunload"]
    again = author.open(tree, in_=context)
    again.select("b")
    assert leave(again.page) == []


def test_what_was_not_saved_is_taken_over(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    context = author.context()
    builder = author.open(tree, in_=context)
    builder.select("a")
    builder.press("0")
    wait_until_kept(builder.page)
    builder.page.close()
    again = author.open(tree, in_=context)
    again.page.get_by_role("button", name="Take them over").click()
    expect(again.unsaved).to_be_visible()
    assert by_name(again.save())["a"]["priority"] == 0
    again.page.reload()
    again.ready()
    expect(again.page.get_by_role("button", name="Take them over")).to_have_count(0)


def test_what_was_not_saved_is_taken_over_or_forgotten_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    context = author.context()
    builder = author.open(tree, in_=context)
    builder.go_to_outline("c")
    builder.press("Delete")
    wait_until_kept(builder.page)
    builder.page.close()
    again = author.open(tree, in_=context)
    tab_to(again.page.get_by_role("button", name="Take them over"))
    again.press("Enter")
    again.expect_cards("a", "b")
    again.press("Control+z")
    again.expect_cards("a", "b", "c")
    again.press("Control+y")
    wait_until_kept(again.page)
    again.page.close()
    third = author.open(tree, in_=context)
    tab_to(third.page.get_by_role("button", name="Forget them"))
    third.press("Enter")
    third.page.reload()
    third.ready().expect_cards("a", "b", "c")
    expect(third.page.get_by_role("button", name="Forget them")).to_have_count(0)
    assert len(builder_site.saved(tree)["tasks"]) == 3


def test_what_others_saved_since_stays_when_it_is_taken_over(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    context = author.context()
    builder = author.open(tree, in_=context)
    builder.select("a")
    builder.press("0")
    wait_until_kept(builder.page)
    builder.page.close()
    definition = builder_site.saved(tree)
    definition["tasks"][1]["notes"] = "from somebody else"
    save(builder_site, tree, definition)
    again = author.open(tree, in_=context)
    again.page.get_by_role("button", name="Take them over").click()
    again.expect_toast("admin has saved in the meantime")
    saved = by_name(again.save())
    assert (saved["a"]["priority"], saved["b"]["notes"]) == (0, "from somebody else")


def test_a_new_tree_that_was_never_saved_comes_back(author: Author) -> None:
    context = author.context()
    builder = author.open(in_=context)
    builder.dialog.get_by_role("button", name="Pipeline").click()
    builder.select("Load")
    builder.press("0")
    wait_until_kept(builder.page)
    builder.page.close()
    again = author.open(in_=context)
    again.page.get_by_role("button", name="Take them over").click()
    again.expect_cards("Extract", "Transform", "Load")
    saved = again.save()
    assert (saved["tree"]["name"], by_name(saved)["Load"]["priority"]) == ("Pipeline", 0)


# --- two editors ------------------------------------------------------------------------------------------------------


def two(author: Author, tree: str) -> tuple[Builder, Builder]:
    """The administrator, and Ada beside them."""
    ada = author.open(tree, in_=browser_of(author, "editor"))
    return author.open(tree), ada


@pytest.mark.usefixtures("people")
def test_changes_that_do_not_meet_are_brought_together(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("409",)
    mine, ada = two(author, small_tree(builder_site))
    ada.select("b")
    ada.press("0")
    ada.save()
    mine.select("a")
    mine.press("3", "Control+s")
    mine.expect_toast("Ada has saved in the meantime. Both changes are here now")
    expect(mine.unsaved).to_be_visible()
    saved = by_name(mine.save())
    assert (saved["a"]["priority"], saved["b"]["priority"]) == (3, 0)


@pytest.mark.usefixtures("people")
def test_of_changes_that_meet_both_sides_are_shown(author: Author, builder_site: BuilderSite) -> None:
    author.expected = ("409",)
    mine, ada = two(author, small_tree(builder_site))
    ada.select("a")
    ada.press("0")
    ada.save()
    mine.select("a")
    mine.press("3")
    mine.select("c")
    mine.press("1", "Control+s")
    conflict = mine.dialog.get_by_role("group")
    expect(conflict).to_contain_text("Both have changed a: priority")
    expect(conflict.get_by_role("radio", name="Mine")).to_be_checked()
    expect(conflict.locator("pre")).to_have_text(["3", "0"])
    # Closed undecided, it is asked again: nothing is overwritten unseen.
    mine.press("Escape")
    expect(mine.dialog).to_have_count(0)
    mine.press("Control+s")
    mine.dialog.get_by_role("radio", name="Of Ada").click()
    mine.dialog.get_by_role("button", name="Go on with what is chosen").click()
    saved = by_name(mine.save())
    assert (saved["a"]["priority"], saved["c"]["priority"]) == (0, 1)


@pytest.mark.usefixtures("people")
def test_what_one_deleted_and_the_other_changed_is_decided_by_keyboard(
    author: Author, builder_site: BuilderSite
) -> None:
    author.expected = ("409",)
    mine, ada = two(author, small_tree(builder_site))
    ada.go_to_outline("c")
    ada.press("Delete")
    ada.save()
    mine.go_to_outline("c")
    mine.press("0", "Control+s")
    tab_to(mine.dialog.get_by_role("radio", name="Mine"))
    mine.press("ArrowDown")
    expect(mine.dialog.get_by_role("radio", name="Of Ada")).to_be_checked()
    tab_to(mine.dialog.get_by_role("button", name="Go on with what is chosen"))
    mine.press("Enter")
    mine.expect_cards("a", "b")
    mine.press("Control+z")
    mine.expect_cards("a", "b", "c")
    saved = by_name(mine.save())
    assert saved["c"]["priority"] == 0


@pytest.mark.usefixtures("people")
def test_one_sees_who_else_is_there(author: Author, builder_site: BuilderSite) -> None:
    tree = small_tree(builder_site)
    mine, ada = two(author, tree)
    bar = mine.page.get_by_role("toolbar", name="Tree")
    expect(bar).to_contain_text("Ada has it open")
    with ada.page.expect_response("**/presence"):
        ada.select("a")
        ada.press("0")
    mine.select("b")
    mine.press("0")
    expect(bar).to_contain_text("Ada is editing")
    with ada.page.expect_response("**/presence"):
        ada.press("Control+z")
    mine.press("Control+z")
    expect(bar).to_contain_text("Ada has it open")
    ada.page.close(run_before_unload=True)
    mine.press("Control+y")
    expect(bar).not_to_contain_text("Ada", timeout=60_000)


# --- when the server is away ------------------------------------------------------------------------------------------


@pytest.fixture
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuilderSite]:
    """A site of one's own, that may be stopped."""
    site = Site(tmp_path_factory.mktemp("fragile"))
    site.environment |= {"APFLOW_EXAMPLES": "off"}
    try:
        site.start(APFLOW_ADMIN_PASSWORD=PASSWORD)
        made = BuilderSite(site)
        with made.client:
            yield made
    finally:
        site.clean_up()


def kill_web(site: Site) -> None:
    """End the web process as a crash would, and all that came with it; the database's files stay."""
    assert site.process is not None
    for process in site.processes():
        with suppress(psutil.NoSuchProcess):
            if "daphne" in " ".join(process.cmdline()):
                process.kill()
    with suppress(ProcessLookupError):
        os.killpg(site.process.pid, signal.SIGTERM)
    site.process.wait(60)
    wait_for(lambda: not site.processes(), site.output)


def test_a_server_that_is_away_costs_nothing(browser: Browser, fragile: BuilderSite) -> None:
    author = Author(browser, fragile)
    author.expected = ("net::ERR_",)
    tree = small_tree(fragile)
    builder = author.open(tree)
    builder.select("b")
    expect(builder.inspector.get_by_label("Name", exact=True)).to_have_value("b")
    kill_web(fragile.site)
    builder.select("a")
    builder.press("0", "Control+h")
    builder.expect_toast("A part of this page could not be fetched.")
    builder.press("Control+s")
    builder.expect_toast("Not saved: The server could not be reached.")
    builder.expect_toast("nothing was lost on this page")
    expect(builder.unsaved).to_be_visible()
    fragile.site.start()
    assert by_name(builder.save())["a"]["priority"] == 0
    author.close()
