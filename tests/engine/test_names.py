"""A name in an expression means one task: the one whose name it is alone, else the one whose id it is."""

from __future__ import annotations

import pytest

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import BindingError
from orchestration.engine.inputs import InputSources, Upstream, resolve_inputs
from orchestration.engine.partial import Mode, plan_part
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


def seen(*upstreams: tuple[str, str]) -> object:
    """What `tasks.x.result` is when these tasks, as ids and names, can be seen; each returned its id."""
    sources = InputSources(
        {"value": "{{ tasks.x.result }}"},
        [Upstream(uid, name, "completed", f'{{"from": "{uid}"}}', None) for uid, name in upstreams],
    )
    return resolve_inputs(sources, by_id=True)["value"]


def test_an_attempt_sees_the_same_task() -> None:
    assert seen(("a", "x"), ("x", "y")) == seen(("x", "y"), ("a", "x")) == {"from": "a"}
    assert seen(("a", "x"), ("b", "x"), ("x", "y")) == {"from": "x"}
    with pytest.raises(BindingError):
        seen(("a", "x"), ("b", "x"))


def test_a_part_of_a_tree_needs_the_same_task() -> None:
    through = TaskSpec("t", "Through", dependencies=(DependencySpec("a"), DependencySpec("x")))
    spec = TreeSpec("Names", (TaskSpec("a", "x"), TaskSpec("x", "y"), through, reader("t")))
    assert plan_part(spec, Mode.TASK, "r", ExecutorRegistry()).needs == {"t": True, "a": True}
