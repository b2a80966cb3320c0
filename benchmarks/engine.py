"""How many tasks a second the engine moves, beside the raw limit: the same rows written by plain batched SQL.

Run `make bench`, or `python -m benchmarks.engine [--rounds N] [--only NAME …]`. Prints a table and writes
var/bench.json. Every figure is the best of its rounds; figures of one run on one machine may be compared, no others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
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

from benchmarks import executors  # noqa: E402, F401 - registers them
from benchmarks.raw import raw_seconds  # noqa: E402
from benchmarks.works import Work, chain, fan, lattice, small, task  # noqa: E402
from orchestration.actions.engines import calm_collector, make_engine  # noqa: E402
from orchestration.engine.definition import TreeSpec, new_id  # noqa: E402
from orchestration.engine.engine import Engine  # noqa: E402
from orchestration.models import Run, TaskRun  # noqa: E402
from orchestration.store.snapshots import NewRun, insert_run  # noqa: E402

_REPORT = Path(__file__).resolve().parent.parent / "var" / "bench.json"
#: Attempts at the same time: as many as an installation that runs many small tasks would allow.
_SLOTS = 400


def engine_seconds(engine: Engine, work: Work) -> float:
    """Run a tree once through the engine and return the seconds from its adoption to its end."""
    new = NewRun(new_id(), work.spec, None, 1, "sdk", owner=engine.worker_id)
    insert_run(new)
    start = time.perf_counter()
    status = engine.adopt(new.id).result(timeout=600)
    seconds = time.perf_counter() - start
    if status != "completed":
        raise RuntimeError(f"{work.name} ended as {status}")
    return seconds


def measure_tree(engine: Engine, work: Work, rounds: int, *, raw: bool = True) -> dict[str, Any]:
    """Measure one tree, and the raw limit of the same tree in the same minutes."""
    count = len(work.spec.tasks)
    before = engine.flushes
    seconds = min(engine_seconds(engine, work) for _ in range(rounds))
    line: dict[str, Any] = {"per_second": round(count / seconds)}
    line["commits_per_step"] = round((engine.flushes - before) / rounds / count, 3)
    if raw:
        limit = min(raw_seconds(work.spec) for _ in range(rounds))
        line |= {"raw_per_second": round(count / limit), "share_of_raw": round(limit / seconds, 2)}
    return line


def measure_growth(engine: Engine, rounds: int) -> dict[str, Any]:
    """Compare the cost of a task in a tree of 100,000 with that in one of 1,000."""
    few, many = fan(999), fan(99_999)
    per_few = min(engine_seconds(engine, few) for _ in range(max(rounds, 3))) / 1_000
    per_many = engine_seconds(engine, many) / 100_000
    return {"ratio": round(per_many / per_few, 2), "per_second": round(1 / per_many)}


def measure_memory(engine: Engine) -> dict[str, Any]:
    """Measure by how much the process grows while it runs 10,000 tasks."""
    work = fan(10_000)
    before = _resident_bytes()
    engine_seconds(engine, work)
    return {"bytes_per_task": round(max(_resident_bytes() - before, 0) / 10_000)}


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_small_trees(count: int = 1_000) -> dict[str, Any]:
    """Start many trees of ten tasks, as fast as one client can, and let two workers run them."""
    from benchmarks.workers import workers

    spec = small()
    with workers(2, slots=100):
        start = time.perf_counter()
        for _ in range(count):
            insert_run(NewRun(new_id(), spec, None, 1, "api"))
        inserted = time.perf_counter() - start
        while Run.objects.active().exists():
            time.sleep(0.02)
        seconds = time.perf_counter() - start
    return {"per_second": round(count * len(spec.tasks) / seconds), "insert_seconds": round(inserted, 2)}


def measure_start_latency(samples: int = 60) -> dict[str, Any]:
    """Measure, with an idle worker, the milliseconds from an accepted start to the first task's code."""
    from benchmarks.workers import workers

    spec = TreeSpec("now", (task(0, executor="bench_now"),))
    latencies = []
    with workers(1, slots=10):
        for _ in range(samples):
            new = NewRun(new_id(), spec, None, 1, "api")
            insert_run(new)
            accepted = time.time()
            while Run.objects.active().filter(pk=new.id).exists():
                time.sleep(0.005)
            returned: Any = TaskRun.objects.values_list("result", flat=True).get(run_id=new.id)
            latencies.append((returned["result"]["at"] - accepted) * 1000)
    ordered = sorted(latencies)
    p95 = ordered[int(len(ordered) * 0.95)]
    return {"p50": round(statistics.median(ordered), 1), "p95": round(p95, 1)}


def measure_process(engine: Engine, rounds: int) -> dict[str, Any]:
    """Measure attempts in child processes; the first round warms the children up and does not count."""
    work = fan(600, executor="bench_isolated")
    engine_seconds(engine, work)
    seconds = min(engine_seconds(engine, work) for _ in range(rounds))
    return {"per_second": round(len(work.spec.tasks) / seconds)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each work; the best counts")
    parser.add_argument("--only", nargs="*", default=[], help="names of works; none is all")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    engine = make_engine(slots=_SLOTS, drain_seconds=0, accepts_runs=False)
    calm_collector()
    engine.start()
    rounds = options.rounds
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "fan_1000": lambda: measure_tree(engine, fan(1000), rounds),
        "chain_200": lambda: measure_tree(engine, chain(200), rounds),
        "lattice_5000": lambda: measure_tree(engine, lattice(100, 50), rounds),
        "fan_10000": lambda: measure_tree(engine, fan(10_000), rounds) | measure_memory(engine),
        "growth": lambda: measure_growth(engine, rounds),
        "process": lambda: measure_process(engine, rounds),
        "small_trees": measure_small_trees,
        "start_latency_ms": measure_start_latency,
    }
    report: dict[str, Any] = {}
    try:
        for name, measure in works.items():
            if not options.only or name in options.only:
                report[name] = measure()
                print(f"{name:<18} {'  '.join(f'{key} {value:,}' for key, value in report[name].items())}", flush=True)
    finally:
        engine.stop(0)
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
