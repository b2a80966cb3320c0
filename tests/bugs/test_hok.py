"""PB-HOK: exceptions in hooks, and values that tasks share."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apflow import create_task, register_post_hook, register_pre_hook, register_task_tree_hook
from orchestration.models import Run, RunEvent, Task
from tests.hook_scene import make_hook

from .conftest import run_tree
from .executors import COUNTS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]


def breaks(task: Any, *more: Any) -> None:
    """Raise, as a hook."""
    raise ValueError("no good")


def sleeps(task: Any, *more: Any) -> None:
    """Take longer than it may, as a hook."""
    time.sleep(5)


async def dawdles(task: Any, *more: Any) -> None:
    """Take longer than it may, as an async hook."""
    await asyncio.sleep(30)


async def rule(event: str, hook: Any, **fields: Any) -> None:
    """Arrange a hook of the code as an administrator would."""
    name = f"{hook.__module__}.{hook.__qualname__}"
    await sync_to_async(make_hook)(name, event, name, origin="decorator", **fields)


async def hooks_of(task: Any) -> list[dict[str, Any]]:
    """Return what the log tells of a task's hooks."""
    event = await RunEvent.objects.aget(run_id=task.run_id, type="task.hooks")
    found: list[dict[str, Any]] = event.data["hooks"]
    return found


async def test_hok_1_a_pre_hook_that_raises_is_written_down_and_the_task_runs(manager: Any) -> None:
    calls: list[str] = []
    register_pre_hook(breaks)
    register_pre_hook(lambda task: calls.append(task.name))
    done = await run_tree(manager, create_task(name="a", executor="echo", inputs={"n": 1}))
    assert (done["a"].status, calls) == ("completed", ["a"])
    broken, fine = await hooks_of(done["a"])
    assert broken["error"] == "ValueError: no good" and broken["hook"].endswith("test_hok.breaks")
    assert "error" not in fine


async def test_hok_1_where_its_failure_counts_the_task_fails_with_the_hook_named(manager: Any) -> None:
    calls: list[str] = []
    register_pre_hook(breaks)
    register_pre_hook(lambda task: calls.append("pre"))
    register_post_hook(lambda task, inputs, result: calls.append(result["error_type"]))
    await rule("pre", breaks, on_error="fail")
    task = create_task(name="a", executor="bug_count", retry={"max_attempts": 2, "base_seconds": 0})
    later = create_task(name="later", executor="echo", dependencies=[{"id": task.id}])
    done = await run_tree(manager, task, later)
    assert (done["a"].status, done["a"].error_type) == ("failed", "hook_failed")
    assert done["a"].error == "The pre-hook tests.bugs.test_hok.breaks failed: ValueError: no good"
    assert (done["later"].status, done["later"].error_type) == ("failed", "dependency_failed")
    assert calls == ["hook_failed"], "no further pre-hook is called; the post-hooks see how it ended"
    assert task.id not in COUNTS, "nor is the executor"
    retries = RunEvent.objects.filter(run_id=done["a"].run_id, type="task.retrying")
    assert await retries.acount() == 1, "it is tried again like after any exception"


@pytest.mark.parametrize("hook", [sleeps, dawdles])
async def test_hok_1_a_hook_that_takes_too_long_is_left_behind(manager: Any, hook: Any) -> None:
    register_pre_hook(hook)
    await rule("pre", hook, timeout_seconds=0.1)
    done = await run_tree(manager, create_task(name="a", executor="echo", inputs={"n": 1}))
    assert done["a"].status == "completed", "the attempt itself was not asked to stop"
    (note,) = await hooks_of(done["a"])
    assert note["error"] == "HookTimeoutError: it took longer than its 0.1 s" and note["ms"] < 4000


@pytest.mark.parametrize(("on_error", "status"), [("log", "completed"), ("fail", "failed")])
async def test_hok_1_a_post_hook_that_raises_changes_the_outcome_only_where_it_counts(
    manager: Any, on_error: str, status: str
) -> None:
    seen: list[str] = []
    register_post_hook(breaks)
    register_post_hook(lambda task, inputs, result: seen.append(task.status))
    await rule("post", breaks, on_error=on_error)
    task = create_task(name="a", executor="echo", inputs={"n": 1}, retry={"max_attempts": 3, "base_seconds": 0})
    done = await run_tree(manager, task)
    assert (done["a"].status, seen) == (status, [status])
    assert done["a"].result["result"] == {"n": 1}
    if status == "failed":
        assert done["a"].error == "The post-hook tests.bugs.test_hok.breaks failed: ValueError: no good"
        assert done["a"].error_type == "hook_failed"
    starts = RunEvent.objects.filter(run_id=done["a"].run_id, type="task.started")
    assert await starts.acount() == 1, "what has done its work is not repeated for a hook's sake"


@pytest.mark.parametrize("on_error", ["log", "fail"])
async def test_hok_1_a_hook_of_the_end_changes_nothing_and_is_in_the_log(manager: Any, on_error: str) -> None:
    register_task_tree_hook("on_tree_completed")(breaks)
    await rule("on_tree_completed", breaks, on_error=on_error)
    done = await run_tree(manager, create_task(name="a", executor="echo", inputs={"n": 1}))
    run = await Run.objects.aget(pk=done["a"].run_id)
    *_, ended, told = [event async for event in RunEvent.objects.filter(run=run)]
    assert (run.status, ended.type, told.type) == ("completed", "run.completed", "run.hooks")
    assert told.seq == run.last_seq and told.data["hooks"][0]["error"] == "ValueError: no good"


async def test_hok_1_a_hook_of_the_start_whose_failure_counts_fails_the_run(manager: Any) -> None:
    register_task_tree_hook("on_tree_started")(breaks)
    await rule("on_tree_started", breaks, on_error="fail")
    long = create_task(name="long", executor="sleep", inputs={"seconds": 30})
    done = await run_tree(manager, long)
    run = await Run.objects.aget(pk=done["long"].run_id)
    assert (run.status, done["long"].status) == ("failed", "cancelled")
    assert run.error == "The on_tree_started hook tests.bugs.test_hok.breaks failed: ValueError: no good"


async def test_hok_2_what_one_task_changes_in_its_inputs_no_other_task_sees(manager: Any) -> None:
    template = {"cfg": {"n": 1, "seen": []}}

    @register_pre_hook
    async def mutate(task: Any) -> None:
        task.inputs["cfg"]["n"] += 1
        await asyncio.sleep(0.02)
        task.inputs["cfg"]["seen"].append(task.name)

    tasks = [create_task(name=name, executor="echo", inputs=template) for name in ("a", "b")]
    for _ in range(2):
        done = await run_tree(manager, *tasks)
        for name in ("a", "b"):
            assert done[name].result["result"] == {"cfg": {"n": 2, "seen": [name]}}
        assert [task.inputs async for task in Task.objects.order_by("ordinal")] == [template, template]
    async for event in RunEvent.objects.filter(type="task.hooks"):
        assert [note["changed"] for note in event.data["hooks"]] == [["cfg"]]
