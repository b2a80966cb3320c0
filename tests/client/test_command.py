"""The command as a process, against a server that does what real ones rarely do."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from .commanding import COMMAND, ROOT, Desk
from .scripted import RUN, Answer, Asked, ScriptedServer, as_json, event, events, refusal, stream

TOKEN = "apf_very-secret"
TREE = {"id": "7c0e8a52-3f0b-4b5d-8f3c-0d9a4e6b7c8d", "name": "Slow"}


def _run(**fields: Any) -> dict[str, Any]:
    return {
        **{"id": RUN, "tree_id": TREE["id"], "tree_name": "Slow", "tree_version": 1, "status": "in_progress"},
        **{"trigger": "api", "requested_by": "ada", "counts": {"failed": 1}, "task_count": 1},
        **{"queued_at": "2026-03-01T12:00:00Z", "started_at": None, "finished_at": None},
        **fields,
    }


class DeafServer:
    """Starts a run, shows its first event, takes a cancel, and then nothing more happens."""

    def __call__(self, asked: Asked) -> Answer:
        match asked.method, asked.path.removeprefix("/api/v1"):
            case "GET", "/trees":
                return as_json({"items": [TREE], "next": None})
            case "GET", path if path.startswith("/trees/"):
                return as_json(TREE)
            case "POST", path if path.endswith("/runs"):
                return as_json(_run(), status=201)
            case "POST", path if path.endswith("/cancel"):
                return as_json({"command": 1, "run": RUN}, status=202)
            case "GET", path if path.endswith("/events"):
                return stream(events(1, 1) | {"events": [event(1, type="run.created", task=None)]}, is_mute=True)
            case "GET", path if path.endswith(("/logs", "/tasks")):
                return as_json({"items": [], "next": None})
            case _:
                return as_json(_run())


def _desk(server: ScriptedServer, folder: Path, **variables: str) -> Desk:
    return Desk(folder, {"APFLOW_URL": server.url, "APFLOW_TOKEN": TOKEN, **variables})


def test_neither_the_client_nor_the_command_needs_django() -> None:
    program = "import sys; sys.modules['django'] = None; import apflow.cli, apflow.client"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_second_ctrl_c_leaves_the_run(tmp_path: Path) -> None:
    with ScriptedServer(DeafServer()) as server:
        begun = _desk(server, tmp_path).begin("run", "Slow", "--follow")
        begun.wait_for(lambda: "created" in begun.out)
        begun.process.send_signal(signal.SIGINT)
        begun.wait_for(lambda: any(asked.path.endswith("/cancel") for asked in server.asked))
        begun.process.send_signal(signal.SIGINT)
        assert begun.end() == 130
    assert begun.err.splitlines() == [
        "apflow: Cancelling the run (Ctrl-C again to stop watching) …",
        "apflow: The run goes on being cancelled; this command stops watching it.",
    ]
    assert sum(asked.path.endswith("/cancel") for asked in server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            refusal(
                422,
                "invalid",
                "2 problems.",
                problems=[{"path": "$.a", "message": "x"}, {"path": "$.b", "message": "y"}],
            ),
            2,
        ),
        (refusal(403, "forbidden", "You may not.", hint="Ask an administrator."), 2),
        (Answer(500, pieces=[b'{"error": {"code": "internal", "message": "Sorry."}}']), 1),
        (Answer(200, "text/html", pieces=[b"<p>"]), 1),
    ],
)
def test_errors_are_sentences_and_the_token_is_in_none(tmp_path: Path, answer: Answer, code: int) -> None:
    with ScriptedServer([answer]) as server:
        done = _desk(server, tmp_path).run("me", "--json")
    assert (done.returncode, done.stdout) == (code, "")
    assert all(line.startswith("apflow: ") for line in done.stderr.splitlines())
    assert TOKEN not in done.stderr


def test_every_problem_and_the_hint_are_told(tmp_path: Path) -> None:
    problems = [{"path": "$.a", "message": "is missing"}, {"path": "$.b", "message": "is odd"}]
    with ScriptedServer([refusal(422, "invalid", "2 problems.", hint="Read the page.", problems=problems)]) as server:
        done = _desk(server, tmp_path).run("me")
    assert [line.removeprefix("apflow: ").strip() for line in done.stderr.splitlines()] == [
        *("2 problems.", "$.a: is missing", "$.b: is odd", "Read the page."),
    ]


@pytest.mark.parametrize(
    "arguments",
    [(), ("ru",), ("runs", "--limit", "0"), ("run", "x", "--param", "novalue"), ("run", "x", "--priority", "4")],
)
def test_a_command_line_that_makes_no_sense_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = Desk(tmp_path, {}).run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")


def test_the_token_is_in_no_argument_of_the_process(tmp_path: Path) -> None:
    with ScriptedServer(DeafServer()) as server:
        begun = _desk(server, tmp_path).begin("run", "Slow", "--follow")
        begun.wait_for(lambda: "created" in begun.out)
        process = psutil.Process(begun.process.pid)
        assert TOKEN not in " ".join(process.cmdline())
        assert process.children() == []
        begun.process.kill()
        begun.process.wait()


@pytest.mark.parametrize(
    ("variables", "has_colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colour_and_lines_that_fit(tmp_path: Path, variables: dict[str, str], has_colour: bool) -> None:
    run = _run(status="failed", tree_name="A name that is much longer than the terminal is wide " * 3)
    with ScriptedServer([as_json({"items": [run], "next": None})]) as server:
        shown = _on_terminal(_desk(server, tmp_path, COLUMNS="80", **variables), "runs")
    assert ("\x1b[31mfailed" in shown) is has_colour
    plain = shown.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "…" in plain
    assert max(map(len, plain.splitlines())) <= 80


def _on_terminal(desk: Desk, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMAND, *arguments], cwd=desk.folder, env=desk.environment, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:
            pass  # Linux says so when the other side is closed
        process.wait(60)
    os.close(ours)
    return shown.decode()
