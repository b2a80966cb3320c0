"""A run that a backup has caught in mid-flight goes on after the restore, and nothing is completed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.actions.backups import make_backup, restore_backup
from orchestration.models import Run, RunEvent
from orchestration.store.backups.archive import TableSum
from orchestration.store.backups.errors import RestoreRefusedError
from tests.faults.support.bench import Bench, task

pytestmark = pytest.mark.database


def quiet(table: str, done: TableSum) -> None:
    """Hear of progress and say nothing."""


def restore(path: Path) -> None:
    """Give up what the database holds for what the file has."""
    restore_backup(path, replace=True, pause_schedules=False, tell=quiet)


def test_a_run_in_mid_flight_goes_on_after_the_restore(bench: Bench) -> None:
    first = bench.worker()
    run = bench.start(
        task("done"), task("caught", gate=bench.gate(), requires=["done"]), task("after", requires=["caught"])
    )
    bench.wait_effect(run, "start", task="caught")
    bench.wait_event(run, "task.started", count=2)
    file = bench.folder / "backup"
    with file.open("wb") as opened:
        make_backup(opened, quiet)
    with pytest.raises(RestoreRefusedError, match="1 worker is alive"):
        restore(file)
    # What happens afterwards is given up.
    bench.gate().touch()
    assert bench.wait_run(run).status == "completed"
    completed_at = bench.task_run(run, "done").finished_at
    later = bench.start(task("later"))
    bench.wait_run(later)
    first.terminate()
    assert first.wait() == 0

    restore(file)
    caught = Run.objects.get(pk=run.pk)
    assert (caught.status, caught.owner_id, caught.epoch) == ("in_progress", None, 1)
    assert not Run.objects.filter(pk=later.pk).exists()
    bench.worker()
    ended = bench.wait_run(run)
    assert (ended.status, ended.epoch) == ("completed", 2)
    # What was complete stays so; what was running is lost with its worker and runs once more; the rest runs.
    assert bench.task_run(run, "done").finished_at == completed_at
    row = bench.task_run(run, "caught")
    assert (row.attempt, row.worker_losses) == (2, 1)
    assert [len(bench.effects(run, "end", task=name)) for name in ("done", "caught", "after")] == [1, 2, 2]
    ends = list(RunEvent.objects.filter(run=run, type="task.completed").values_list("task_run__task_uid", flat=True))
    assert sorted(ends) == ["after", "caught", "done"]
    assert len(bench.events(run, "run.completed")) == 1
