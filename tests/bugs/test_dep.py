"""PB-DEP: dependencies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from apflow import TaskTreeNode, create_task
from orchestration.models import Run

from .conftest import run_tree
from .executors import COUNTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]


def count(name: str, **fields: Any) -> Any:
    return create_task(name=name, executor="bug_count", **fields)


def boom(name: str, **fields: Any) -> Any:
    return create_task(name=name, executor="bug_boom", **fields)


async def test_dep_1_a_follower_of_optional_dependencies_runs_when_all_failed(manager: Any) -> None:
    a, b = boom("a"), boom("b")
    c = count("c", dependencies=[{"id": a.id, "required": False}, {"id": b.id, "required": False}])
    done = await run_tree(manager, a, b, c)
    assert [done[name].status for name in "abc"] == ["failed", "failed", "completed"]
    assert COUNTS[c.id] == 1
    assert done["c"].result["result"]["seen"] == [], "nothing of what failed reaches the inputs"


async def test_dep_1_a_follower_runs_when_its_dependencies_were_cancelled(manager: Any) -> None:
    slow = [count(name, inputs={"sleep": 30}) for name in ("a", "b")]
    c = count("c", dependencies=[{"id": task.id, "required": False} for task in slow])
    tree = TaskTreeNode(slow[0])
    tree.add_child(TaskTreeNode(slow[1]))
    tree.add_child(TaskTreeNode(c))
    running = asyncio.ensure_future(manager.distribute_task_tree(tree))
    for task in slow:
        while (await manager.cancel_task(task.id, "not needed"))["status"] != "cancelled":
            await asyncio.sleep(0.01)
    await asyncio.wait_for(running, 30)
    statuses = [(await manager.task_repository.get_task_by_id(task.id)).status for task in (*slow, c)]
    assert statuses == ["cancelled", "cancelled", "completed"]
    assert COUNTS[c.id] == 1


async def test_dep_2_dependents_of_a_failed_required_step_end_and_say_why(manager: Any) -> None:
    a = boom("a")
    b = count("b", dependencies=[{"id": a.id, "required": True}])
    c = count("c", dependencies=[{"id": b.id, "required": True}])
    d = count("d", dependencies=[{"id": a.id, "required": False}])
    done = await run_tree(manager, a, b, c, d)
    assert [done[name].status for name in "abcd"] == ["failed", "failed", "failed", "completed"]
    assert not COUNTS.keys() & {b.id, c.id}
    assert "'a'" in done["b"].error and "boom" in done["b"].error
    assert "'b'" in done["c"].error and "'a' failed" in done["c"].error
    assert done["b"].error_type == done["c"].error_type == "dependency_failed"
    run = await Run.objects.aget(tree_id=done["a"].tree_id)
    assert (run.status, run.error) == ("failed", "'a' failed: RuntimeError: boom")


async def test_dep_3_a_task_added_after_its_dependency_completed_runs_alone(manager: Any) -> None:
    a = await manager.task_repository.create_task(name="a", executor="bug_count")
    await manager.distribute_task_tree(TaskTreeNode(a))
    b = await manager.task_repository.create_task(
        name="b", executor="bug_count", dependencies=[{"id": a.id, "required": True}]
    )
    done = (await manager.distribute_task_tree(TaskTreeNode(b))).task
    assert done.status == "completed"
    assert done.result["result"]["seen"] == ["seen"], "the earlier result reaches the new task"
    assert (COUNTS[a.id], COUNTS[b.id]) == (1, 1)


async def test_dep_3_a_task_added_in_its_dependencys_last_moments_runs_once(manager: Any) -> None:
    for round_number in range(20):
        a = await manager.task_repository.create_task(
            name="a", executor="bug_count", inputs={"sleep": 0.002 * round_number}
        )
        running = asyncio.ensure_future(manager.distribute_task_tree(TaskTreeNode(a)))
        b = await manager.task_repository.create_task(
            name="b", executor="bug_count", dependencies=[{"id": a.id, "required": True}]
        )
        await manager.distribute_task_tree(TaskTreeNode(b))
        await running
        assert (COUNTS[a.id], COUNTS[b.id]) == (1, 1), round_number
