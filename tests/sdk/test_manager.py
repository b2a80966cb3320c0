"""`TaskManager`: schemas, retries, timeouts, cancels, progress, logs, isolation."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from apflow import InvalidDefinitionError, TaskManager, TaskTreeNode, create_session, create_task, register_post_hook
from orchestration.actions.sdk import manager as sdk_manager
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.models import RunEvent, TaskAttempt, TaskLog
from orchestration.store.snapshots import NewRun, insert_run
from tests.bugs.conftest import run_tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]


async def run_one(manager: Any, executor: str, inputs: dict[str, Any], **fields: Any) -> Any:
    """Run one task and return it as it is stored then."""
    task = create_task(name="one", executor=executor, inputs=inputs, **fields)
    return (await manager.distribute_task_tree(TaskTreeNode(task))).task


async def test_inputs_are_checked_before_execution_and_defaults_filled_in(manager: Any) -> None:
    good = await run_one(manager, "sdk_sum", {"numbers": [1, 2], "factor": 2})
    assert good.result["result"] == {"total": 6}
    assert (await run_one(manager, "sdk_sum", {"numbers": [1]})).inputs == {"numbers": [1], "factor": 1}
    bad = await run_one(manager, "sdk_sum", {"numbers": [1, "two"]})
    assert (bad.status, bad.error_type) == ("failed", "validation_error")
    assert "inputs.numbers[1]" in bad.error


async def test_results_are_checked_with_the_field_named(manager: Any) -> None:
    lie = await run_one(manager, "sdk_sum", {"numbers": [13]})
    assert (lie.status, lie.error_type) == ("failed", "output_invalid")
    assert "result.total" in lie.error


async def test_progress_and_every_kind_of_log_line_are_kept(manager: Any) -> None:
    task = await run_one(manager, "sdk_talk", {})
    assert task.status == "completed"
    lines = [(line.level, line.message) async for line in TaskLog.objects.filter(task_run__task_uid=task.id)]
    assert lines == [(30, "own 1"), (20, "library line")]
    progress = await RunEvent.objects.filter(run_id=task.run_id, type="task.progress").afirst()
    assert progress is not None
    assert progress.data == {"attempt": 1, "progress": 0.4, "message": "page 4 of 10"}


async def test_an_exception_is_retried_with_backoff_and_each_attempt_is_kept(manager: Any) -> None:
    retry = {"max_attempts": 3, "backoff": "linear", "base_seconds": 0.01, "jitter": 0}
    task = await run_one(manager, "sdk_flaky", {"failures": 2}, retry=retry)
    assert (task.status, task.result["result"]) == ("completed", 3)
    attempts = [a async for a in TaskAttempt.objects.filter(task_run__task_uid=task.id).order_by("attempt")]
    assert [(a.attempt, a.reason, a.error) for a in attempts] == [
        (1, "failed", "ConnectionError: no 1"),
        (2, "failed", "ConnectionError: no 2"),
    ]
    delays = [e.data["delay_seconds"] async for e in RunEvent.objects.filter(run_id=task.run_id, type="task.retrying")]
    assert delays == [0.01, 0.02]


@pytest.mark.parametrize(("retryable", "starts"), [(True, 2), (False, 1), (None, 1)])
async def test_a_returned_failure_is_retried_only_when_it_says_so(manager: Any, retryable: Any, starts: int) -> None:
    retry = {"max_attempts": 2, "base_seconds": 0}
    inputs = {"failures": 9, "returned": True, "retryable": retryable}
    task = await run_one(manager, "sdk_flaky", inputs, retry=retry)
    assert task.status == "failed"
    assert await RunEvent.objects.filter(run_id=task.run_id, type="task.started").acount() == starts


@pytest.mark.parametrize("executor", ["sdk_wait", "sdk_stubborn"])
async def test_a_timeout_ends_coroutines_and_threads(manager: Any, executor: str) -> None:
    task = await run_one(manager, executor, {}, timeout_seconds=0.1)
    assert (task.status, task.error_type, task.result) == ("failed", "timeout", None)


async def test_cancel_ends_a_running_task_and_what_requires_it(manager: Any) -> None:
    slow = create_task(name="slow", executor="sdk_wait")
    after = create_task(name="after", executor="echo", dependencies=[{"id": slow.id, "required": True}])
    tree = TaskTreeNode(slow)
    tree.add_child(TaskTreeNode(after))
    running = asyncio.ensure_future(manager.distribute_task_tree(tree))
    while (await manager.cancel_task(slow.id, "enough"))["status"] != "cancelled":
        await asyncio.sleep(0.01)
    await asyncio.wait_for(running, 20)
    tasks = [await manager.task_repository.get_task_by_id(task.id) for task in (slow, after)]
    assert [task.status for task in tasks] == ["cancelled", "cancelled"]
    assert tasks[0].error == "enough" and "'slow'" in tasks[1].error
    assert (await manager.cancel_task(slow.id))["current_status"] == "cancelled"


async def test_expressions_bind_results_and_the_run(manager: Any) -> None:
    first = create_task(name="first", executor="echo", inputs={"list": [1, 2, 3]})
    inputs = {
        "n": "{{ tasks.first.result.list | length }}",
        "text": "n={{ tasks.first.result.list[0] }} {{ run.tree }}",
    }
    second = create_task(name="second", executor="echo", inputs=inputs, dependencies=[{"id": first.id}])
    done = await run_tree(manager, first, second)
    assert done["second"].result["result"] == {"list": [1, 2, 3], "n": 3, "text": "n=1 first"}


async def test_a_missing_binding_fails_with_its_path(manager: Any) -> None:
    task = await run_one(manager, "echo", {"a": {"b": "{{ params.nothing }}"}})
    assert (task.status, task.error_type) == ("failed", "binding_error")
    assert "$.inputs.a.b" in task.error and "nothing" in task.error


async def test_max_concurrency_bounds_one_tree(manager: Any) -> None:
    limited = TaskManager(create_session(), max_concurrency=2)
    tasks = [create_task(name=f"t{n}", executor="sdk_wait", inputs={"seconds": 0.02}) for n in range(6)]
    done = await run_tree(limited, *tasks)
    spans = sorted((task.started_at, task.completed_at) for task in done.values())
    assert all(sum(a <= start < b for a, b in spans) <= 2 for start, _ in spans)
    with pytest.raises(ValueError, match="max_concurrency"):
        TaskManager(create_session(), max_concurrency=0)


async def test_a_tree_that_is_not_valid_stores_nothing(manager: Any) -> None:
    a, b = create_task(name="a", executor="echo"), create_task(name="b", executor="echo")
    a.dependencies, b.dependencies = [{"id": b.id}], [{"id": a.id}]
    tree = TaskTreeNode(a)
    tree.add_child(TaskTreeNode(b))
    with pytest.raises(InvalidDefinitionError, match="cycle"):
        await manager.distribute_task_tree(tree)
    assert await manager.task_repository.get_task_by_id(a.id) is None


async def test_a_group_ends_with_its_children(manager: Any) -> None:
    group = create_task(name="stage")
    child = create_task(name="child", executor="echo", parent_id=group.id)
    after = create_task(name="after", executor="echo", dependencies=[{"id": group.id}])
    done = await run_tree(manager, group, child, after)
    assert {task.status for task in done.values()} == {"completed"}
    assert done["after"].started_at >= done["child"].completed_at


# --- isolation --------------------------------------------------------------------------------------------------


async def test_an_isolated_attempt_runs_elsewhere_and_its_log_and_progress_come_back(manager: Any) -> None:
    task = await run_one(manager, "sdk_isolated", {"act": "return"})
    assert task.status == "completed"
    assert task.result["result"]["pid"] != os.getpid()
    assert [line.message async for line in TaskLog.objects.filter(task_run__task_uid=task.id)] == ["acting: return"]


async def test_a_child_is_used_again(manager: Any) -> None:
    first = create_task(name="first", executor="sdk_isolated", inputs={"act": "return"})
    second = create_task(
        name="second", executor="sdk_isolated", inputs={"act": "return"}, dependencies=[{"id": first.id}]
    )
    done = await run_tree(manager, first, second)
    assert done["first"].result["result"]["pid"] == done["second"].result["result"]["pid"]


@pytest.mark.parametrize(
    ("act", "error_type", "text"),
    [
        ("die", "process_died", "exit code 7"),
        ("crash", "process_died", "SIGABRT"),
        ("eat", "MemoryError", "MemoryError"),
        ("raise", "ValueError", "no good"),
    ],
)
async def test_what_happens_in_a_child_ends_that_attempt_alone(
    manager: Any, act: str, error_type: str, text: str
) -> None:
    bad = create_task(name="bad", executor="sdk_isolated", inputs={"act": act})
    good = create_task(name="good", executor="sdk_isolated", inputs={"act": "return"})
    done = await run_tree(manager, bad, good)
    assert (done["bad"].status, done["bad"].error_type) == ("failed", error_type)
    assert text in done["bad"].error
    assert done["good"].status == "completed"


@pytest.mark.parametrize("act", ["sleep", "be deaf"])
async def test_an_isolated_attempt_is_stopped_at_its_timeout_and_killed_when_it_is_deaf(manager: Any, act: str) -> None:
    task = await run_one(manager, "sdk_isolated", {"act": act}, timeout_seconds=0.2)
    assert (task.status, task.error_type) == ("failed", "timeout")


async def test_a_slow_post_hook_does_not_turn_success_into_a_timeout(manager: Any) -> None:
    @register_post_hook
    async def slow(task: Any, inputs: Any, result: Any) -> None:
        await asyncio.sleep(2.5)

    task = await run_one(manager, "sdk_wait", {"seconds": 0.01}, timeout_seconds=2)
    assert (task.status, task.error) == ("completed", None)
    assert not await RunEvent.objects.filter(run_id=task.run_id, type="task.late_outcome").aexists()


async def test_a_secret_that_is_not_there_is_named(manager: Any) -> None:
    task = await run_one(manager, "echo", {"key": "{{ secrets.API_KEY }}"})
    assert task.error_type == "binding_error"
    assert "there is no secret 'API_KEY'" in task.error and "$.inputs.key" in task.error


async def test_a_run_whose_asker_gave_up_before_it_was_adopted_runs_all_the_same(
    manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserted, go_on = threading.Event(), threading.Event()

    def insert_and_wait(new: NewRun) -> bool:
        made = insert_run(new)
        inserted.set()
        go_on.wait(20)
        return made

    monkeypatch.setattr(sdk_manager, "insert_run", insert_and_wait)
    task = create_task(name="one", executor="echo")
    with local_engine():  # somebody else's trees go on in this process
        asking = asyncio.ensure_future(manager.distribute_task_tree(TaskTreeNode(task)))
        await asyncio.to_thread(inserted.wait, 20)
        asking.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(20):
            while (await manager.task_repository.get_task_by_id(task.id)).status != "completed":
                await asyncio.sleep(0.01)
