"""What the builder says while people draw is what the engine and the server say of the same document."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.engine.base import BaseTask
from orchestration.engine.binding import tasks_used
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, groups_of, waits_for
from orchestration.engine.graph import find_cycle
from orchestration.engine.outcome import Outcome
from orchestration.engine.queue import ReadyQueue
from orchestration.engine.records import Node
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState
from orchestration.engine.status import Status
from orchestration.engine.validation import graph_problems, tree_problems
from tests.engine.table import make_table

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 0, "maximum": 9},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
        "mode": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
    },
    "required": ["n"],
    "$defs": {"Row": {"type": "object", "properties": {"x": {"type": "number"}}}},
}
EXPRESSIONS = (
    *("{{ tasks.t0.result }}", '{{ tasks["Task 1"].result.rows[0] }}', "plain", "tasks.t0", "{{ params.tasks.t1 }}"),
    *("{% if tasks.t2.error %}{{ tasks['t3'].id }}{% endif %}", "{# tasks.t0 #}", '{{ "tasks.t0 }}" ~ tasks.t1.id }}'),
    *("{% raw %}{{ tasks.t0 }}{% endraw %}", '{{ {"a": {"b": tasks.t4.result}} }}', "{{ tasks .t5 ['result'] }}"),
    *(
        '{{ tasks["caf\\u00e9"].id }}',
        "{{ tasks.größe.id | default(tasks.t1.id) }}",
        "{{ tasks.t1 if 1 else tasks.t2 }}",
    ),
    *("{%- set x = tasks.t3 -%}{{ x }}", "{{ tasks['a\\'b'].id }}", "{{ tasks.t0.tasks.t9 }}"),
)
VALUES: tuple[Any, ...] = (0, 9, 10, -1, 1.5, "x", None, "{{ tasks.t0.result }}")
ROWS: tuple[Any, ...] = ([], [{"x": 1}], [{"x": "y"}, {}], ["{{ params.x }}", 3], {}, [{"x": 1}, {"x": None}])


class Work(BaseTask):
    """Stands for any executor; it is never called."""

    inputs_schema = SCHEMA


@pytest.fixture(scope="module")
def judge() -> Any:
    """Asks the builder's model, in Node, about many documents at once."""
    if shutil.which("node") is None or not (FRONTEND / "node_modules" / "vite").exists():
        pytest.skip("NO NODE: the builder's model was not compared; install Node and run `npm ci` in frontend/")
    folder = FRONTEND / "node_modules" / ".judge"
    command = ["npx", "vite", "build", "--ssr", "test/judge.mts", "--outDir", str(folder), "--logLevel", "error"]
    subprocess.run(command, cwd=FRONTEND, check=True, timeout=120)

    def ask(specs: list[TreeSpec], slots: int = 2) -> list[dict[str, Any]]:
        common = {"slots": slots, "known": ["work"], "schema": SCHEMA}
        questions = "\n".join(json.dumps({"document": spec.as_json(), **common}) for spec in specs)
        program = ["node", str(folder / "judge.js")]
        done = subprocess.run(program, input=questions, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def random_tree(seed: int, *, may_cycle: bool = False) -> TreeSpec:
    """Draw a tree of groups, nested groups, parents that run, and tasks."""
    chance = random.Random(seed)
    count = chance.randint(2, 14)
    tasks = []
    for index in range(count):
        others = range(count) if may_cycle else range(index)
        upstream = [other for other in others if other != index and chance.random() < 1.5 / count]
        tasks.append(
            TaskSpec(
                f"t{index}",
                chance.choice([f"Task {index}", "work"]) if chance.random() < 0.1 else f"Task {index}",
                "work" if chance.random() < 0.75 else None,
                inputs={
                    "n": chance.choice(VALUES),
                    "rows": chance.choice(ROWS),
                    "mode": chance.choice(["a", "c", None, 3]),
                    "deep": {"texts": chance.sample(EXPRESSIONS, 2)},
                }
                if chance.random() < 0.9
                else {},
                priority=chance.randrange(4),
                parent_id=f"t{chance.randrange(index)}" if index and chance.random() < 0.4 else None,
                dependencies=tuple(DependencySpec(f"t{other}", chance.random() < 0.7) for other in upstream),
                enabled=chance.random() < 0.9,
                pinned={"result": 1} if chance.random() < 0.1 else None,
            )
        )
    return TreeSpec(f"tree {seed}", tuple(tasks))


def registry() -> ExecutorRegistry:
    """One executor, of which the tasks are."""
    made = ExecutorRegistry()
    made.register(Work, id="work")
    return made


def engine_order(spec: TreeSpec, slots: int) -> tuple[list[list[str]], list[str]]:
    """Run a tree by the engine's own state and queue, one wave after the other; return the waves and what never ran."""
    state = RunState(make_table(list(spec.tasks)).claim(), registry())
    waiting = ReadyQueue()
    state.begin(NOW)
    waves: list[list[str]] = []
    while True:
        for node in state.ready:
            waiting.push(state, node)
        state.ready.clear()
        wave: list[Node] = []
        while len(wave) < slots and (popped := waiting.pop()) is not None:
            state.start(popped[1], NOW)
            wave.append(popped[1])
        if not wave:
            break
        waves.append([node.record.uid for node in wave])
        for node in wave:
            state.finish(node, Outcome.completed("1"), "{}", NOW)
    return waves, [node.record.uid for node in state.nodes if node.status is not Status.COMPLETED]


def may_run(spec: TreeSpec) -> bool:
    """No cycle and no dangling edge."""
    return not graph_problems(spec.tasks, registry())


def with_edge(spec: TreeSpec, source: str, target: str) -> tuple[TaskSpec, ...]:
    """The tasks with one more edge."""
    return tuple(
        TaskSpec(
            task.id,
            task.name,
            task.executor,
            parent_id=task.parent_id,
            dependencies=(*task.dependencies, *([DependencySpec(source)] if task.id == target else [])),
        )
        for task in spec.tasks
    )


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_the_start_order_is_the_engines(judge: Any, slots: int) -> None:
    specs = [spec for spec in map(random_tree, range(300)) if may_run(spec)]
    assert len(specs) > 100
    for spec, said in zip(specs, judge(specs, slots), strict=True):
        waves, left_out = engine_order(spec, slots)
        assert said["waves"] == waves, spec.name
        assert sorted(said["notRun"]) == sorted(left_out), spec.name


def test_groups_and_cycles_are_the_engines(judge: Any) -> None:
    specs = [random_tree(seed, may_cycle=seed % 2 == 1) for seed in range(300)]
    cycles = 0
    for spec, said in zip(specs, judge(specs), strict=True):
        groups = groups_of(spec.tasks, registry())
        assert sorted(said["groups"]) == sorted(groups), spec.name
        has_cycle = find_cycle(waits_for(spec.tasks, groups)) is not None
        assert said["hasCycle"] == has_cycle, spec.name
        cycles += has_cycle
    assert 20 < cycles < 280


def test_the_edges_that_may_not_be_drawn_are_those_that_the_server_refuses(judge: Any) -> None:
    specs = [spec for spec in map(random_tree, range(100)) if may_run(spec)][:40]
    for spec, said in zip(specs, judge(specs), strict=True):
        refused = {(source, target) for source, target in said["refused"]}
        for source in spec.tasks:
            for target in spec.tasks:
                is_wrong = bool(graph_problems(with_edge(spec, source.id, target.id), registry()))
                assert ((source.id, target.id) in refused) == is_wrong, (spec.name, source.id, target.id)


def test_the_tasks_that_expressions_name_are_the_servers(judge: Any) -> None:
    specs = [random_tree(seed) for seed in range(200)]
    for spec, said in zip(specs, judge(specs), strict=True):
        assert said["used"] == [sorted(tasks_used(task.inputs)) for task in spec.tasks], spec.name


def test_the_problems_of_inputs_are_at_the_servers_places(judge: Any) -> None:
    specs = [random_tree(seed) for seed in range(300)]
    found = 0
    for spec, said in zip(specs, judge(specs), strict=True):
        problems = tree_problems(spec, registry())
        for index, task in enumerate(spec.tasks):
            if task.executor is None:
                continue
            prefix = f"$.tasks[{index}].inputs."
            theirs = {p.path for p in problems if p.path.startswith(prefix)}
            ours = {f"{prefix[:-1]}{path[1:]}" for path in said["problems"][index]}
            assert ours == theirs, (spec.name, index)
            found += len(theirs)
    assert found > 100
