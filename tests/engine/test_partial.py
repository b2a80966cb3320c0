"""Parts of trees: what runs, what it needs, and that the definition that does it can run."""

from __future__ import annotations

from dataclasses import replace

import pytest

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.partial import Mode, Part, carry_out_part, plan_part
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import tree_problems


def task(uid: str, *edges: str, **fields: object) -> TaskSpec:
    """Make a task; an edge that ends in `?` is optional."""
    specs = tuple(DependencySpec(edge.rstrip("?"), not edge.endswith("?")) for edge in edges)
    plain = TaskSpec(uid, f"Task {uid}", "echo", dependencies=specs)
    return replace(plain, **fields)  # type: ignore[arg-type]


TREE = TreeSpec("tree", (task("a"), task("b", "a"), task("c", "b", "x?"), task("x"), task("d", "c", "y"), task("y")))
GROUP = TreeSpec(
    "tree",
    (
        task("before"),
        task("g", executor=None),
        task("g1", "before", parent_id="g"),
        task("g2", parent_id="g"),
        task("after", "g"),
    ),
)


def part(spec: TreeSpec, mode: Mode, uid: str) -> Part:
    return plan_part(spec, mode, uid, default_registry)


@pytest.mark.parametrize(
    ("mode", "uid", "runs", "needs"),
    [
        (Mode.TASK, "c", "c", {"b": True, "x": False}),
        (Mode.TASK, "a", "a", {}),
        (Mode.UP_TO, "c", "abcx", {}),
        (Mode.FROM, "c", "cd", {"b": True, "x": False, "y": True}),
        (Mode.FROM, "b", "bcd", {"a": True, "x": False, "y": True}),
        (Mode.FROM, "d", "d", {"c": True, "y": True}),
    ],
)
def test_a_part_runs_what_it_should_and_needs_what_is_before(
    mode: Mode, uid: str, runs: str, needs: dict[str, bool]
) -> None:
    found = part(TREE, mode, uid)
    assert (found.runs, found.needs) == (frozenset(runs), needs)


def test_a_group_stands_for_its_tasks() -> None:
    alone = part(GROUP, Mode.TASK, "g")
    assert (alone.runs, alone.needs) == (frozenset({"g", "g1", "g2"}), {"before": True})
    assert part(GROUP, Mode.UP_TO, "g").runs == frozenset({"before", "g", "g1", "g2"})
    after = part(GROUP, Mode.FROM, "g1")
    assert (after.runs, after.needs) == (frozenset({"g1", "g", "after"}), {"before": True, "g2": False})


def test_what_an_expression_names_is_needed() -> None:
    said = task("c", "b", inputs={"x": "{{ tasks['Task a'].result }}", "y": "{{ tasks.b.result }}"})
    tree = TreeSpec("tree", (task("a"), task("b", "a"), said))
    assert part(tree, Mode.TASK, "c").needs == {"a": True, "b": True}


def test_what_is_required_by_one_is_required_though_another_only_likes_it() -> None:
    tree = TreeSpec("tree", (task("a"), task("b", "a"), task("c", "a?", "b"), task("d", "b", "c")))
    assert part(tree, Mode.FROM, "b").needs == {"a": True}
    assert part(tree, Mode.FROM, "c").needs == {"a": False, "b": True}


def test_what_is_disabled_needs_nothing_and_a_pinned_result_is_no_earlier_one() -> None:
    tree = TreeSpec("tree", (task("a"), task("b", "a", pinned={"result": 1}), task("c", "b"), task("d", "c", "a")))
    tree = replace(tree, tasks=(*tree.tasks[:3], replace(tree.tasks[3], enabled=False)))
    found = part(tree, Mode.FROM, "c")
    assert (found.runs, found.needs, found.pinned) == (frozenset("cd"), {}, {"b"})
    done = carry_out_part(tree, found, ())
    assert [(item.enabled, item.dependencies) for item in done.tasks[:2]] == [(False, ()), (True, ())]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("tree", [TREE, GROUP])
def test_the_definition_can_run_and_has_nothing_else_enabled(tree: TreeSpec, mode: Mode) -> None:
    for uid in [item.id for item in tree.tasks]:
        found = part(tree, mode, uid)
        done = carry_out_part(tree, found, found.needs)
        assert not tree_problems(done, default_registry)
        assert {item.id for item in done.tasks if item.enabled} == found.runs | found.needs.keys()
        assert [item.id for item in done.tasks] == [item.id for item in tree.tasks]
