"""Hooks of an installation, in runs of this process and of workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from apflow import TaskTreeNode, create_task, register_post_hook, register_pre_hook, register_task_tree_hook
from orchestration.actions.engines import make_engine
from orchestration.actions.executors import decide
from orchestration.actions.hook_notes import hook_calls
from orchestration.actions.hooks import create_hook, switch_hook
from orchestration.actions.runs import start_run
from orchestration.actions.workers import drain_worker
from orchestration.models import (
    ExecutorPermit,
    HookRegistration,
    HookUse,
    OutgoingWebhook,
    Run,
    RunEvent,
    TaskRun,
    Tree,
    WebhookDelivery,
    Worker,
)
from tests import hook_functions
from tests.hook_scene import FUNCTIONS, allowing, make_hook
from tests.pages.scene import make_tree, make_user
from tests.webhook_scene import make_webhook, receiving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    hook_functions.CALLS.clear()
    with allowing(FUNCTIONS):
        yield


async def run_one(manager: Any, **fields: Any) -> Any:
    """Run a tree of one task, and return the stored task."""
    node = TaskTreeNode(create_task(**{"name": "a", "executor": "echo", "inputs": {"n": 1}, **fields}))
    await manager.distribute_task_tree(node)
    return node.task


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Poll until a condition holds, and return what it is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
    return found


async def calls_of(task: Any) -> list[Any]:
    """Return the calls of hooks of a task's first attempt."""
    row = await TaskRun.objects.aget(run=task.run_id, task_uid=task.id)
    return (await sync_to_async(hook_calls)([row.pk]))[row.pk].get(1, [])


@pytest.mark.asyncio
async def test_functions_of_the_admin_run_between_those_of_the_code_in_the_order_that_was_chosen(manager: Any) -> None:
    order: list[str] = []

    @register_pre_hook
    def first(task: Any) -> None:
        order.append("first")

    register_post_hook(hook_functions.count)
    await sync_to_async(make_hook)("Stamp")
    name = f"{FUNCTIONS}.count"
    await sync_to_async(make_hook)(name, event="post", origin="decorator", target=name, enabled=False)
    task = await run_one(manager)
    assert task.result["result"] == {"stamped": True}
    assert hook_functions.CALLS == [("stamp", "a")], "what is switched off is not called"
    calls = await calls_of(task)
    assert [(call.hook.rpartition(".")[2], call.changed) for call in calls] == [
        ("Stamp", ["n", "stamped"]),
        ("first", []),
    ]
    use = await HookUse.objects.aget()
    assert (use.runs, use.errors, sum(use.buckets)) == (1, 0, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("narrow", "called"),
    [
        ({"executors": ["echo"]}, True),
        ({"executors": ["sleep"]}, False),
        ({"tags": ["etl"]}, False),
        ({"every_tree": False}, False),
        ({"event": "post", "target": f"{FUNCTIONS}:count", "statuses": ["completed"]}, True),
        ({"event": "post", "target": f"{FUNCTIONS}:count", "statuses": ["failed", "cancelled"]}, False),
    ],
)
async def test_filters_decide_what_a_hook_is_called_for(manager: Any, narrow: dict[str, Any], called: bool) -> None:
    await sync_to_async(make_hook)(**narrow)
    task = await run_one(manager)
    assert bool(hook_functions.CALLS) is called
    events = RunEvent.objects.filter(run=task.run_id, type="task.hooks")
    assert await events.acount() == int(called), "where no hook was called there is no event"


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "called"), [("tree", True), ("tag", True), ("other tree", False)])
async def test_a_tree_and_its_tags_are_looked_at(manager: Any, kind: str, called: bool) -> None:
    task = await manager.task_repository.create_task(name="a", executor="echo", inputs={"n": 1})
    tree = await Tree.objects.aget(pk=task.tree_id)
    tree.tags = ["etl"]
    await tree.asave()
    other = await sync_to_async(make_tree)("Other")
    fields: dict[str, Any] = {"tags": ["etl", "mail"]} if kind == "tag" else {"every_tree": False}
    hook = await sync_to_async(make_hook)(**fields)
    if kind != "tag":
        await hook.trees.aadd(tree if kind == "tree" else other)
    await manager.execute_task(task.id)
    assert bool(hook_functions.CALLS) is called


@pytest.mark.asyncio
async def test_a_function_that_is_not_allowed_any_more_is_not_called(manager: Any) -> None:
    await sync_to_async(make_hook)(on_error="fail")
    with allowing("somewhere.else"):
        task = await run_one(manager)
    assert (task.status, task.error_type) == ("failed", "hook_failed")
    assert "is not allowed for hooks" in task.error


@pytest.mark.asyncio
async def test_a_webhook_is_told_once_and_without_secrets(manager: Any) -> None:
    webhook = await sync_to_async(make_webhook)("https://example.org/in")
    await sync_to_async(make_hook)("Tell", event="post", webhook=webhook)
    await sync_to_async(make_hook)("Ended", event="on_tree_completed", webhook=webhook)
    await run_one(manager, inputs={"n": 1, "password": "hunter2hunter2"})
    deliveries = [delivery async for delivery in WebhookDelivery.objects.order_by("created_at")]
    assert [delivery.event for delivery in deliveries] == ["post", "on_tree_completed"]
    told = deliveries[0].payload
    assert (told["task"]["name"], told["task"]["status"], told["task"]["inputs"]["n"]) == ("a", "completed", 1)
    assert "hunter2" not in str(told)
    assert deliveries[1].payload["run"]["status"] == "completed"


@pytest.mark.asyncio
async def test_a_webhook_that_refuses_fails_the_task_where_that_counts(manager: Any) -> None:
    with receiving() as site:
        webhook = await sync_to_async(make_webhook)(f"{site.origin}/ok")
        await sync_to_async(make_hook)("Ask", webhook=webhook, on_error="fail", timeout_seconds=5.0)
        assert (await run_one(manager)).status == "completed"
        await OutgoingWebhook.objects.filter(pk=webhook.pk).aupdate(enabled=False)
        task = await run_one(manager)
    assert (task.status, task.error_type) == ("failed", "hook_failed")
    assert task.error.startswith("The pre-hook Ask failed: WebhookOffError")


@pytest.mark.asyncio
async def test_a_slow_hook_is_marked(manager: Any) -> None:
    @register_pre_hook
    def slow(task: Any) -> None:
        time.sleep(0.05)

    name = f"{slow.__module__}.{slow.__qualname__}"
    await sync_to_async(make_hook)(name, origin="decorator", target=name, slow_seconds=0.02)
    (call,) = await calls_of(await run_one(manager))
    assert call.slow and call.ms >= 50
    assert (await HookUse.objects.aget()).slow == 1


def created(root: Any) -> None:
    """A hook of the code."""
    hook_functions.CALLS.append(("created", root.name))


def started(root: Any) -> None:
    """A hook of the code."""
    hook_functions.CALLS.append(("started", root.name))


def test_a_running_worker_lists_its_hooks_and_follows_a_change_within_two_seconds() -> None:
    register_task_tree_hook("on_tree_created")(created)
    register_task_tree_hook("on_tree_started")(started)
    user = make_user("ada", is_superuser=True)
    engine = make_engine(slots=4, drain_seconds=0)
    engine.start()
    try:
        listed = list(HookRegistration.objects.in_order().values_list("event", "target", "origin"))
        assert listed == [
            ("on_tree_created", f"{__name__}.created", "decorator"),
            ("on_tree_started", f"{__name__}.started", "decorator"),
        ]
        assert Worker.objects.get().hooks == [f"{event} {name}" for event, name, _ in listed]
        values = {"name": "Stamp", "event": "pre", "target": f"{FUNCTIONS}:stamp"}
        hook = create_hook(values, [], user=user)
        begun = time.monotonic()
        wait_for(lambda: engine.hooks_of("pre"))
        switch_hook(hook, False, user=user)
        wait_for(lambda: not engine.hooks_of("pre"))
        assert time.monotonic() - begun < 20, "two changes, each within two seconds on an idle machine"
        run = start_run(make_tree(tasks=1), user=user)
        wait_for(lambda: RunEvent.objects.filter(run=run, type="run.hooks").exists())
        assert [name for name, _ in hook_functions.CALLS] == ["created", "started"]
    finally:
        engine.stop(0)


async def slow_end(root: Any, status: str) -> None:
    """A hook of the code that takes longer than lanes get when they are closed."""
    await asyncio.sleep(1)
    hook_functions.CALLS.append(("ended", status))


def test_a_worker_that_stops_waits_for_the_hooks_of_a_run_that_has_ended() -> None:
    register_task_tree_hook("on_tree_completed")(slow_end)
    engine = make_engine(slots=4, drain_seconds=20)
    engine.start()
    try:
        run = start_run(make_tree(tasks=1), user=make_user("ada", is_superuser=True))
        wait_for(lambda: Run.objects.get(pk=run.pk).finished_at)
    finally:
        engine.stop()
    assert hook_functions.CALLS == [("ended", "completed")]
    assert RunEvent.objects.filter(run=run, type="run.hooks").exists()


async def slow_gate(root: Any) -> None:
    """A hook of the code that says no after a while."""
    hook_functions.CALLS.append(("gate", root.name))
    await asyncio.sleep(1)
    raise ValueError("closed today")


def test_a_worker_that_is_drained_hears_the_hooks_of_a_runs_beginning_out() -> None:
    register_task_tree_hook("on_tree_started")(slow_gate)
    name = f"{__name__}.slow_gate"
    make_hook(name, event="on_tree_started", origin="decorator", target=name, on_error="fail")
    engine = make_engine(slots=4, drain_seconds=20)
    engine.start()
    try:
        tree = make_tree(tasks=1)
        # Nothing runs: its executor is at its limit, by a worker of whom nobody hears.
        executor = str(tree.tasks.get().executor)
        other = Worker.objects.get()
        other.pk, other.name, other.lease_expires_at = uuid4(), "other", timezone.now() + timedelta(hours=1)
        other.save(force_insert=True)
        ExecutorPermit.objects.create(executor=executor, worker=other, held=1)
        decide(executor, {"max_concurrency": 1})
        wait_for(lambda: executor in engine._admissions._gate.limits)
        run = start_run(tree, user=make_user("ada", is_superuser=True))
        wait_for(lambda: hook_functions.CALLS)
        drain_worker(Worker.objects.get(pk=engine.worker_id))
        wait_for(lambda: Run.objects.get(pk=run.pk).owner_id is None)
        ended = Run.objects.get(pk=run.pk)
        assert ended.status == "failed" and "closed today" in (ended.error or "")
    finally:
        engine.stop(0)
