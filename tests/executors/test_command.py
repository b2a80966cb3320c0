"""command_executor: one argument stays one argument, and nothing outlives the task."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.engine.inputs import InputSources, Upstream, resolve_inputs
from orchestration.engine.json_values import encode
from orchestration.engine.schemas import check_inputs, check_outputs
from orchestration.executors.command import CommandExecutor
from orchestration.executors.support import process

pytestmark = pytest.mark.asyncio

SHELL = shutil.which("sh") or "/bin/sh"
PYTHON = sys.executable

#: Texts that break out of a quoted shell word, or look like an option.
NASTY = [
    "hello'; touch pwned; echo '",
    '"; touch pwned; echo "',
    "$(touch pwned)",
    "`touch pwned`",
    "one\ntouch pwned\n",
    "; touch pwned",
    "& touch pwned &",
    "| touch pwned",
    "> pwned",
    "-n",
    "--help",
    "*",
    "~",
    "$HOME",
    "",
    "ünïcode \U0001f680",
]


@pytest.fixture(autouse=True)
def _allowed(set_config: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    set_config(command_allowlist=("echo", "cat", "sh", SHELL, PYTHON))
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.1)


async def run(**inputs: Any) -> dict[str, Any]:
    """Run the executor as the engine does: inputs checked and filled up first."""
    return await CommandExecutor().execute(check_inputs(CommandExecutor.inputs_schema, inputs))


def alive(pid: int) -> bool:
    """Tell whether a process still runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


async def until_dead(pid: int) -> None:
    """Wait for a killed process to be gone."""
    async with asyncio.timeout(30):
        while alive(pid):
            await asyncio.sleep(0.005)


async def test_output_of_a_program() -> None:
    answer = await run(command=["echo", "hello world"])
    assert answer == {
        "status": "completed",
        "result": {"success": True, "return_code": 0, "stdout": "hello world\n", "stderr": "", "truncated": False},
    }
    check_outputs(CommandExecutor.outputs_schema, answer["result"])


@pytest.mark.parametrize("message", NASTY)
async def test_an_argument_stays_one_argument(message: str, tmp_path: Path) -> None:
    program = "import sys; sys.stdout.write(repr(sys.argv[1:]))"
    answer = await run(command=[PYTHON, "-c", program, message], cwd=str(tmp_path))
    assert answer["result"]["stdout"] == repr([message])
    await run(command=["echo", message], cwd=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("message", NASTY)
async def test_an_argument_from_an_upstream_result(message: str, tmp_path: Path) -> None:
    upstream = Upstream("t1", "Ask", "completed", encode({"status": "completed", "result": {"said": message}}), None)
    own: dict[str, Any] = {"command": ["echo", "{{ tasks.Ask.result.said }}"], "cwd": str(tmp_path)}
    inputs = resolve_inputs(InputSources(own, [upstream]), by_id=CommandExecutor.dependency_inputs == "by_id")
    answer = await run(**inputs)
    assert answer["status"] == "completed"
    assert list(tmp_path.iterdir()) == []


async def test_upstream_results_bring_no_environment() -> None:
    result = {"env": {"EVIL": "1"}, "cwd": "/", "stdin": "x"}
    upstream = Upstream("t1", "Ask", "completed", encode({"status": "completed", "result": result}), None)
    by_id = CommandExecutor.dependency_inputs == "by_id"
    inputs = resolve_inputs(InputSources({"command": ["echo"]}, [upstream]), by_id=by_id)
    assert set(inputs) == {"command", "t1"}


async def test_a_text_is_refused_with_a_hint() -> None:
    answer = await CommandExecutor().execute({"command": "echo hello; touch pwned"})
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert '["echo", "hello world"]' in answer["error"]


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        ({}, "command"),
        ({"command": []}, "command"),
        ({"command": [" "]}, "empty"),
        ({"command": ["echo", "a\x00b"]}, "U+0000"),
        ({"command": ["echo", None]}, "command.1"),
        ({"command": ["echo"], "timeout": 0}, "timeout"),
        ({"command": ["echo"], "cwd": "relative"}, "cwd"),
        ({"command": ["echo"], "cwd": "/does/not/exist"}, "cwd"),
        ({"command": ["echo"], "env": {"LD_PRELOAD": "/tmp/x.so"}}, "LD_PRELOAD"),
        ({"command": ["echo"], "env": {"PATH": "/tmp"}}, "PATH"),
        ({"command": ["echo"], "env": {"A=B": "x"}}, "A=B"),
    ],
)
async def test_bad_inputs_are_named(inputs: dict[str, Any], word: str) -> None:
    answer = await CommandExecutor().execute(inputs)
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "validation_error", False)
    assert word in answer["error"]


async def test_numbers_are_arguments_too() -> None:
    assert (await run(command=["echo", 1, 2.5]))["result"]["stdout"] == "1 2.5\n"


async def test_off_without_an_allow_list(set_config: Callable[..., None]) -> None:
    set_config()
    answer = await run(command=["echo", "hello"])
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "command_not_allowed", False)
    assert "APFLOW_COMMAND_ALLOWLIST=echo" in answer["error"]


@pytest.mark.parametrize(
    "program", ["ls", "/bin/echo-other", "./echo", "../bin/echo", "echo;ls", "ECHO", "/bin/../bin/echo"]
)
async def test_only_exact_names_are_allowed(program: str) -> None:
    answer = await run(command=[program])
    assert answer["error_type"] == "command_not_allowed"
    assert "APFLOW_COMMAND_ALLOWLIST" in answer["error"]


async def test_a_name_is_never_looked_up_in_the_working_directory(
    tmp_path: Path, set_config: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!{SHELL}\necho trapped\n")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    set_config(command_allowlist=("trap", "./trap"))
    for program in ("trap", "./trap"):
        answer = await run(command=[program], cwd=str(tmp_path))
        assert answer["error_type"] == "command_not_allowed"
        assert "not installed" in answer["error"]


async def test_the_environment_holds_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APFLOW_SECRET_KEY", "s3cret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:s3cret@db/x")
    program = "import os, json; print(json.dumps(sorted(os.environ)), list(os.environ.values()))"
    answer = await run(command=[PYTHON, "-I", "-c", program], env={"GREETING": "hi"})
    assert "s3cret" not in answer["result"]["stdout"]
    names = answer["result"]["stdout"]
    for name in ("PATH", "HOME", "LANG", "GREETING"):
        assert f'"{name}"' in names
    assert "DATABASE_URL" not in names


async def test_home_is_the_working_directory_and_goes_away() -> None:
    program = "import os; open('left', 'w').close(); print(os.getcwd(), os.environ['HOME'])"
    directory, home = (await run(command=[PYTHON, "-c", program]))["result"]["stdout"].split()
    assert directory == home
    assert not Path(directory).exists()


async def test_exit_codes() -> None:
    inputs: dict[str, Any] = {"command": ["sh", "-c", "echo out; echo 'no such thing' >&2; exit 3"]}
    answer = await run(**inputs)
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "exit_code", True)
    assert answer["error"] == "sh ended with exit code 3: no such thing"
    assert answer["result"]["return_code"] == 3
    assert answer["result"]["stdout"] == "out\n"
    tolerated = await run(**inputs, fail_on_exit=False)
    assert (tolerated["status"], tolerated["result"]["success"]) == ("completed", False)
    accepted = await run(**inputs, ok_codes=[0, 3])
    assert (accepted["status"], accepted["result"]["success"]) == ("completed", True)


async def test_a_signal_is_named() -> None:
    answer = await run(command=["sh", "-c", "kill -9 $$"])
    assert "SIGKILL" in answer["error"]
    assert answer["result"]["return_code"] == -9


async def test_standard_input() -> None:
    big = "x" * 500_000
    assert (await run(command=["cat"], stdin=big))["result"]["stdout"] == big
    assert (await run(command=["cat"]))["result"]["stdout"] == ""
    # A program that doesn't read all of it is no error.
    assert (await run(command=["echo", "done"], stdin=big))["result"]["stdout"] == "done\n"


async def test_output_is_bounded() -> None:
    program = "import sys; sys.stdout.write('o' * 300000); sys.stderr.write('e' * 10)"
    result = (await run(command=[PYTHON, "-c", program], max_output_bytes=1000))["result"]
    assert (len(result["stdout"]), len(result["stderr"]), result["truncated"]) == (1000, 10, True)


async def test_output_is_storable_text() -> None:
    program = "import sys; sys.stdout.buffer.write(b'a\\x00b\\xffc')"
    result = (await run(command=[PYTHON, "-c", program]))["result"]
    assert result["stdout"] == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
async def test_timeout_kills_the_whole_group(tmp_path: Path, trap: str) -> None:
    script = f"{trap}sleep 60 & echo $! > {tmp_path}/pid; wait; wait; sleep 60"
    answer = await run(command=["sh", "-c", script], timeout=1)
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "timeout", True)
    assert "1 s" in answer["error"]
    await until_dead(int((tmp_path / "pid").read_text()))


async def test_background_children_end_with_the_program(tmp_path: Path) -> None:
    answer = await run(command=["sh", "-c", "sleep 60 & echo $!"], timeout=20)
    assert answer["status"] == "completed"
    await until_dead(int(answer["result"]["stdout"]))


async def started(path: Path) -> int:
    """Wait until the program has written its id down."""
    async with asyncio.timeout(30):
        while not path.exists() or not path.read_text().endswith("\n"):
            await asyncio.sleep(0.005)
    return int(path.read_text())


async def test_cancel_kills_the_group(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/pid; wait; sleep 60"
    running = asyncio.create_task(run(command=["sh", "-c", script]))
    pid = await started(tmp_path / "pid")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until_dead(pid)


async def test_cancel_from_another_thread(tmp_path: Path) -> None:
    executor = CommandExecutor()
    executor.cancel()  # before the start: nothing to do
    script = f"echo $$ > {tmp_path}/pid; exec sleep 60"
    running = asyncio.create_task(executor.execute({"command": ["sh", "-c", script]}))
    await started(tmp_path / "pid")
    await asyncio.to_thread(executor.cancel)
    answer = await running
    assert answer["result"]["return_code"] == -signal.SIGTERM


async def test_demo_fits_the_schema() -> None:
    check_outputs(CommandExecutor.outputs_schema, CommandExecutor().get_demo_result(inputs={"command": ["echo", "x"]}))


async def test_works_in_a_lane() -> None:
    """A lane is a thread with a loop of its own."""
    answer = await asyncio.to_thread(lambda: asyncio.run(run(command=["echo", "from a lane"])))
    assert answer["result"]["stdout"] == "from a lane\n"
