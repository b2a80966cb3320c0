"""What an engine counts of executors as it runs trees."""

from __future__ import annotations

from typing import Any

import pytest

from apflow import TaskTreeNode, create_task
from orchestration.models import ExecutorUse

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.mark.asyncio
async def test_each_task_that_ran_is_counted_once_however_often_it_was_tried(manager: Any) -> None:
    retry = {"max_attempts": 2, "base_seconds": 0.01, "jitter": 0}
    root = TaskTreeNode(create_task(id="root", name="root", executor="echo"))
    fails = TaskTreeNode(create_task(id="fails", name="fails", executor="fail", params={"retry": retry}, retry=retry))
    root.add_child(fails)
    blocked = create_task(id="no", name="no", executor="echo", dependencies=[{"id": "fails", "required": True}])
    root.add_child(TaskTreeNode(blocked))
    await manager.distribute_task_tree(root)
    uses = {use.executor: use async for use in ExecutorUse.objects.all()}
    assert {name: (use.runs, use.failures) for name, use in uses.items()} == {"echo": (1, 0), "fail": (1, 1)}
    assert [sum(use.buckets) for use in uses.values()] == [1, 1]
