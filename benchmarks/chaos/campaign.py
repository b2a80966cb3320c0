"""One chaos run from its first worker to its verdict. Imported when Django is set up."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from django.core.management import call_command

from benchmarks.chaos import effects
from benchmarks.chaos.checker import Checker
from benchmarks.chaos.clients import Meddler, Starter, Watcher, insist, stuck_runs
from benchmarks.chaos.database import PrivateDatabase
from benchmarks.chaos.faults import Keeper, Saboteur
from benchmarks.chaos.history import History
from orchestration.models import Run

logger = logging.getLogger("benchmarks.chaos")

#: Seconds after the last fault in which every run must have ended.
SETTLE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a chaos run."""

    runs: int
    tasks: int
    attempts: int
    faults: dict[str, int]
    settle_seconds: float
    violations: list[str]


def run_campaign(
    folder: Path, database: PrivateDatabase, environment: dict[str, str], *, seconds: float, seed: int, workers: int
) -> Verdict:
    """Make runs and faults for `seconds`, let everything settle, and judge."""
    call_command("migrate", verbosity=0)
    file = folder / "effects.jsonl"
    history, source = History(), Random(seed)
    keeper = Keeper(folder, environment, workers)
    starter = Starter(history, Random(source.random()), str(file), most_open=20)
    meddler = Meddler(history, Random(source.random()))
    watcher = Watcher(history)
    saboteur = Saboteur(history, Random(source.random()), keeper, database)
    try:
        for client in (saboteur, starter, meddler, watcher):
            client.start()
        time.sleep(seconds)
        starter.stop()
        meddler.stop()
        saboteur.end()
        insist(meddler.resume_all)
        violations, settled = _settle(keeper)
        watcher.stop()
        violations += keeper.crashed + keeper.stop_all()
        watcher.look()
    finally:
        keeper.discard()
    checker = Checker(history, effects.read(file))
    violations += checker.check()
    faults = dict(sorted(history.faults.items()))
    return Verdict(checker.runs, checker.tasks, checker.attempts, faults, settled, violations)


def _settle(keeper: Keeper) -> tuple[list[str], float]:
    """Wait until every run has ended; returns what has not, and how long it took."""
    began = time.monotonic()
    while insist(Run.objects.active().exists):
        keeper.keep()
        if time.monotonic() - began > SETTLE_SECONDS:
            return [
                f"not ended {SETTLE_SECONDS:g} s after the last fault: {row}" for row in stuck_runs()
            ], SETTLE_SECONDS
        time.sleep(0.1)
    return [], time.monotonic() - began
