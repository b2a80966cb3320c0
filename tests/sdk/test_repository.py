"""`TaskRepository`, builders, nodes and hooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import apflow
from apflow import (
    InvalidDefinitionError,
    NotSupportedError,
    TaskBuilder,
    TaskCreator,
    TaskExecutor,
    TaskNotFoundError,
    TaskTreeNode,
    add_executor_hook,
    create_task,
    execute_tasks,
    get_hook_repository,
    register_post_hook,
    register_pre_hook,
    register_task_tree_hook,
)
from orchestration.actions.sdk.repository import TaskInUseError
from orchestration.engine.registry import default_registry
from orchestration.models import RunEvent, Task, Tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]


async def test_a_task_is_stored_read_updated_and_deleted(manager: Any) -> None:
    repository = manager.task_repository
    a = await repository.create_task(name="a", executor="echo", inputs={"x": 1}, user_id="ada", priority=0)
    assert (a.name, a.status, a.priority, a.user_id, a.type) == ("a", "pending", 0, "ada", "echo")
    b = await repository.create_task(name="b", executor="echo", dependencies=[{"id": a.id}], parent_id=a.id)
    assert (b.tree_id, b.parent_id, b.dependencies) == (a.tree_id, a.id, [{"id": a.id, "required": True}])
    assert [task.id for task in await repository.get_children(a.id)] == [b.id]
    assert [node.task.id for node in await repository.get_task_tree(a.id)] == [a.id, b.id]
    assert {task.id for task in await repository.get_tasks_by_status("pending")} == {a.id, b.id}
    assert [task.id for task in await repository.list_tasks(limit=1)] == [b.id]
    changed = await repository.update_task(b.id, priority=3, dependencies=[], inputs={"y": [2]})
    assert (changed.priority, changed.dependencies, changed.inputs) == (3, [], {"y": [2]})
    with pytest.raises(TaskInUseError):
        await repository.delete_task(a.id)
    assert await repository.delete_task(b.id) is True
    assert await repository.delete_task(b.id) is False
    assert await repository.delete_task(a.id) is True
    assert not await Tree.objects.aexists(), "a tree goes with its last task"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 300},
        {"name": "a", "priority": 4},
        {"name": "a", "priority": True},
        {"name": "a", "dependencies": [{"id": "nobody"}]},
        {"name": "a", "parent_id": "nobody"},
        {"name": "a", "inputs": {"n": float("nan")}},
        {"name": "a", "timeout_seconds": -1},
        {"name": "a", "retry": {"backoff": "sometimes"}},
    ],
)
async def test_what_is_wrong_is_refused_and_nothing_stored(manager: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidDefinitionError):
        await manager.task_repository.create_task(executor="echo", **fields)
    assert not await Task.objects.aexists() and not await Tree.objects.aexists()


async def test_what_runs_write_is_not_for_update_task(manager: Any) -> None:
    task = await manager.task_repository.create_task(name="a", executor="echo")
    with pytest.raises(ValueError, match="status"):
        await manager.task_repository.update_task(task.id, status="completed")
    with pytest.raises(TaskNotFoundError):
        await manager.task_repository.update_task("nobody", priority=1)
    with pytest.raises(ValueError, match="weird"):
        await manager.task_repository.get_tasks_by_status("weird")


async def test_a_run_leaves_the_definition_as_it_was(manager: Any) -> None:
    @register_pre_hook
    def stamp(task: Any) -> None:
        task.inputs["stamp"] = {"deep": [1]}

    task = await manager.task_repository.create_task(name="a", executor="echo", inputs={"x": 1})
    node = await manager.distribute_task_tree(TaskTreeNode(task))
    assert node.task.inputs == {"x": 1, "stamp": {"deep": [1]}}
    stored = await Task.objects.aget(uid=task.id)
    assert stored.inputs == {"x": 1}


async def test_the_builder_the_creator_and_the_executor(manager: Any) -> None:
    built = await TaskBuilder(manager, "echo").with_name("built").with_input("a", 1).with_priority(1).execute()
    assert (built["status"], built["progress"], built["result"]["result"]) == ("completed", 1.0, {"a": 1})
    array: list[Any] = [
        {"name": "root", "executor": "echo"},
        {"name": "leaf", "executor": "echo", "parent_id": "root", "dependencies": ["root"]},
    ]
    node = await TaskCreator(manager.session).create_task_tree_from_array(array)
    assert [task.name for task in node.to_list()] == ["root", "leaf"]
    assert (await TaskExecutor().execute_task_tree(node))["status"] == "completed"
    assert (await execute_tasks([{"name": "alone", "executor": "echo"}]))["status"] == "completed"
    with pytest.raises(ValueError, match="exactly one root"):
        await TaskCreator(manager.session).create_task_tree_from_array([{"name": "a"}, {"name": "b"}])


async def test_hooks_of_tasks_trees_and_executors_are_called(manager: Any) -> None:
    seen: list[Any] = []

    @register_task_tree_hook("on_tree_created")
    def created(root: Any) -> None:
        seen.append(("created", root.name))

    @register_task_tree_hook("on_tree_failed")
    async def failed(root: Any, message: str) -> None:
        seen.append(("failed", "boom" in message))

    @register_post_hook
    async def post(task: Any, inputs: Any, result: Any) -> None:
        seen.append(("post", task.status, inputs, result["status"]))

    @register_pre_hook
    async def reads(task: Any) -> None:
        repository = get_hook_repository()
        seen.append(("me", (await repository.get_task_by_id(task.id)).status))

    add_executor_hook("fail", "pre_hook", lambda executor, task, inputs: None)
    inputs = {"message": "boom"}
    await manager.distribute_task_tree(TaskTreeNode(create_task(name="f", executor="fail", inputs=inputs)))
    del default_registry.get("fail").hooks["pre_hook"]
    assert seen[0] == ("created", "f")
    assert ("me", "in_progress") in seen
    assert [entry[0] for entry in seen[-2:]] == ["post", "failed"]
    assert seen[-2][1] == "failed" and seen[-1][1] is True


async def test_an_executors_pre_hook_may_stand_in_for_it(manager: Any) -> None:
    add_executor_hook("echo", "pre_hook", lambda executor, task, inputs: {"status": "completed", "result": "instead"})
    try:
        node = await manager.distribute_task_tree(TaskTreeNode(create_task(name="e", executor="echo")))
    finally:
        del default_registry.get("echo").hooks["pre_hook"]
    assert node.task.result["result"] == "instead"


async def test_a_broken_hook_is_an_event(manager: Any) -> None:
    @register_pre_hook
    def broken(task: Any) -> None:
        raise RuntimeError("hook is broken")

    node = await manager.distribute_task_tree(TaskTreeNode(create_task(name="e", executor="echo")))
    event = await RunEvent.objects.aget(run_id=node.task.run_id, type="task.hooks")
    (hook,) = event.data["hooks"]
    assert (event.data["attempt"], hook["event"]) == (1, "pre")
    assert hook["error"] == "RuntimeError: hook is broken" and "broken" in hook["hook"] and hook["ms"] >= 0


async def test_nodes_know_their_tree() -> None:
    root = TaskTreeNode(create_task(name="root"))
    for name in ("a", "b"):
        root.add_child(TaskTreeNode(create_task(name=name)))
    root.children[0].add_child(TaskTreeNode(create_task(name="aa")))
    assert [task.name for task in root.to_list()] == ["root", "a", "aa", "b"]
    assert root.output()["children"][0]["children"][0]["task"]["name"] == "aa"
    assert (root.calculate_status(), root.calculate_progress()) == ("pending", 0.0)
    root.children[1].task.status = "failed"
    assert root.calculate_status() == "failed"
    with pytest.raises(TypeError, match="colour"):
        create_task(name="x", colour="red")


async def test_names_without_a_counterpart_say_what_to_do_instead() -> None:
    for name in ("set_task_model_class", "task_model_register", "storage_register", "hook_register", "tool_register"):
        with pytest.raises(NotSupportedError, match=name):
            getattr(apflow, name)(object)


def _python(code: str) -> str:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "from apflow.core import BaseTask, TaskManager, TaskTreeNode, TaskBuilder, create_session, get_hook_repository",
        "from apflow.core.base import BaseTask",
        "from apflow.core.decorators import executor_register",
        "from apflow.core.extensions import executor_register",
        "from apflow.core.extensions.decorators import executor_register",
        "from apflow.core.execution import TaskManager, TaskExecutor, TaskCreator",
        "from apflow.core.execution.task_manager import TaskManager",
        "from apflow.core.storage import create_session, create_pooled_session",
        "from apflow.core.storage.factory import create_session",
        "from apflow.core.storage.context import get_hook_repository, get_hook_session",
        "from apflow.core.storage.sqlalchemy.task_repository import TaskRepository",
        "from apflow.core.types import TaskTreeNode",
        "from apflow.core.builders import TaskBuilder",
        "from apflow.core.utils.logger import get_logger",
        "from apflow.logger import get_logger",
        "from apflow import *",
    ],
)
async def test_the_paths_that_apflows_readers_know(line: str) -> None:
    exec(line, {})  # noqa: S102 - imports, written above


async def test_declaring_executors_needs_no_django() -> None:
    code = "import sys; from apflow import BaseTask, executor_register; print('django' in sys.modules)"
    assert _python(code).strip() == "False"


async def test_a_plain_script_gets_django_set_up() -> None:
    assert "TaskManager" in _python("from apflow import TaskManager; print(TaskManager)")
