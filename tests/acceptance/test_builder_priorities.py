"""Priorities: by key, by selection, in the list, and what would start first because of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author
from tests.acceptance.support.builder_trees import Document, by_name, document, task

pytestmark = pytest.mark.browser

#: `last` is the only one that may start late: it waits for `a`.
TASKS = (task("a"), task("b"), task("c"), task("d"), task("last", "a"))


def _priorities(saved: Document) -> dict[str, int]:
    return {name: one.get("priority", 2) for name, one in by_name(saved).items()}


def _panel(builder: Builder) -> Locator:
    return builder.page.get_by_role("tabpanel", name="Order")


def _listed(builder: Builder) -> list[str]:
    return _panel(builder).locator("ol > li > button").all_inner_texts()


def _badges(builder: Builder) -> dict[str, int]:
    """The place in the start order that each card tells."""
    found = {}
    for label in builder.cards.evaluate_all("cards => cards.map((card) => card.getAttribute('aria-label'))"):
        if ", starts as number " in label:
            found[label.split(",")[0]] = int(label.split(", starts as number ")[1].split(",")[0])
    return found


@pytest.mark.parametrize("priority", [0, 1, 2, 3])
def test_a_key_gives_the_selected_task_a_priority(author: Author, priority: int) -> None:
    tasks = [{**one, "priority": 1 if priority == 2 else 2} for one in TASKS]
    builder = author.open(document("By key", *tasks))
    builder.walk_to("b")
    builder.press(str(priority))
    builder.expect_heard("Change priority of b")
    expect(builder.card("b")).to_have_attribute("aria-label", f"b, Echo, {_word(priority)}")
    assert _priorities(builder.save())["b"] == priority


def _word(priority: int) -> str:
    return f"Priority {priority}" + {0: ", first", 3: ", last"}.get(priority, "")


def test_several_get_it_at_once_and_undo_takes_it_from_all(author: Author) -> None:
    builder = author.open(document("Several", *TASKS))
    builder.select("b", "d")
    builder.press("0")
    assert _priorities(builder.save()) == {"a": 2, "b": 0, "c": 2, "d": 0, "last": 2}
    builder.press("Control+z")
    assert set(_priorities(builder.save()).values()) == {2}


def test_the_keys_zoom_while_nothing_is_selected(author: Author) -> None:
    builder = author.open(document("Zoomed", *TASKS))
    builder.walk_to("b")
    builder.press("Escape", "+", "+")
    assert builder.zoom() > 1
    builder.press("0")
    assert builder.zoom() == 1
    expect(builder.unsaved).to_have_count(0)


def test_the_inspector_sets_it_with_the_mouse(author: Author) -> None:
    builder = author.open(document("Clicked", *TASKS))
    builder.select("b", "c")
    builder.inspector.get_by_role("radio", name="0").check(force=True)
    assert _priorities(builder.save()) == {"a": 2, "b": 0, "c": 0, "d": 2, "last": 2}


def test_the_list_is_sorted_by_what_starts_first(author: Author) -> None:
    builder = author.open(document("Listed", *TASKS))
    builder.page.get_by_role("tab", name="Order").click()
    slots = _panel(builder).get_by_label("Slots")
    slots.fill("1")
    expect(_panel(builder).locator("ol > li")).to_have_count(5)
    assert _listed(builder) == ["a", "b", "c", "d", "last"]
    _panel(builder).get_by_label("Priority of d").select_option("0")
    expect(_panel(builder).locator("ol > li > button").first).to_have_text("d")
    assert _listed(builder) == ["d", "a", "b", "c", "last"]
    _panel(builder).get_by_label("Priority of a").select_option("3")
    expect(_panel(builder).locator("ol > li > button").nth(3)).to_have_text("a")
    # What waits for the one that comes last comes after it.
    assert _listed(builder) == ["d", "b", "c", "a", "last"]
    assert _priorities(builder.save()) == {"a": 3, "b": 2, "c": 2, "d": 0, "last": 2}


def test_the_list_by_keyboard(author: Author) -> None:
    builder = author.open(document("Listed", *TASKS))
    builder.press("Alt+3")
    builder.tab_to(_panel(builder).get_by_label("Slots"))
    builder.press("Control+a")
    builder.type("1")
    builder.tab_to(_panel(builder).get_by_label("Priority of d"))
    builder.press("0")
    builder.expect_heard("Change priority of d")
    # The row has moved, and the keyboard with it.
    expect(_panel(builder).get_by_label("Priority of d")).to_be_focused()
    assert _listed(builder) == ["d", "a", "b", "c", "last"]
    assert _priorities(builder.save())["d"] == 0


def test_cards_say_as_what_number_they_start(author: Author) -> None:
    builder = author.open(document("Badges", *TASKS))
    assert _badges(builder) == {}
    builder.page.get_by_role("tab", name="Order").click()
    _panel(builder).get_by_label("Slots").fill("2")
    _panel(builder).get_by_label("Show on the canvas").check()
    expect(builder.card("a")).to_have_attribute("aria-label", "a, Echo, Priority 2, starts as number 1")
    assert _badges(builder) == {"a": 1, "b": 2, "c": 3, "d": 4, "last": 5}
    builder.select("last", "d")
    builder.press("0")
    expect(builder.card("d")).to_have_attribute("aria-label", "d, Echo, Priority 0, first, starts as number 1")
    assert _badges(builder) == {"d": 1, "a": 2, "last": 3, "b": 4, "c": 5}
    _panel(builder).get_by_label("Show on the canvas").uncheck()
    expect(builder.card("a")).to_have_attribute("aria-label", "a, Echo, Priority 2")
    # Looking at it changes nothing of the document but the priorities.
    assert _priorities(builder.save()) == {"a": 2, "b": 2, "c": 2, "d": 0, "last": 0}


def test_what_will_not_run_is_told_with_the_reason(author: Author) -> None:
    tasks = (task("off", enabled=False), task("after", "off"), task("anyway", "off?"))
    builder = author.open(document("Not run", *tasks))
    builder.page.get_by_role("tab", name="Order").click()
    expect(_panel(builder)).to_contain_text("off is disabled")
    expect(_panel(builder)).to_contain_text("after requires off, which will not run")
    assert _listed(builder) == ["anyway"]
    _panel(builder).get_by_role("button", name="after").click()
    builder.page.get_by_role("tab", name="Outline").click()
    builder.expect_selected("after")
