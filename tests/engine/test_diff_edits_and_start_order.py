"""What changed between documents, single edits of one, and the forecast of starts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.engine import edits
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.diff import diff_trees
from orchestration.engine.errors import InvalidDefinitionError, TaskNotFoundError
from orchestration.engine.start_order import start_order

KNOWN = frozenset({"echo"})


def task(uid: str, *upstream: str, **fields: Any) -> TaskSpec:
    edges = tuple(DependencySpec(other) for other in upstream)
    return TaskSpec(uid, uid, **{"executor": "echo", "dependencies": edges, **fields})


def document(*tasks: TaskSpec, **tree: Any) -> dict[str, Any]:
    return TreeSpec("t", tasks, **tree).as_json()


def test_a_document_does_not_differ_from_itself() -> None:
    same = document(task("a"), task("b", "a", notes="n"))
    diff = diff_trees(same, copy.deepcopy(same))
    assert diff["tree"] == {}
    assert not any(diff["tasks"].values())
    assert not any(diff["dependencies"].values())
    assert not diff["reordered"]


def test_fields_that_are_left_out_have_their_defaults() -> None:
    diff = diff_trees(document(task("a")), document(task("a", enabled=False, pinned={"result": 1})))
    assert diff["tasks"]["changed"] == [
        {
            "id": "a",
            "name": "a",
            "fields": {"enabled": {"from": True, "to": False}, "pinned": {"from": None, "to": {"result": 1}}},
        }
    ]


def test_true_is_not_one() -> None:
    diff = diff_trees(document(task("a", inputs={"n": 1})), document(task("a", inputs={"n": True})))
    assert diff["tasks"]["changed"][0]["fields"] == {"inputs": {"from": {"n": 1}, "to": {"n": True}}}


def test_edges_and_order() -> None:
    optional = task("c", dependencies=(DependencySpec("a", required=False),))
    diff = diff_trees(document(task("a"), task("b", "a"), task("c", "a")), document(task("b"), task("a"), optional))
    assert diff["reordered"]
    assert diff["dependencies"] == {
        "added": [],
        "removed": [{"task": "b", "depends_on": "a", "required": True}],
        "changed": [{"task": "c", "depends_on": "a", "required": False}],
    }


def tasks_of(*tasks: TaskSpec) -> edits.Tasks:
    return list(document(*tasks)["tasks"])


def test_neighbours_are_joined_in_the_place_of_the_task_between() -> None:
    middle = task("m", dependencies=(DependencySpec("a"), DependencySpec("b", required=False)))
    tasks = tasks_of(task("a"), task("b"), task("z"), middle, task("c", "m", "z"), task("d", "a", "m"))
    edits.remove_task(tasks, "m", reconnect=True)
    assert {task["id"]: task["dependencies"] for task in tasks if task["dependencies"]} == {
        "c": [
            {"id": "a", "required": True},
            {"id": "b", "required": False},
            {"id": "z", "required": True},
        ],
        "d": [{"id": "a", "required": True}, {"id": "b", "required": False}],
    }


def test_children_of_a_removed_task_move_up() -> None:
    tasks = tasks_of(task("top"), task("mid", parent_id="top"), task("low", parent_id="mid"))
    edits.remove_task(tasks, "mid")
    assert [(task["id"], task["parent_id"]) for task in tasks] == [("top", None), ("low", "top")]


def test_what_is_not_there_is_not_found() -> None:
    tasks = tasks_of(task("a"), task("b"))
    with pytest.raises(TaskNotFoundError):
        edits.change_task(tasks, "ghost", {})
    with pytest.raises(TaskNotFoundError):
        edits.set_dependency(tasks, "a", "ghost", required=True)
    with pytest.raises(edits.DependencyNotFoundError):
        edits.remove_dependency(tasks, "a", "b")
    with pytest.raises(InvalidDefinitionError, match="dependencies"):
        edits.change_task(tasks, "a", {"dependencies": []})


def test_starts_follow_priority_and_then_the_order_of_readiness() -> None:
    tasks = (task("low", priority=3), task("first"), task("second"), task("urgent", priority=0), task("after", "first"))
    order = start_order(TreeSpec("t", tasks), 1, KNOWN)
    assert order.steps == [["urgent"], ["first"], ["second"], ["after"], ["low"]]
    assert order.never == {}


def test_a_tree_may_allow_less_than_there_are_slots() -> None:
    spec = TreeSpec("t", tuple(task(f"t{n}") for n in range(5)), max_concurrency=2)
    assert start_order(spec, 10, KNOWN).steps == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_what_never_starts_says_why() -> None:
    tasks = (
        task("group", executor=None),
        task("pinned", parent_id="group", pinned={"result": 1}),
        task("off", enabled=False),
        task("needs", "off"),
        task("ghost", executor="ghost"),
        task("runs", "pinned"),
    )
    order = start_order(TreeSpec("t", tasks), 4, KNOWN)
    assert order.steps == [["runs"]]
    assert order.never.keys() == {"group", "pinned", "off", "needs", "ghost"}
    assert "group" in order.never["group"]
    assert "pinned result" in order.never["pinned"]
    assert "disabled" in order.never["off"]
    assert "'ghost'" in order.never["ghost"]


@st.composite
def layered(draw: st.DrawFn) -> tuple[TaskSpec, ...]:
    count = draw(st.integers(1, 12))
    tasks = []
    for index in range(count):
        upstream = draw(st.lists(st.integers(0, index - 1), unique=True, max_size=3)) if index else []
        tasks.append(task(f"t{index}", *(f"t{n}" for n in upstream), priority=draw(st.integers(0, 3))))
    return tuple(tasks)


@settings(max_examples=100)
@given(tasks=layered(), slots=st.integers(1, 4))
def test_a_forecast_keeps_every_rule(tasks: tuple[TaskSpec, ...], slots: int) -> None:
    by_id = {task.id: task for task in tasks}
    order = start_order(TreeSpec("t", tasks), slots, KNOWN)
    started: set[str] = set()
    for step in order.steps:
        ready = {task.id for task in tasks if task.id not in started and {e.id for e in task.dependencies} <= started}
        assert set(step) <= ready
        assert len(step) == min(slots, len(ready)), "a free slot is never left empty"
        left = [by_id[uid].priority for uid in ready - set(step)]
        assert max(by_id[uid].priority for uid in step) <= min(left, default=3)
        started |= set(step)
    assert started == by_id.keys()
