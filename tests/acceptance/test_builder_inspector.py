"""The inspector: every field of a task, by mouse and by keyboard, and what the server says of it as one types."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.support.builder_api import ask, draft, run_once, save
from tests.acceptance.support.builder_keys import choose, fill, json_editor, tab_to, write_json
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.acceptance.support.builder_trees import by_name, document, optional_edges_of, task

pytestmark = pytest.mark.browser

FILLED = {
    "topic": "Weather",
    "count": 5,
    "share": 0.25,
    "mode": "slow",
    "loud": True,
    "words": ["sun", "rain"],
    "rows": [{"name": "north", "size": 2}],
    "side": {"name": "left"},
    "who": "Ada",
    "day": "2026-03-01",
}


def survey(**inputs: Any) -> dict[str, Any]:
    """A task with fields of every kind."""
    return task("ask", executor="survey", inputs=inputs)


def field(builder: Builder, name: str) -> Locator:
    """A field of the inspector by its label."""
    return builder.inspector.get_by_label(name, exact=True)


def tab(builder: Builder, name: str) -> Locator:
    """A tab of the inspector."""
    return builder.inspector.get_by_role("tab", name=name)


def group(builder: Builder, name: str) -> Locator:
    """A field that is made of several."""
    return builder.inspector.get_by_role("group", name=name, exact=True)


def open_by_keys(builder: Builder, name: str) -> None:
    """Go to a task in the outline and open it: the keyboard is in its fields then."""
    builder.go_to_outline(name)
    builder.press("Enter")
    expect(field(builder, "Name")).to_be_focused()


# --- forms from schemas -----------------------------------------------------------------------------------------------


def test_every_executor_has_a_form_of_its_schema(author: Author, builder_site: BuilderSite) -> None:
    executors = ask(builder_site, "GET", "/executors")["items"]
    tasks = [task(f"t-{one['id']}", executor=one["id"], inputs=one["example"] or {"topic": "old"}) for one in executors]
    builder = author.open(document("All executors", *tasks))
    assert {one["id"] for one in executors} >= {"echo", "rest_executor", "command_executor", "sleep", "survey"}
    for one in executors:
        builder.row(f"t-{one['id']}").click()
        form = group(builder, f"Inputs of t-{one['id']}")
        expect(form).to_be_visible()
        for key, schema in one["input_schema"].get("properties", {}).items():
            title = schema.get("title", key)
            expect(form).to_contain_text(re.compile(rf"\b{title.replace('_', ' ')}\b", re.IGNORECASE))


def test_fields_of_every_kind_with_the_mouse(author: Author) -> None:
    builder = author.open(document("Fields", survey(topic="old")))
    builder.select("ask")
    field(builder, "Topic required").fill("Weather")
    field(builder, "Count").fill("5")
    field(builder, "Share").fill("0.25")
    field(builder, "Mode").select_option("slow")
    field(builder, "Loud").select_option("Yes")
    for number, word in enumerate(("sun", "rain"), start=1):
        group(builder, "Words").get_by_role("button", name="Add an entry").click()
        group(builder, "Words").get_by_label(f"Entry {number}", exact=True).fill(word)
    group(builder, "Rows").get_by_role("button", name="Add Side").click()
    group(builder, "Rows").get_by_label("Name required").fill("north")
    group(builder, "Rows").get_by_label("Size", exact=True).fill("2")
    builder.inspector.get_by_role("button", name="Set Side").click()
    group(builder, "Side").last.get_by_label("Name required").fill("left")
    field(builder, "Kind of Who").select_option("Text")
    group(builder, "Who").get_by_role("textbox").fill("Ada")
    field(builder, "Day").fill("2026-03-01")
    assert builder.save()["tasks"][0]["inputs"] == FILLED


def test_fields_of_every_kind_by_keyboard(author: Author) -> None:
    builder = author.open(document("Fields", survey(topic="old")))
    open_by_keys(builder, "ask")
    fill(field(builder, "Topic required"), "Weather")
    fill(field(builder, "Count"), "5")
    fill(field(builder, "Share"), "0.25")
    choose(field(builder, "Mode"), "slow")
    choose(field(builder, "Loud"), "Yes")
    for word in ("sun", "rain"):
        tab_to(group(builder, "Words").get_by_role("button", name="Add an entry"))
        builder.press("Enter")
        builder.type(word)
    tab_to(group(builder, "Rows").get_by_role("button", name="Add Side"))
    builder.press("Enter")
    fill(group(builder, "Rows").get_by_label("Name required"), "north")
    fill(group(builder, "Rows").get_by_label("Size", exact=True), "2")
    tab_to(builder.inspector.get_by_role("button", name="Set Side"))
    builder.press("Enter")
    fill(group(builder, "Side").last.get_by_label("Name required"), "left")
    choose(field(builder, "Kind of Who"), "Text")
    fill(group(builder, "Who").get_by_role("textbox"), "Ada")
    tab_to(field(builder, "Day"))
    builder.type("03012026")
    assert builder.save()["tasks"][0]["inputs"] == FILLED


def test_entries_are_moved_and_removed_and_values_left_out(author: Author) -> None:
    builder = author.open(document("Lists", survey(topic="abc", count=4, words=["a", "b", "c"])))
    builder.select("ask")
    words = group(builder, "Words")
    words.get_by_role("button", name="Move entry 3 up").click()
    words.get_by_role("button", name="Remove entry 1").click()
    field(builder, "Count").fill("")
    assert builder.save()["tasks"][0]["inputs"] == {"topic": "abc", "words": ["c", "b"]}


def test_form_and_json_are_one(author: Author) -> None:
    builder = author.open(document("Both ways", survey(topic="one")))
    builder.select("ask")
    builder.inspector.get_by_text("JSON", exact=True).click()
    text = json_editor(builder.page, "Inputs of ask")
    expect(text).to_contain_text('"topic": "one"')
    write_json(text, '{"topic": "two", "count": 7}')
    builder.inspector.get_by_text("Form", exact=True).click()
    expect(field(builder, "Topic required")).to_have_value("two")
    field(builder, "Count").fill("8")
    builder.inspector.get_by_text("JSON", exact=True).click()
    expect(text).to_contain_text('"count": 8')
    write_json(text, '{"topic": ')
    expect(builder.inspector.get_by_role("status").first).to_contain_text("Line 1")
    assert builder.save()["tasks"][0]["inputs"] == {"topic": "two", "count": 8}


def test_form_and_json_by_keyboard(author: Author) -> None:
    builder = author.open(document("Both ways", survey(topic="one")))
    open_by_keys(builder, "ask")
    tab_to(builder.inspector.get_by_role("radio", name="Form"))
    builder.press("ArrowRight")
    fill(json_editor(builder.page, "Inputs of ask"), '{"topic": "three"}')
    expect(builder.unsaved).to_be_visible()
    assert builder.save()["tasks"][0]["inputs"] == {"topic": "three"}


# --- problems ---------------------------------------------------------------------------------------------------------


def test_what_the_server_thinks_stands_at_the_field_as_one_types(author: Author) -> None:
    builder = author.open(document("Problems", survey(topic="fine")))
    builder.select("ask")
    topic = field(builder, "Topic required")
    topic.fill("no")
    expect(topic).to_have_attribute("aria-invalid", "true")
    said = builder.inspector.locator(f"[id='{topic.get_attribute('id')}-errors']")
    expect(said).to_be_visible()
    expect(builder.page.get_by_role("button", name="1 problem")).to_be_visible()
    topic.fill("fine again")
    expect(topic).not_to_have_attribute("aria-invalid", "true")
    expect(builder.page.get_by_role("button", name="No problems")).to_be_visible()


def test_a_problem_leads_to_its_field(author: Author, builder_site: BuilderSite) -> None:
    wrong = survey(topic="fine", side={"name": "x", "size": 99})
    builder = author.open(draft(builder_site, document("Led", task("a"), wrong)))
    builder.page.get_by_role("button", name="1 problem").click()
    builder.page.get_by_role("button", name="ask inputs.side.size").click()
    expect(field(builder, "Name").first).to_have_value("ask")
    expect(group(builder, "Side").last.get_by_label("Size", exact=True)).to_be_focused()
    builder.press("Control+a")
    builder.type("9")
    expect(builder.page.get_by_text("No problems").first).to_be_visible()
    assert by_name(builder.save())["ask"]["inputs"]["side"] == {"name": "x", "size": 9}


def test_a_problem_leads_to_its_field_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(draft(builder_site, document("Led", task("a"), survey(topic="xx"))))
    builder.go_to_outline("a")
    builder.press("Alt+p")
    expect(field(builder, "Topic required")).to_be_focused()
    # Having been led to a field once, one is not led back to it by each change.
    tab_to(tab(builder, "Inputs"), "Shift+Tab")
    builder.press("ArrowRight")
    choose(field(builder, "Also wait for"), "a")
    expect(tab(builder, "Waits for")).to_have_attribute("aria-selected", "true")
    expect(field(builder, "How a is waited for")).to_be_visible()


def test_an_executor_that_is_not_here_is_named_and_kept(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(document("Foreign", task("a"), task("b")))
    definition = builder_site.saved(tree)
    definition["tasks"][1]["executor"] = "elsewhere"
    save(builder_site, tree, definition)
    builder = author.open(tree)
    builder.select("b")
    executor = field(builder, "Executor")
    expect(executor).to_have_value("elsewhere")
    expect(executor).to_have_attribute("aria-invalid", "true")
    executor.select_option("echo")
    expect(executor).not_to_have_attribute("aria-invalid", "true")
    assert by_name(builder.save())["b"]["executor"] == "echo"


def test_a_secret_is_not_shown_and_its_place_is_told(author: Author) -> None:
    builder = author.open(document("Secret", survey(topic="abc", password="hunter2")))
    builder.select("ask")
    password = field(builder, "Password")
    expect(password).to_have_attribute("type", "password")
    advice = builder.inspector.get_by_text("write {{ secrets.NAME }}")
    expect(advice).to_be_visible()
    assert (advice.get_attribute("id") or "-") in (password.get_attribute("aria-describedby") or "")
    password.fill("{{ secrets.MAIL }}")
    expect(password).to_have_attribute("type", "text")
    expect(advice).to_have_count(0)
    assert builder.save()["tasks"][0]["inputs"]["password"] == "{{ secrets.MAIL }}"


# --- everything else of a task ----------------------------------------------------------------------------------------

SET: dict[str, Any] = {"priority": 0, "enabled": False, "timeout_seconds": 30, "notes": "Look here",
       "retry": {"max_attempts": 4, "backoff": "linear", "base_seconds": 2.5}}  # fmt: skip


def expect_set(saved: dict[str, Any]) -> None:
    """Look that a saved task has these fields; the rest of its retry policy is the default."""
    retry = {key: saved["retry"][key] for key in SET["retry"]}
    assert {**{key: saved[key] for key in SET}, "retry": retry} == SET


def test_priority_timeout_retry_notes_with_the_mouse(author: Author) -> None:
    builder = author.open(document("Settings", task("a")))
    builder.select("a")
    builder.inspector.get_by_role("radio", name="Urgent").click()
    builder.inspector.get_by_role("checkbox", name="Enabled").click()
    tab(builder, "More").click()
    field(builder, "Timeout of an attempt, in seconds").fill("30")
    field(builder, "Attempts").fill("4")
    builder.press("Tab")
    field(builder, "Backoff").select_option("linear")
    field(builder, "First wait, seconds").fill("2.5")
    field(builder, "Notes").fill("Look here")
    field(builder, "Name").click()
    saved = builder.save()["tasks"][0]
    expect_set(saved)


def test_priority_timeout_retry_notes_by_keyboard(author: Author) -> None:
    builder = author.open(document("Settings", task("a")))
    open_by_keys(builder, "a")
    tab_to(builder.inspector.get_by_role("radio", checked=True).first)
    builder.press("0")
    tab_to(builder.inspector.get_by_role("checkbox", name="Enabled"))
    builder.press("Space")
    tab_to(tab(builder, "Inputs"))
    builder.press("End")
    fill(field(builder, "Timeout of an attempt, in seconds"), "30")
    fill(field(builder, "Attempts"), "4")
    builder.press("Tab")
    choose(field(builder, "Backoff"), "linear")
    fill(field(builder, "First wait, seconds"), "2.5")
    fill(field(builder, "Notes"), "Look here")
    builder.press("Tab")
    saved = builder.save()["tasks"][0]
    expect_set(saved)


def test_what_it_waits_for(author: Author) -> None:
    builder = author.open(document("Waits", task("a"), task("b"), task("c", "a")))
    builder.select("c")
    tab(builder, "Waits for").click()
    field(builder, "Also wait for").select_option("b")
    field(builder, "How a is waited for").select_option("Optional")
    saved = builder.save()
    assert by_name(saved)["c"]["dependencies"] == [{"id": "a", "required": False}, {"id": "b", "required": True}]
    assert optional_edges_of(saved) == {("a", "c")}
    builder.inspector.get_by_role("button", name=re.compile("wait for a$")).click()
    assert [edge["id"] for edge in by_name(builder.save())["c"]["dependencies"]] == ["b"]
    builder.select("b")
    tab(builder, "Waits for").click()
    expect(field(builder, "Also wait for").get_by_role("option", name="c")).to_have_count(0)


def test_an_edge_and_many_tasks_have_fields_too(author: Author) -> None:
    builder = author.open(document("More", task("a"), task("b", "a"), task("c")))
    builder.click(builder.edge("a", "b"))
    builder.inspector.get_by_role("radio", name="Optional").click()
    builder.select("b", "c")
    builder.inspector.get_by_role("radio", name="Urgent").click()
    saved = builder.save()
    assert optional_edges_of(saved) == {("a", "b")}
    assert [by_name(saved)[name]["priority"] for name in "abc"] == [2, 0, 0]


def test_the_tree_itself(author: Author) -> None:
    builder = author.open(document("The tree", task("a")))
    field(builder, "What is it for").fill("Tells the weather")
    field(builder, "Tags, with commas between them").fill("etl, nightly, etl")
    field(builder, "Tasks of one run at a time").fill("3")
    field(builder, "Timeout of a run, in seconds").fill("90")
    builder.inspector.get_by_role("button", name="Ask for parameters").click()
    text = json_editor(builder.page, "Parameters of a run (JSON Schema)")
    write_json(text, '["no schema"]')
    expect(builder.inspector.get_by_role("alert")).to_contain_text("A schema is an object")
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    write_json(text, json.dumps(schema))
    builder.page.get_by_label("Name of the tree").fill("Renamed")
    builder.page.get_by_label("Name of the tree").press("Enter")
    tree = builder.save()["tree"]
    assert (tree["name"], tree["description"], tree["tags"]) == ("Renamed", "Tells the weather", ["etl", "nightly"])
    assert (tree["max_concurrency"], tree["timeout_seconds"], tree["parameters"]) == (3, 90, schema)


# --- pinned results, and results of others ----------------------------------------------------------------------------


def test_a_result_is_pinned_as_typed(author: Author) -> None:
    builder = author.open(document("Pinned", task("a"), task("b", "a")))
    builder.select("a")
    builder.press("p")
    expect(builder.dialog).to_contain_text("Pin a result of a")
    text = json_editor(builder.page, "Pinned result")
    write_json(text, '{"rows": ')
    expect(builder.dialog.get_by_role("button", name="Pin", exact=True)).to_be_disabled()
    write_json(text, '{"rows": [1, 2]}')
    builder.dialog.get_by_role("button", name="Pin", exact=True).click()
    assert by_name(builder.save())["a"]["pinned"] == {"result": {"rows": [1, 2]}}
    tab(builder, "More").click()
    builder.inspector.get_by_role("button", name="Take it away").click()
    assert by_name(builder.save())["a"].get("pinned") is None


def test_a_result_is_pinned_from_a_run_by_keyboard(author: Author, builder_site: BuilderSite) -> None:
    tree = builder_site.make(document("Pinned", task("a", inputs={"n": 7}), task("b", "a")))
    run_once(builder_site, tree)
    builder = author.open(tree)
    builder.go_to_outline("a")
    builder.press("p")
    tab_to(builder.dialog.get_by_role("listitem").get_by_role("button"))
    builder.press("Enter")
    expect(json_editor(builder.page, "Pinned result")).to_contain_text('"n": 7')
    tab_to(builder.dialog.get_by_role("button", name="Pin", exact=True))
    builder.press("Enter")
    assert by_name(builder.save())["a"]["pinned"]["result"]["result"]["n"] == 7


def tree_with_results(site: BuilderSite) -> str:
    """A tree that has run: `Fetch rows` gave rows, and `use` waits for it."""
    fetch = {
        **task("fetch", inputs={"rows": [{"name": "first"}, {"name": "second"}], "total": 2}),
        "name": "Fetch rows",
    }
    tree = site.make(document("Upstream", fetch, task("use", "fetch", inputs={"what": ""})))
    run_once(site, tree)
    return tree


def test_a_result_is_picked_by_clicking_it(author: Author, builder_site: BuilderSite) -> None:
    builder = author.open(tree_with_results(builder_site))
    builder.select("use")
    builder.inspector.get_by_role("button", name="Pick a result for Value of what").click()
    values = builder.dialog.get_by_role("tree")
    values.get_by_role("treeitem", expanded=False).last.locator("[data-twist]").click()
    values.get_by_role("treeitem").filter(has_text="second").click()
    expression = '{{ tasks["Fetch rows"].result.rows[1].name }}'
    expect(builder.inspector.locator("dd")).to_have_text("second")
    assert by_name(builder.save())["use"]["inputs"] == {"what": expression}


def test_a_result_is_picked_by_keyboard_and_follows_a_new_name(author: Author, builder_site: BuilderSite) -> None:
    tree = tree_with_results(builder_site)
    builder = author.open(tree)
    open_by_keys(builder, "use")
    tab_to(builder.inspector.get_by_role("button", name="Pick a result for Value of what"))
    builder.press("Enter")
    values = builder.dialog.get_by_role("tree")
    expect(values).to_be_visible()
    tab_to(values)
    for _ in range(30):
        active = builder.page.locator(f"[id='{values.get_attribute('aria-activedescendant')}']")
        if "total" in active.inner_text():
            break
        builder.press("ArrowDown")
    builder.press("Enter")
    expect(builder.dialog).to_have_count(0)
    assert by_name(builder.save())["use"]["inputs"] == {"what": '{{ tasks["Fetch rows"].result.total }}'}
    open_by_keys(builder, "Fetch rows")
    builder.press("Control+a")
    builder.type("load")
    builder.press("Enter")
    saved = by_name(builder.save())
    assert saved["use"]["inputs"] == {"what": "{{ tasks.load.result.total }}"}
    run_once(builder_site, tree)
    builder.go_to_outline("use")
    expect(builder.inspector.locator("dt")).to_have_text("tasks.load.result.total")
    expect(builder.inspector.locator("dd")).to_have_text("2")


def test_without_a_run_the_whole_result_can_be_taken(author: Author) -> None:
    builder = author.open(document("Fresh", task("a"), task("b", "a", inputs={"x": ""})))
    builder.select("b")
    builder.inspector.get_by_role("button", name="Pick a result for Value of x").click()
    expect(builder.dialog).to_contain_text("has not completed in any of the last runs")
    builder.dialog.get_by_role("button", name="The whole result").click()
    assert by_name(builder.save())["b"]["inputs"] == {"x": "{{ tasks.a.result }}"}
    builder.select("a")
    builder.inspector.get_by_role("button", name="Pick a result for Value of value").click()
    expect(builder.dialog).to_contain_text("Let it wait for another task first")
