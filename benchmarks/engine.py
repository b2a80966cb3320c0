"""How many tasks a second the engine moves, beside the raw limit: the same rows written by plain batched SQL.

Run `make bench`, or `python -m benchmarks.engine [--tasks …]`. Prints a table and writes var/bench.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A server and a database of its own: a benchmark must neither see nor touch anybody's runs.
_FOLDER = tempfile.TemporaryDirectory(prefix="apflow-bench-")
os.environ["APFLOW_DATA_DIR"] = _FOLDER.name
os.environ.pop("DATABASE_URL", None)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from apflow import BaseTask, executor_register  # noqa: E402
from benchmarks.raw import raw_seconds  # noqa: E402
from orchestration.actions.engines import make_engine  # noqa: E402
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id  # noqa: E402
from orchestration.engine.engine import Engine  # noqa: E402
from orchestration.store.snapshots import NewRun, insert_run  # noqa: E402


@executor_register()
class BenchNoop(BaseTask):
    """Does nothing, as fast as it can."""

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return at once."""
        return {"status": "completed", "result": {"n": 1}}


@dataclass(frozen=True)
class Work:
    """A tree to run: its tasks, and how many edges the longest path has."""

    name: str
    spec: TreeSpec


def _task(index: int, *upstream: int) -> TaskSpec:
    edges = tuple(DependencySpec(f"t{other}") for other in upstream)
    return TaskSpec(id=f"t{index}", name=f"t{index}", executor="bench_noop", dependencies=edges)


def fan(count: int) -> Work:
    """One root and `count` tasks that depend on it."""
    tasks = (_task(0), *(_task(index, 0) for index in range(1, count + 1)))
    return Work(f"fan_{count}", TreeSpec("fan", tasks))


def chain(count: int) -> Work:
    """`count` tasks, each depending on the one before."""
    return Work(f"chain_{count}", TreeSpec("chain", (_task(0), *(_task(i, i - 1) for i in range(1, count)))))


def lattice(layers: int, width: int) -> Work:
    """`layers` layers of `width` tasks; each depends on two of the layer before."""
    tasks = []
    for layer in range(layers):
        for column in range(width):
            base = (layer - 1) * width
            upstream = () if layer == 0 else (base + column, base + (column + 1) % width)
            tasks.append(_task(layer * width + column, *upstream))
    return Work(f"lattice_{layers * width}", TreeSpec("lattice", tuple(tasks)))


def engine_seconds(engine: Engine, work: Work) -> float:
    """Run a tree once through the engine and return the seconds from its insertion to its end."""
    new = NewRun(new_id(), work.spec, None, 1, "sdk", owner=engine.worker_id)
    start = time.perf_counter()
    insert_run(new)
    inserted = time.perf_counter()
    status = engine.adopt(new.id).result(timeout=600)
    end = time.perf_counter()
    assert status == "completed", status
    assert end > inserted > start
    return end - inserted


def _best(measure: Callable[[], float], rounds: int) -> float:
    return min(measure() for _ in range(rounds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each work; the best counts")
    parser.add_argument("--slots", type=int, default=400)
    rounds = parser.parse_args().rounds
    slots = parser.parse_args().slots
    call_command("migrate", verbosity=0)
    engine = make_engine(slots=slots, drain_seconds=0, accepts_runs=False)
    engine.start()
    report: dict[str, Any] = {}
    print(f"{'work':<14} {'engine/s':>10} {'raw/s':>10} {'share':>7} {'commits':>8}")
    try:
        for work in (fan(1000), chain(200), lattice(100, 50), fan(10_000)):
            _measure(engine, work, rounds, report)
    finally:
        engine.stop(0)
    path = Path(__file__).resolve().parent.parent / "var" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=2))
    print(f"written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def _measure(engine: Engine, work: Work, rounds: int, report: dict[str, Any]) -> None:
    count = len(work.spec.tasks)
    before = engine.flushes
    seconds = _best(lambda: engine_seconds(engine, work), rounds)
    commits = (engine.flushes - before) / rounds
    raw = _best(lambda: raw_seconds(work.spec), rounds)
    line: dict[str, Any] = {"per_second": round(count / seconds), "raw_per_second": round(count / raw)}
    line["commits_per_step"] = round(commits / count, 3)
    report[work.name] = line
    print(f"{work.name:<14} {count / seconds:>10.0f} {count / raw:>10.0f} {raw / seconds:>6.0%} {commits:>8.0f}")


if __name__ == "__main__":
    main()
