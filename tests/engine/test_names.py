"""A name in an expression means one task: the one whose name it is alone, else the one whose id it is."""

from __future__ import annotations

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState
from orchestration.engine.validation import tree_problems

from .table import make_table


def reader(*waits_for: str) -> TaskSpec:
    inputs = {"value": "{{ tasks.x.result }}"}
    return TaskSpec("r", "Reader", inputs=dict(inputs), dependencies=tuple(map(DependencySpec, waits_for)))


def referenced(tasks: list[TaskSpec]) -> set[str]:
    """Ids of the tasks that the reader gets besides its dependencies."""
    state = RunState(make_table(tasks).look(), ExecutorRegistry())
    return {state.nodes[index].record.uid for index in state.by_uid["r"].references}


def messages(tasks: list[TaskSpec]) -> list[str]:
    spec = TreeSpec("Names", tuple(tasks))
    return [problem.message for problem in tree_problems(spec, None) if "expression" in problem.message]


def test_a_name_goes_before_an_id_that_is_like_it() -> None:
    through = TaskSpec("t", "Through", dependencies=(DependencySpec("a"), DependencySpec("x")))
    tasks = [TaskSpec("a", "x"), TaskSpec("x", "y"), through, reader("t")]
    assert messages(tasks) == []
    assert referenced(tasks) == {"a"}
    assert messages([TaskSpec("a", "x"), TaskSpec("x", "y"), reader("x")]) != []


def test_a_name_of_several_tasks_is_an_id_where_there_is_one() -> None:
    through = TaskSpec("t", "Through", dependencies=(DependencySpec("x"),))
    tasks = [TaskSpec("a", "x"), TaskSpec("b", "x"), TaskSpec("x", "y"), through, reader("t")]
    assert messages(tasks) == []
    assert referenced(tasks) == {"x"}
    (message,) = messages([*tasks[:2], reader("a")])
    assert "2 tasks have that name" in message
