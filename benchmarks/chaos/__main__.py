"""`python -m benchmarks.chaos`: prints the seed first and the verdict last; exits with 1 when there are violations."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chaos.database import PrivateDatabase

if TYPE_CHECKING:
    from benchmarks.chaos.campaign import Verdict


def main() -> int:
    """Set up a database and Django on it, run, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description="Random faults on real workers.")
    parser.add_argument("--seconds", type=float, default=60, help="how long faults are made (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the random source of trees, clients and faults")
    parser.add_argument("--workers", type=int, default=3, help="worker processes (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and effects")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    print(f"seed={seed} seconds={options.seconds:g} workers={options.workers}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="apflow-chaos-"))
    database = PrivateDatabase(folder / "data")
    try:
        verdict = _run(folder, database, seed, options)
    finally:
        _close(database)
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.keep:
        print(f"folder: {folder}")
    for violation in verdict.violations:
        print(f"VIOLATION {violation}")
    print(f"faults made: {verdict.faults}; attempts: {verdict.attempts}; settled in {verdict.settle_seconds:.1f} s")
    faults = sum(verdict.faults.values())
    print(f"runs={verdict.runs} tasks={verdict.tasks} faults={faults} violations={len(verdict.violations)}")
    return 1 if verdict.violations else 0


def _run(folder: Path, database: PrivateDatabase, seed: int, options: argparse.Namespace) -> Verdict:
    environment = {
        "APFLOW_DATA_DIR": str(folder / "data"),
        "APFLOW_EXECUTORS": "benchmarks.chaos.executors",
        "APFLOW_LEASE_SECONDS": "2",
        "DATABASE_URL": database.url,
    }
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="apflow_site.settings")
    import django

    django.setup()
    from benchmarks.chaos.campaign import run_campaign

    return run_campaign(folder, database, environment, seconds=options.seconds, seed=seed, workers=options.workers)


def _close(database: PrivateDatabase) -> None:
    from django.db import connections

    connections.close_all()
    database.stop()
    link = database.data_dir / "postgres"
    if link.is_symlink():  # run as root: the cluster is elsewhere
        shutil.rmtree(link.resolve(), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
