"""Run as a program: a private database server is crashed and restarted in mid-run, under a real worker.

With the argument `outage` it stays away for longer than the worker's lease instead. Prints the run's status, how many
tasks completed, the highest attempt, and whether the worker lives.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path


def main() -> None:
    """Start everything, restart the database twice, and wait for the run's end."""
    with tempfile.TemporaryDirectory(prefix="apflow-restart-") as name:
        from benchmarks.chaos.database import PrivateDatabase

        folder = Path(name)
        database = PrivateDatabase(folder / "data")
        environment = {"DATABASE_URL": database.url, "APFLOW_DATA_DIR": str(folder / "data")}
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="apflow_site.settings")
        try:
            _scenario(folder, database, environment)
        finally:
            database.stop()
            link = folder / "data" / "postgres"
            if link.is_symlink():  # run as root: the cluster is elsewhere
                import shutil

                shutil.rmtree(link.resolve(), ignore_errors=True)


def _scenario(folder: Path, database: object, environment: dict[str, str]) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection

    from benchmarks.chaos.worker_process import WorkerProcess, wait_until
    from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
    from orchestration.models import Run, TaskRun
    from orchestration.store.snapshots import NewRun, insert_run

    call_command("migrate", verbosity=0)
    outage = sys.argv[1:] == ["outage"]
    lease = "2" if outage else "6"
    worker = WorkerProcess(folder / "worker.log", {**environment, "APFLOW_LEASE_SECONDS": lease}, slots=4)
    worker.wait_ready(60)
    tasks = [
        TaskSpec(f"t{n}", f"t{n}", "sleep", {"seconds": 0.05}, dependencies=(DependencySpec(f"t{n - 1}"),) * (n > 0))
        for n in range(60)
    ]
    new = NewRun(new_id(), TreeSpec("restarted", tuple(tasks)), None, 1, "api")
    insert_run(new)

    def done() -> int:
        try:
            return TaskRun.objects.filter(run_id=new.id, status="completed").count()
        except OperationalError:
            connection.close()
            return 0

    for count, crash in ((10, False), (30, True)):
        wait_until(partial(_reached, done, count), 60, f"{count} tasks")
        database.restart(crash=crash, away_seconds=5.0 if outage else 0.0)  # type: ignore[attr-defined]
        connection.close()
    wait_until(lambda: done() == 60, 90, "the run to end")
    wait_until(lambda: Run.objects.finished().exists(), 30, "the run to end")
    run = Run.objects.get()
    highest = max(TaskRun.objects.values_list("attempt", flat=True))
    connection.close()
    print(run.status, done(), highest, worker.is_alive)  # noqa: T201
    connection.close()
    worker.discard()


def _reached(done: Callable[[], int], count: int) -> bool:
    return done() >= count


if __name__ == "__main__":
    main()
