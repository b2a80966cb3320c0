"""The browser's live client, in Node, against a real server: it ends with exactly what the database holds."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from benchmarks.web_process import WebProcess
from orchestration.models import Run, RunEvent, TaskRun, Tree
from tests.acceptance.support.played_run import PlayedRun
from tests.live import conftest as live
from tests.live.support.clients import Caller

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
#: Generous: the machine may be busy with other things.
SECONDS = 60.0

pytestmark = pytest.mark.django_db(transaction=True)

web, user, token_of, tree, same_secret_key = live.web, live.user, live.token_of, live.tree, live.same_secret_key


@pytest.fixture(scope="module")
def harness() -> Path:
    """The program that follows a run, built from the sources of the pages."""
    if shutil.which("node") is None or not (FRONTEND / "node_modules" / "vite").exists():
        pytest.skip("NO NODE: the live client was not tried; install Node and run `npm ci` in frontend/")
    folder = FRONTEND / "node_modules" / ".follow"
    command = ["npx", "vite", "build", "--ssr", "test/follow.mts", "--outDir", str(folder), "--logLevel", "error"]
    subprocess.run(command, cwd=FRONTEND, check=True, timeout=SECONDS)
    return folder / "follow.js"


class Follower:
    """The program while it follows; its lines are read as they come."""

    def __init__(self, harness: Path, arguments: list[str]) -> None:
        command = ["node", str(harness), *arguments, "--seconds", str(SECONDS)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def next_line(self, seconds: float = SECONDS) -> dict[str, Any] | None:
        """Return the next line, or None when none comes for so long."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def wait_for(self, state: str, meanwhile: Callable[[], None] | None = None) -> None:
        """Read until the stream is in a state; `meanwhile` is done again and again until then."""
        for _ in range(2000):
            line = self.next_line(0.03 if meanwhile else SECONDS)
            if line is not None and line.get("state") == state:
                return
            if meanwhile is not None:
                meanwhile()
        raise AssertionError(f"the stream never was {state!r}")

    def close(self) -> None:
        """Let go of its output."""
        self._reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def verdict(self) -> dict[str, Any]:
        """Wait for the end, and return what the program came to."""
        assert self.process.wait(SECONDS) == 0
        self._reader.join(SECONDS)
        *_, last = self._lines.queue
        assert isinstance(last, dict)
        return last


@pytest.fixture
def follow(harness: Path, web: WebProcess, user: User, token_of: Callable[[User], Caller]) -> Iterator[Any]:
    """Begins to follow a run."""
    begun: list[Follower] = []
    token = token_of(user).headers["Authorization"].removeprefix("Bearer ")

    def begin(run_id: str, way: str, *more: str) -> Follower:
        base = ["--base", f"http://{web.host}", "--run", run_id, "--token", token, "--way", way]
        begun.append(Follower(harness, [*base, *more]))
        return begun[-1]

    yield begin
    for follower in begun:
        follower.process.kill()
        follower.process.wait()
        follower.close()


@pytest.fixture
def played(tree: Tree, request: pytest.FixtureRequest) -> Iterator[PlayedRun]:
    """A random run; the same one for the same test."""
    run = PlayedRun(sum(request.node.name.encode()), str(tree.pk))
    try:
        yield run
    finally:
        run.close()


def milliseconds(at: datetime | None) -> int | None:
    """The time as a page has it."""
    return None if at is None else int(at.timestamp() * 1_000_000) // 1000


def cut(error: str | None) -> str | None:
    """As much of an error as an event brings; the whole is asked for by itself."""
    return None if error is None else error[:300]


def shown(task: TaskRun) -> dict[str, Any]:
    """What a page should know of a task."""
    return {
        "status": task.status,
        "priority": task.priority,
        "attempt": task.attempt,
        "uncountedAttempts": task.uncounted_attempts,
        "progress": pytest.approx(task.progress, abs=1e-4),
        "message": task.progress_message,
        "error": cut(task.error),
        "errorType": task.error_type,
        "firstCause": task.first_cause_uid,
        "startedAt": milliseconds(task.started_at),
        "finishedAt": milliseconds(task.finished_at),
        "nextAttemptAt": milliseconds(task.next_attempt_at),
    }


def assert_is_the_database(run_id: str, verdict: dict[str, Any]) -> None:
    """Compare what the page knows with the rows."""
    run = Run.objects.get(pk=run_id)
    rows = {task.task_uid: task for task in TaskRun.objects.filter(run=run)}
    assert [task["id"] for task in verdict["tasks"]] == [
        task.task_uid for task in sorted(rows.values(), key=lambda t: t.ordinal)
    ]
    for task in verdict["tasks"]:
        expected = shown(rows[task["id"]])
        known = {key: task[key] for key in expected}
        assert known | {"error": cut(known["error"])} == expected, task["id"]
    facts = verdict["run"]
    assert (facts["status"], cut(facts["error"])) == (run.status, cut(run.error))
    assert (facts["startedAt"], facts["finishedAt"]) == (milliseconds(run.started_at), milliseconds(run.finished_at))
    last = RunEvent.objects.filter(run=run).order_by("-seq").values_list("seq", flat=True)[0]
    assert verdict["seq"] == last
    assert verdict["seqs"] == list(range(verdict["snapshots"][-1] + 1, last + 1)), "an event was lost or came twice"
    assert sum(verdict["counts"].values()) == len(rows)


@pytest.mark.parametrize("way", ["websocket", "sse", "poll"])
def test_a_page_that_watched_a_run_knows_what_the_database_holds(follow: Any, played: PlayedRun, way: str) -> None:
    follower = follow(played.run_id, way)
    follower.wait_for("live")
    while not played.is_over:
        played.step()
    verdict = follower.verdict()
    assert_is_the_database(played.run_id, verdict)
    assert len(verdict["seqs"]) > 50


@pytest.mark.parametrize("way", ["websocket", "sse", "poll"])
def test_and_so_does_one_whose_line_was_lost_again_and_again(follow: Any, played: PlayedRun, way: str) -> None:
    follower = follow(played.run_id, way, "--cut")
    follower.wait_for("live")
    for _ in range(2):
        follower.wait_for("reconnecting", meanwhile=played.report)
        # Between two losses: one alone is told twice, when it happens and when the next line is opened.
        follower.wait_for("live", meanwhile=played.report)
    while not played.is_over:
        played.step()
    verdict = follower.verdict()
    assert_is_the_database(played.run_id, verdict)
    assert verdict["cuts"] >= 2
    assert len(verdict["snapshots"]) == 1, "it came back with its cursor, and needed no second snapshot"
