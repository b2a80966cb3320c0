"""PB-SEC-2 and PB-SEC-3: the HTTP executor reaches nothing inside, and a parameter stays one argument of a program."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apflow import create_task
from orchestration.engine.config import EngineConfig, configure, current_config

from .conftest import run_tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]

BREAKING_OUT = ("hello'; touch pwned; echo '", "$(touch pwned)", "`touch pwned`", "one\ntouch pwned\n", "-n")


@pytest.fixture
def settings_of_engine() -> Iterator[Callable[..., None]]:
    """Return a function that changes the engine's configuration for one test."""
    before: EngineConfig = current_config()
    yield lambda **changes: configure(replace(before, **changes))
    configure(before)


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """Listen on the loopback, and note whoever comes."""
    server = socket.create_server(("127.0.0.1", 0))
    came: list[str] = []

    def accept() -> None:
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            came.append(str(address))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ninside")
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1], came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


async def test_sec_2_the_http_executor_reaches_nothing_inside(
    manager: Any, listener: tuple[int, list[str]], settings_of_engine: Callable[..., None]
) -> None:
    port, came = listener
    inside = [f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "2130706433")]
    others = ["http://169.254.169.254/latest/", "http://10.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:70/"]
    tasks = [
        create_task(name=url, executor="rest_executor", inputs={"url": url, "timeout": 5}) for url in (*inside, *others)
    ]
    done = await run_tree(manager, *tasks)
    for task in tasks:
        stored = done[task.name]
        assert stored.status == "failed" and "inside" not in str(stored.result), task.name
        reason = "tasks may not reach" if task.name.startswith("http:") else "http"
        assert reason in stored.error, (task.name, stored.error)
    assert came == []
    settings_of_engine(http_allowed_hosts=(f"127.0.0.1:{port}",))
    url = f"http://127.0.0.1:{port}/"
    allowed = await run_tree(manager, create_task(name="allowed", executor="rest_executor", inputs={"url": url}))
    assert allowed["allowed"].status == "completed" and len(came) == 1


async def test_sec_3_a_parameter_stays_one_argument(
    manager: Any, settings_of_engine: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APFLOW_SECRET_KEY", "not-for-children-0123456789-0123456789")
    off = create_task(name="off", executor="command_executor", inputs={"command": ["echo", "hello"]})
    assert (await run_tree(manager, off))["off"].status == "failed"
    settings_of_engine(command_allowlist=("printf", "env"))
    inputs = [{"command": ["printf", "%s", text], "cwd": str(tmp_path)} for text in BREAKING_OUT]
    tasks = [
        create_task(name=f"t{index}", executor="command_executor", inputs=each) for index, each in enumerate(inputs)
    ]
    source = create_task(name="source", executor="echo", inputs={"text": BREAKING_OUT[0]})
    bound = {"command": ["printf", "%s", "{{ tasks.source.result.text }}"], "cwd": str(tmp_path)}
    fed = create_task(name="fed", executor="command_executor", inputs=bound, dependencies=[{"id": source.id}])
    around = create_task(name="around", executor="command_executor", inputs={"command": ["env"]})
    done = await run_tree(manager, source, *tasks, fed, around)
    for index, text in enumerate(BREAKING_OUT):
        assert done[f"t{index}"].result["result"]["stdout"] == text
    assert done["fed"].result["result"]["stdout"] == BREAKING_OUT[0]
    assert "not-for-children" not in done["around"].result["result"]["stdout"]
    assert "APFLOW" not in done["around"].result["result"]["stdout"]
    assert not list(tmp_path.iterdir()) and not os.path.exists("pwned")
