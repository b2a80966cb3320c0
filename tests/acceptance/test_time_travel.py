"""Going back in time: what the page makes of the event log alone is what the rows were."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.live.polling import poll
from orchestration.models import Run, TaskRun, Tree
from orchestration.store.stream import tail_of
from tests.acceptance.support.played_run import PlayedRun
from tests.acceptance.test_live_client import FRONTEND, SECONDS, cut, milliseconds, shown
from tests.live import conftest as live

pytestmark = pytest.mark.django_db(transaction=True)

tree, user, same_secret_key = live.tree, live.user, live.same_secret_key


@pytest.fixture(scope="module")
def traveller() -> Path:
    """The program that goes back in time, built from the sources of the pages."""
    if shutil.which("node") is None or not (FRONTEND / "node_modules" / "vite").exists():
        pytest.skip("NO NODE: time travel was not tried; install Node and run `npm ci` in frontend/")
    folder = FRONTEND / "node_modules" / ".travel"
    command = ["npx", "vite", "build", "--ssr", "test/travel.mts", "--outDir", str(folder), "--logLevel", "error"]
    subprocess.run(command, cwd=FRONTEND, check=True, timeout=SECONDS)
    return folder / "travel.js"


@pytest.fixture(params=[1, 2, 3])
def played(tree: Tree, request: pytest.FixtureRequest) -> Iterator[PlayedRun]:
    """A random run."""
    run = PlayedRun(request.param, str(tree.pk))
    try:
        yield run
    finally:
        run.close()


def rows_of(run_id: str) -> dict[str, Any]:
    """How the run and its tasks are in the database now."""
    run = Run.objects.get(pk=run_id)
    tasks = {task.task_uid: shown(task) for task in TaskRun.objects.filter(run=run).order_by("ordinal")}
    times = (milliseconds(run.started_at), milliseconds(run.finished_at))
    return {"seq": run.last_seq, "run": (run.status, run.priority, cut(run.error), *times), "tasks": tasks}


def states_at(traveller: Path, run_id: str, seqs: list[int]) -> list[Any]:
    """What the page shows of these moments, given the log and a snapshot of now."""
    tail = tail_of(run_id, 0, 100_000)
    assert tail is not None
    asked = {
        "snapshot": json.loads(poll(run_id, None, 1).text),
        "events": [json.loads(event) for event in tail.events],
        "seqs": seqs,
    }
    command = ["node", str(traveller)]
    given = json.dumps(asked)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=SECONDS)
    states: list[Any] = json.loads(done.stdout)
    return states


def test_every_moment_of_the_log_is_what_the_rows_were(traveller: Path, played: PlayedRun) -> None:
    copies = [rows_of(played.run_id)]
    while not played.is_over:
        played.step()
        copies.append(rows_of(played.run_id))
    assert len(copies) > 15
    for copy, state in zip(copies, states_at(traveller, played.run_id, [copy["seq"] for copy in copies]), strict=True):
        facts = state["run"]
        run = (facts["status"], facts["priority"], cut(facts["error"]), facts["startedAt"], facts["finishedAt"])
        assert run == copy["run"], copy["seq"]
        assert [task["id"] for task in state["tasks"]] == list(copy["tasks"])
        for task in state["tasks"]:
            expected = copy["tasks"][task["id"]]
            known = {key: task[key] for key in expected} | {"error": cut(task["error"])}
            assert known == expected, f"{task['id']} after {copy['seq']} events"
        assert sum(state["counts"].values()) == len(copy["tasks"])
