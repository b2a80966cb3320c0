"""PB-EXE: exceptions, blocking code and empty messages."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from django.test import override_settings

from apflow import create_task
from orchestration.discovery import discover
from orchestration.models import Run, RunEvent

from .conftest import run_tree
from .executors import TICKS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]

ODD = ("SystemExit", "sys.exit", "KeyboardInterrupt", "GeneratorExit", "Odd", "CancelledError", "StopIteration")


async def test_exe_1_whatever_user_code_raises_ends_its_task_alone(manager: Any) -> None:
    tasks = [
        create_task(name=f"{executor} {what}", executor=executor, inputs={"what": what})
        for executor in ("bug_raise_async", "bug_raise_sync")
        for what in ODD
    ]
    siblings = [create_task(name=f"sibling {number}", executor="bug_count") for number in range(3)]
    done = await run_tree(manager, *tasks, *siblings)
    for task in tasks:
        stored = done[task.name]
        what = "SystemExit" if "exit" in task.name else task.name.split()[1]
        assert stored.status == "failed", task.name
        assert what in stored.error or (what == "StopIteration" and "RuntimeError" in stored.error), stored.error
    assert {done[task.name].status for task in siblings} == {"completed"}


async def test_exe_1_retries_apply_to_them_as_to_any_failure(manager: Any) -> None:
    task = create_task(
        name="again",
        executor="bug_raise_sync",
        inputs={"what": "SystemExit"},
        retry={"max_attempts": 2, "base_seconds": 0},
    )
    done = await run_tree(manager, task)
    assert done["again"].status == "failed"
    run = await Run.objects.aget(tree_id=done["again"].tree_id)
    assert await RunEvent.objects.filter(run=run, type="task.started").acount() == 2


async def test_exe_2_a_blocking_coroutine_times_out_and_stops_nobody_else(manager: Any) -> None:
    TICKS.clear()
    block = create_task(name="block", executor="bug_block", inputs={"seconds": 30}, timeout_seconds=0.5)
    tick = create_task(name="tick", executor="bug_tick", inputs={"seconds": 1.5}, dependencies=[])
    later = create_task(name="later", executor="bug_count", dependencies=[{"id": block.id, "required": False}])
    start = time.monotonic()
    done = await run_tree(manager, block, later, tick)
    assert time.monotonic() - start < 20, "the run does not wait for the blocking code"
    assert (done["block"].status, done["block"].error_type) == ("failed", "timeout")
    assert done["block"].result is None
    assert done["later"].status == done["tick"].status == "completed"
    took = (done["block"].completed_at - done["block"].started_at).total_seconds()
    assert 0.4 < took < 15
    events = RunEvent.objects.filter(run__tree_id=done["block"].tree_id, type="task.lane_blocked")
    assert await events.acount() == 1


@pytest.mark.parametrize("executor", ["bug_raise_async", "bug_raise_sync"])
@pytest.mark.parametrize(
    ("what", "name"),
    [("ValueError", "ValueError"), ("TimeoutError", "TimeoutError"), ("Blank", "Exception"), ("AssertionError",) * 2],
)
async def test_exe_3_an_exception_without_a_text_names_itself(
    manager: Any, executor: str, what: str, name: str
) -> None:
    done = await run_tree(manager, create_task(name="empty", executor=executor, inputs={"what": what}))
    assert done["empty"].status == "failed"
    assert done["empty"].error == name


async def test_exe_3_an_http_server_that_never_answers_is_a_timeout_with_a_text(manager: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        override_settings(APFLOW_HTTP_ALLOWED_HOSTS=[f"127.0.0.1:{server.getsockname()[1]}"]),
    ):
        discover()
        held: list[socket.socket] = []
        silent = threading.Thread(target=lambda: held.append(server.accept()[0]), daemon=True)
        silent.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        task = create_task(name="silent", executor="rest_executor", inputs={"url": url, "timeout": 0.4})
        done = await run_tree(manager, task)
        for connection in held:
            connection.close()
    discover()
    assert done["silent"].status == "failed"
    assert "timeout" in done["silent"].error_type
    assert done["silent"].error.strip()
