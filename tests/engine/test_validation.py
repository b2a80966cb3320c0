"""The validator: every bad input is named with its path, all at once, and size is no danger."""

from __future__ import annotations

from typing import Any

import pytest

import orchestration.executors.echo
import orchestration.executors.rest  # noqa: F401 - registers it
from orchestration.engine.definition import TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import parse_tree, read_tree


def problems(tasks: Any, **tree: Any) -> dict[str, str]:
    """Return what is wrong with these tasks, by path."""
    document = {"format": "apflow-tree", "version": 1, "tree": {"name": "t", **tree}, "tasks": tasks}
    try:
        read_tree(document, default_registry)
    except InvalidDefinitionError as refusal:
        return {problem.path: problem.message for problem in refusal.problems}
    return {}


def echo(uid: str, *upstream: str, **fields: Any) -> dict[str, Any]:
    return {"id": uid, "name": uid, "executor": "echo", "dependencies": list(upstream), **fields}


def test_a_good_tree_has_no_problems_and_survives_the_round_trip() -> None:
    tasks = [
        echo("a", priority=0, notes="n", position={"x": 1, "y": 2}, pinned={"result": None}),
        echo("b", inputs={"v": "{{ tasks.a.result }}"}, retry={"max_attempts": 3}, timeout_seconds=5, enabled=False),
    ]
    tasks[1]["dependencies"] = [{"id": "a", "required": False}]
    assert problems(tasks) == {}
    document: Any = {"format": "apflow-tree", "version": 1, "tree": {"name": "t", "max_concurrency": 2}, "tasks": tasks}
    spec = read_tree(document, None)
    assert read_tree(spec.as_json(), None) == spec
    assert isinstance(spec, TreeSpec)


#: Fields of a task, where the problem is, and what is said of it; the tests of the API send them too.
WRONG_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"priority": 4}, "$.tasks[0].priority", "0 to 3"),
    ({"priority": True}, "$.tasks[0].priority", "whole number"),
    ({"priority": "high"}, "$.tasks[0].priority", "not a text"),
    ({"name": ""}, "$.tasks[0].name", "empty"),
    ({"name": "  "}, "$.tasks[0].name", "empty"),
    ({"name": "x" * 300}, "$.tasks[0].name", "300"),
    ({"name": "a\nb"}, "$.tasks[0].name", "line breaks"),
    ({"name": None}, "$.tasks[0].name", "missing"),
    ({"inputs": [1]}, "$.tasks[0].inputs", "an object"),
    ({"dependencies": {"a": 1}}, "$.tasks[0].dependencies", "a list"),
    ({"dependencies": [3]}, "$.tasks[0].dependencies[0]", "required"),
    ({"dependencies": ["ghost"]}, "$.tasks[0].dependencies[0]", "ghost"),
    ({"dependencies": ["a"]}, "$.tasks[0].dependencies[0]", "itself"),
    ({"parent_id": "ghost"}, "$.tasks[0].parent_id", "ghost"),
    ({"timeout_seconds": 0}, "$.tasks[0].timeout_seconds", "0.001"),
    ({"enabled": 1}, "$.tasks[0].enabled", "true or false"),
    ({"retry": {"max_attempts": 0}}, "$.tasks[0].retry.max_attempts", "1 to 100"),
    ({"retry": {"backoff": "never"}}, "$.tasks[0].retry.backoff", "fixed, linear, exponential"),
    ({"pinned": {"value": 1}}, "$.tasks[0].pinned", "result"),
    ({"colour": 1}, "$.tasks[0].colour", "not a field"),
    ({"prioriti": 1}, "$.tasks[0].prioriti", "did you mean 'priority'"),
    ({"executor": "nobody"}, "$.tasks[0].executor", "nobody"),
    ({"inputs": {"v": "{{ tasks. }}"}}, "$.tasks[0].inputs.v", "can't be read"),
    ({"inputs": {"v": "{{ tasks.ghost.result }}"}}, "$.tasks[0].inputs", "no such task"),
    ({"executor": "rest_executor", "inputs": {}}, "$.tasks[0].inputs.url", "required"),
    ({"executor": "rest_executor", "inputs": {"url": 5}}, "$.tasks[0].inputs.url", "string"),
]


@pytest.mark.parametrize(("fields", "path", "part"), WRONG_FIELDS)
def test_each_wrong_field_is_named(fields: dict[str, Any], path: str, part: str) -> None:
    found = problems([{**echo("a"), **fields}])
    assert path in found, found
    assert part in found[path]


def test_all_problems_are_told_at_once() -> None:
    found = problems([echo("a", priority=9), echo("b", name=""), echo("c", "ghost")], max_concurrency=0, tags=[""])
    assert {"$.tasks[0].priority", "$.tasks[1].name", "$.tasks[2].dependencies[0]"} <= found.keys()
    assert {"$.tree.max_concurrency", "$.tree.tags"} <= found.keys()


def test_duplicates_and_ambiguous_names() -> None:
    assert "$.tasks[1].id" in problems([echo("a"), echo("a")])
    assert "twice" in problems([echo("a"), echo("b", "a", "a")])["$.tasks[1].dependencies[1]"]
    twins = [{**echo("a"), "name": "same"}, {**echo("b"), "name": "same"}]
    assert problems(twins) == {}, "names may repeat where nothing binds by them"
    uses = echo("c", "a", inputs={"v": "{{ tasks.same.result }}"})
    assert "2 tasks have that name" in problems([*twins, uses])["$.tasks[2].inputs"]


def test_an_expression_needs_a_dependency() -> None:
    uses = echo("b", inputs={"v": "{{ tasks.a.result }}"})
    assert "add a dependency" in problems([echo("a"), uses])["$.tasks[1].inputs"]
    through = echo("c", "b", inputs={"v": "{{ tasks['a'].result }}"})
    assert problems([echo("a"), echo("b", "a"), through]) == {}


#: What waits for what, and the route that is named.
CYCLES: list[tuple[dict[str, list[str]], str]] = [
    ({"a": ["b"], "b": ["a"]}, "a → b → a"),
    ({"a": ["c"], "b": ["a"], "c": ["b"]}, "a → c → b → a"),
    ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["b"]}, "b → c → b"),
]


@pytest.mark.parametrize(("edges", "route"), CYCLES)
def test_a_cycle_is_named_with_its_route(edges: dict[str, list[str]], route: str) -> None:
    found = problems([echo(uid, *upstream) for uid, upstream in edges.items()])
    assert any(route in message for message in found.values()), found


def test_parents_may_not_form_a_cycle() -> None:
    found = problems([echo("a", parent_id="b"), echo("b", parent_id="a")])
    assert any("parents form a cycle" in message for message in found.values())


def test_apflows_arrays_may_name_parents_and_dependencies() -> None:
    array: Any = [
        {"id": "1", "name": "root", "executor": "echo", "status": "completed", "user_id": "u", "has_children": True},
        {"id": "2", "name": "leaf", "schemas": {"method": "echo"}, "parent_id": "root", "dependencies": ["root"]},
    ]
    root, leaf = read_tree(array, default_registry).tasks
    assert (leaf.parent_id, leaf.dependencies[0].id, leaf.named_executor) == (root.id, root.id, "echo")


NOT_JSON = [b"\xff\xfe", b"", b"[1", b'{"a": Infinity}', b"[" * 200_000]


@pytest.mark.parametrize("raw", NOT_JSON)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidDefinitionError):
        parse_tree(raw, None)


def test_five_thousand_in_a_row_and_ten_thousand_side_by_side_are_checked() -> None:
    assert problems([echo("t0"), *(echo(f"t{i}", f"t{i - 1}") for i in range(1, 5000))]) == {}
    wide = [echo(f"t{i}") for i in range(10_000)]
    assert problems([*wide, echo("join", *(task["id"] for task in wide))]) == {}


def test_problems_are_bounded() -> None:
    with pytest.raises(InvalidDefinitionError) as refusal:
        read_tree([{"name": ""} for _ in range(1000)], None)
    assert len(refusal.value.problems) == 201
    assert "more problems" in refusal.value.problems[-1].message
