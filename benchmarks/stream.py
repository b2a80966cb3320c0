"""How soon watchers see an event: 200 sockets on one run at 1,000 events a second, and one on an idle site.

Run `python -m benchmarks.stream [--minutes M] [--watchers N] [--rate R] [--only NAME …]`. Prints a table and writes
var/bench-stream.json. Latencies run from the return of the commit to the frame in the client, both by this machine's
clock; the clients, the writer, the web process and the database share its cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
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

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from benchmarks.scribe import Scribe  # noqa: E402
from benchmarks.stream_watchers import Commit, Findings, judge, watch  # noqa: E402
from benchmarks.web_process import WebProcess  # noqa: E402
from benchmarks.works import task  # noqa: E402
from orchestration.engine.definition import TreeSpec, new_id  # noqa: E402
from orchestration.models import ApiToken  # noqa: E402
from orchestration.store.snapshots import NewRun, insert_run  # noqa: E402

_REPORT = Path(__file__).resolve().parent.parent / "var" / "bench-stream.json"
#: Streams of one user, below what the site allows.
_OF_ONE_USER = 40
_FLUSHES_A_SECOND = 50


def tokens(count: int) -> list[str]:
    """Make so many users who see everything, and return a token of each."""
    secrets = []
    for number in range(count):
        user = User.objects.create_superuser(f"watcher-{number}-{time.monotonic_ns()}")
        secret = ApiToken.new_secret()
        ApiToken.objects.create(user=user, name="bench", hint=secret[:8], digest=ApiToken.digest_of(secret))
        secrets.append(secret)
    return secrets


def measure_fan_out(web: WebProcess, watchers: int, rate: int, minutes: float) -> dict[str, Any]:
    """Write events at a rate while everybody watches."""
    scribe = Scribe(tasks=20)
    start = scribe.seq
    here, there = multiprocessing.get_context("spawn").Pipe()
    url = f"ws://{web.host}/ws/runs/{scribe.run_id}/?after={start}"
    callers = tokens(-(-watchers // _OF_ONE_USER))
    process = multiprocessing.get_context("spawn").Process(target=watch, args=(there, url, callers, watchers, start))
    process.start()
    assert here.recv() == "ready"
    before, cpu, began = web.resident_bytes, web.cpu_seconds, time.monotonic()
    commits, memory = _write(scribe, rate, minutes * 60, lambda: web.resident_bytes)
    busy = (web.cpu_seconds - cpu) / (time.monotonic() - began)
    scribe.end()
    commits.append(Commit(scribe.seq, time.time()))
    here.send("ended")
    arrivals = here.recv()
    process.join()
    scribe.close()
    findings = judge(commits, arrivals, start)
    line = {"watchers": watchers, "web_cpu": round(busy, 2)}
    return line | _fan_out_line(findings, before, memory)


def _fan_out_line(findings: Findings, before: int, memory: list[int]) -> dict[str, Any]:
    half = len(memory) // 2
    return {
        "events": findings.events,
        "p50_ms": findings.percentile(0.5),
        "p95_ms": findings.percentile(0.95),
        "p99_ms": findings.percentile(0.99),
        "frames_a_second": findings.frames_a_second,
        "lost": findings.lost,
        "twice": findings.twice,
        "mb_before": round(before / 2**20),
        "mb_at_half": round(memory[half] / 2**20),
        "mb_at_end": round(memory[-1] / 2**20),
        "mb_highest": round(max(memory) / 2**20),
    }


def _write(scribe: Scribe, rate: int, seconds: float, resident: Callable[[], int]) -> tuple[list[Commit], list[int]]:
    """Commit `rate` events a second; returns the commits, and the web process's memory once a second."""
    began, written = time.monotonic(), 0
    commits: list[Commit] = []
    memory: list[int] = []
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate) - written
        if due > 0:
            scribe.write(due)
            commits.append(Commit(scribe.seq, time.time()))
            written += due
        if len(memory) <= passed:
            memory.append(resident())
        time.sleep(1 / _FLUSHES_A_SECOND)
    return commits, memory


def measure_start(web: WebProcess, samples: int = 60) -> dict[str, Any]:
    """Start a run on an idle site, open it, and wait for the first event of a task."""
    from benchmarks.workers import workers

    [secret] = tokens(1)
    spec = TreeSpec("now", (task(0, executor="bench_now"),))
    milliseconds = []
    with workers(1, slots=10):
        for _ in range(samples):
            new = NewRun(new_id(), spec, None, 1, "api")
            insert_run(new)
            accepted = time.perf_counter()
            _wait_for_task(f"ws://{web.host}/ws/runs/{new.id}/?after=0", secret)
            milliseconds.append((time.perf_counter() - accepted) * 1000)
    ordered = sorted(milliseconds)
    return {"p50_ms": round(ordered[len(ordered) // 2], 1), "p95_ms": round(ordered[int(len(ordered) * 0.95)], 1)}


def _wait_for_task(url: str, secret: str) -> None:
    with connect(url, additional_headers={"Authorization": f"Bearer {secret}"}) as socket:
        while True:
            frame = json.loads(socket.recv())
            if any(event["task"] for event in frame.get("events", ())):
                return


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long events are written (%(default)s)")
    parser.add_argument("--watchers", type=int, default=200, help="sockets on the run (%(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="events a second (%(default)s)")
    parser.add_argument("--only", nargs="*", default=[], help="fan_out, start; none is both")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    web = WebProcess(Path(_FOLDER.name) / "web.log", {"APFLOW_DATA_DIR": _FOLDER.name}).wait_ready()
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "start": lambda: measure_start(web),
        "fan_out": lambda: measure_fan_out(web, options.watchers, options.rate, options.minutes),
    }
    report: dict[str, Any] = {}
    try:
        for name, measure in works.items():
            if not options.only or name in options.only:
                report[name] = measure()
                print(f"{name:<10} {'  '.join(f'{key} {value:,}' for key, value in report[name].items())}", flush=True)
    finally:
        web.terminate()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
