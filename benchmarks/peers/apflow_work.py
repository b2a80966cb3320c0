"""apflow: a tree of no-op tasks through its own TaskManager, in process, on its default database."""
# mypy: ignore-errors
# Runs in an environment of its own, where the peer is installed.

import asyncio
import json
import os
import sys
import time
import uuid

HOME = os.environ["PEER_HOME"]
os.chdir(HOME)
os.environ["HOME"] = HOME

from apflow import BaseTask, TaskManager, create_session, executor_register
from apflow.core.types import TaskTreeNode


@executor_register()
class Noop(BaseTask):
    id = "bench_noop"
    name = "noop"
    description = "does nothing"

    async def execute(self, inputs):
        return {"result": 1}

    def get_demo_result(self, *_, **__):
        return {}


async def build(manager, count, chained):
    root = await manager.task_repository.create_task(name="root", schemas={"method": "bench_noop"}, priority=2)
    top = TaskTreeNode(root)
    last = root
    for number in range(count):
        task = await manager.task_repository.create_task(
            name=f"t{number}",
            schemas={"method": "bench_noop"},
            parent_id=root.id,
            priority=2,
            dependencies=[{"id": last.id, "required": True}],
        )
        top.add_child(TaskTreeNode(task))
        if chained:
            last = task
    return top


async def main(work):
    chained = work.startswith("chain")
    count = 40 if chained else 100
    session = (
        create_session(path=f"{HOME}/{uuid.uuid4()}.db")
        if "path" in create_session.__code__.co_varnames
        else create_session()
    )
    manager = TaskManager(session)
    tree = await build(manager, count, chained)
    begun = time.perf_counter()
    await manager.distribute_task_tree(tree)
    print(json.dumps({"per_second": count / (time.perf_counter() - begun), "note": f"{count} tasks"}))


asyncio.run(main(sys.argv[1]))
