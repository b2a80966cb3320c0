"""What is said beforehand is what then happens: reasons for waiting, and plans of re-runs."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.definition import TaskSpec, TreeSpec, groups_of
from orchestration.engine.json_values import JSONValue
from orchestration.engine.outcome import Outcome
from orchestration.engine.records import Node, Phase
from orchestration.engine.rerun import Earlier, Fate, Scope, Wish, plan_rerun
from orchestration.engine.run_state import RunState
from orchestration.engine.status import TERMINAL, Status
from orchestration.engine.why import STARTS_NEXT, WorkerView, World, explain

from .table import make_table
from .test_run_state_properties import REGISTRY, Owner, outcome_for, quick, trees


def say(owner: Owner, node: Node) -> str:
    """Explain a task by the rows alone, as a reader who does not own the run does."""
    state = RunState(owner.table.look(), REGISTRY)
    worker = WorkerView("w", owner.slots, len(owner.running), ["work"])
    return explain(state, state.by_uid[node.record.uid], World(owner.now, worker, [worker]))


@quick
@given(trees(), st.randoms(use_true_random=False), st.integers(1, 2))
def test_a_reason_for_waiting_is_true(tasks: list[TaskSpec], chance: random.Random, slots: int) -> None:
    """At every step: what waits for a task starts after that one ended; what waits for a slot starts when one is free;
    of a task that "starts next" nothing is left to say, because it has started."""
    owner = Owner(make_table(tasks), slots)
    while owner.running:
        for node in owner.state.nodes:
            said = say(owner, node)
            if node.status is Status.PENDING:
                assert said != STARTS_NEXT, "whatever could start has been started by now"
                if said.startswith("Waiting for"):
                    waits = [owner.state.nodes[index] for index, _ in node.dependencies]
                    named = [up for up in waits if f"{up.record.name!r}" in said]
                    assert named and all(up.status not in TERMINAL for up in named)
                elif "slots are taken" in said:
                    assert len(owner.running) == slots and node.phase is Phase.READY
                elif not said.startswith("The group ends"):
                    raise AssertionError(said)
            elif node.status is Status.IN_PROGRESS:
                assert said.startswith("Running for")
        before = {node.record.uid for node in owner.state.nodes if node.status is Status.PENDING}
        next_ = [node for node in owner.state.nodes if "it is the next to get one" in say(owner, node)]
        ready = {node.record.uid for node in owner.state.nodes if node.phase is Phase.READY}
        done = chance.choice(owner.running)
        owner.end(done, outcome_for(chance.choice([Status.COMPLETED, Status.FAILED]), retryable=False))
        started = before & {node.record.uid for node in owner.state.nodes if node.status is Status.IN_PROGRESS}
        if len(next_) == 1 and started and started <= ready:
            assert next_[0].record.uid in started, "the one that is next gets the slot that became free"


@quick
@given(trees(), st.randoms(use_true_random=False), st.sampled_from(list(Scope)))
def test_a_plan_is_what_then_happens(tasks: list[TaskSpec], chance: random.Random, scope: Scope) -> None:
    first = Owner(make_table(tasks), 3)
    while first.running:
        status = chance.choice([Status.COMPLETED, Status.COMPLETED, Status.FAILED])
        first.end(chance.choice(first.running), outcome_for(status, retryable=False))
    ended = first.table.statuses()
    earlier = {task.id: Earlier(task, ended[task.id], ended[task.id] is Status.COMPLETED) for task in tasks}
    chosen = [task.id for task in tasks if chance.random() < 0.4]
    changed: dict[str, dict[str, JSONValue]] = {
        task.id: {"new": True} for task in tasks if task.executor and chance.random() < 0.1
    }
    spec = TreeSpec("t", tuple(tasks))
    plan = plan_rerun(spec, earlier, Wish(scope, chosen, changed), REGISTRY)
    fates = {step.task_id: step.fate for step in plan.steps}
    groups = groups_of(spec.tasks, REGISTRY)

    table = make_table(list(plan.spec.tasks))
    for row in table.rows.values():
        if fates[row.uid] is Fate.REUSE:
            row.status, row.result_json = Status.COMPLETED, '{"n":1}'
    second = Owner(table, 3)
    while second.running:
        second.end(chance.choice(second.running), Outcome.completed("1"))
    ran = set(second.started)
    for task in tasks:
        node = second.state.by_uid[task.id]
        if task.id in groups:
            continue
        if fates[task.id] is Fate.RUN and task.enabled and task.pinned is None:
            statuses = [second.state.nodes[index].status for index, required in node.dependencies if required]
            stopped = any(status is not Status.COMPLETED for status in statuses)
            assert task.id in ran or stopped, "what is to run runs, unless what it requires is switched off"
        else:
            assert task.id not in ran, "what is reused, left out or can't run does not run"
        if task.id in changed and fates[task.id] is Fate.RUN:
            assert next(spec_ for spec_ in plan.spec.tasks if spec_.id == task.id).inputs == {"new": True}
    assert table.run.status in TERMINAL
