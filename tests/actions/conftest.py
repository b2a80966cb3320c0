"""A live engine in this process, and runs whose tasks wait until the test lets them go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from apflow import BaseTask, executor_register
from orchestration.actions.runs import RunRequest, send_command, start_spec
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.engine.definition import TreeSpec
from orchestration.engine.engine import Engine
from orchestration.models import Run, RunCommand, TaskRun

#: Names of tasks that may end now, and how often each has started.
LET_GO: set[str] = set()
STARTS: list[str] = []


@executor_register(id="gated")
class Gated(BaseTask):
    """Runs until the test lets its label go; fails while its label with `!` is among them."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Wait for the gate."""
        import asyncio

        STARTS.append(inputs["label"])
        while inputs["label"] not in LET_GO:
            await asyncio.sleep(0.005)
        if f"{inputs['label']}!" in LET_GO:
            return {"status": "failed", "error": "as told"}
        return {"status": "completed", "result": {inputs["label"]: len(STARTS)}}


@pytest.fixture(autouse=True)
def _fresh_gates() -> None:
    LET_GO.clear()
    STARTS.clear()


class Live:
    """A run in a live engine."""

    def __init__(self, engine: Engine, spec: TreeSpec, **fields: Any) -> None:
        self.engine = engine
        self.run = start_spec(spec, RunRequest(owner=engine.worker_id, **fields))
        self.ended = engine.adopt(str(self.run.pk))

    def task(self, name: str) -> TaskRun:
        """Return a task as it is now."""
        return self.run.task_runs.get(name=name)

    def ask(self, kind: str, name: str | None = None, **data: Any) -> str:
        """Send a command and return its answer."""
        task_run = self.task(name) if name else None
        command = send_command(self.run, kind, task_run=task_run, data=data, reason="because")
        assert command is not None
        self.engine.poke()
        wait_for(lambda: RunCommand.objects.get(pk=command.pk).handled_at is not None)
        command.refresh_from_db()
        return command.answer

    def end(self, seconds: float = 30) -> Run:
        """Wait for the end and return the run."""
        self.ended.result(timeout=seconds)
        self.run.refresh_from_db()
        return self.run

    def statuses(self) -> dict[str, str]:
        """Return every task's status by name."""
        return dict(self.run.task_runs.values_list("name", "status"))


#: So soon running workers follow what is decided; two seconds on an idle machine.
FOLLOW_SECONDS = 10.0


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until a condition holds; fail after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def until_followed(live: Callable[..., Live], spec: TreeSpec, follows: Callable[[Live], bool]) -> None:
    """Run a tree again and again until a decision that was just made is followed.

    However slow the machine is, whatever is started FOLLOW_SECONDS after the decision has to follow it.
    """
    decided_at = timezone.now()
    while True:
        run = live(spec)
        run.end()
        if follows(run):
            return
        late = (run.run.queued_at - decided_at).total_seconds()
        assert late < FOLLOW_SECONDS, f"a run that was started {late:.1f} s after the decision did not follow it"


@pytest.fixture
def live() -> Iterator[Callable[..., Live]]:
    """Return a function that starts a tree in a live engine."""
    with local_engine() as engine:
        yield lambda spec, **fields: Live(engine, spec, **fields)
        LET_GO.update("abcdefgh")
