"""Parts of trees in a live engine: only the part runs, on the results that it took over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestration.actions.partial_runs import Only, start_part
from orchestration.actions.runs import RunRequest, start_run
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.partial import Mode
from orchestration.models import Run, TaskRun

from .conftest import LET_GO, STARTS, Live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def gated(name: str, *upstream: str, **fields: object) -> TaskSpec:
    edges = tuple(DependencySpec(other) for other in upstream)
    return TaskSpec(name, name, "gated", {"label": name}, dependencies=edges, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "started", "results"),
    [
        (Mode.TASK, ["b"], {"a": "taken", "b": "new", "c": None, "d": None}),
        (Mode.UP_TO, ["a", "b"], {"a": "new", "b": "new", "c": None, "d": None}),
        (Mode.FROM, ["b", "c"], {"a": "taken", "b": "new", "c": "new", "d": "taken"}),
    ],
)
def test_a_part_of_a_tree_runs(
    live: Callable[..., Live], mode: Mode, started: list[str], results: dict[str, str | None]
) -> None:
    pinned = gated("p", "d", pinned={"result": {"p": 1}})
    tree = create_tree(TreeSpec("tree", (gated("a"), gated("b", "a"), gated("d"), pinned, gated("c", "b", "d", "p"))))
    LET_GO.update("abcdp")
    engine = live(TreeSpec("warm up", (gated("a"),))).engine
    earlier = start_run(tree)
    engine.adopt(str(earlier.pk)).result(timeout=30)
    TaskRun.objects.filter(run=earlier, task_uid__in="ad").update(result={"kept": 1})
    STARTS.clear()
    run = start_part(tree, Only(mode, "b", Run.objects.all()), RunRequest())
    engine.adopt(str(run.pk)).result(timeout=30)
    run.refresh_from_db()
    assert (run.status, sorted(STARTS)) == ("completed", started)
    rows = {row.task_uid: row for row in run.task_runs.all()}
    taken = {uid: row.reused_from_id is not None for uid, row in rows.items()}
    assert {uid for uid, word in results.items() if word == "taken"} == {uid for uid in taken if taken[uid]}
    assert all((rows[uid].status == "completed") == (word is not None) for uid, word in results.items())
    if mode is not Mode.UP_TO:
        assert rows["b"].resolved_inputs == {"label": "b", "kept": 1}
    assert (rows["p"].status == "completed") == (mode is Mode.FROM)
