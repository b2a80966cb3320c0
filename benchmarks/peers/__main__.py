"""`python -m benchmarks.peers`: install pinned peers, run the same trees through each in the same minutes, and print.

Each peer gets a virtualenv under `var/peers`, a script of its own beside this one, and at most `SECONDS` for each work.
What can't be installed or run here is reported with its reason. Writes var/bench-peers.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HOME = ROOT / "var" / "peers"
#: What one peer may take for one work, in seconds, and for its installation.
SECONDS = 90
SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"
INSTALL_SECONDS = 600


@dataclass(frozen=True)
class Peer:
    """A peer: what is installed, which script runs it, and what it guarantees."""

    name: str
    script: str
    requirements: tuple[str, ...]
    guarantees: str


PEERS = (
    Peer(
        "apflow 0.18.1",
        "apflow_work.py",
        ("apflow==0.18.1", "sqlalchemy<2.1", "greenlet", "duckdb-engine", "asyncpg"),
        "in process; each task several commits to a DuckDB file; lost on a crash in mid-run",
    ),
    Peer(
        "apflow 0.24",
        "apflow_work.py",
        ("apflow==0.24.0", "sqlalchemy<2.1", "greenlet", "aiosqlite"),
        "in process; SQLite",
    ),
    Peer(
        "Prefect 3",
        "prefect_work.py",
        ("prefect==3.9.1",),
        "in process; states kept by a local API server on SQLite; a flow run is run again from its start",
    ),
    Peer(
        "DBOS",
        "dbos_work.py",
        ("dbos==3.4.0",),
        "in process; each step's result a commit to PostgreSQL; resumes after a crash",
    ),
    Peer(
        "Procrastinate 3",
        "procrastinate_work.py",
        ("procrastinate==3.10.0", "psycopg[binary,pool]"),
        "jobs in PostgreSQL, a fetch and a finish commit each; no dependencies between jobs",
    ),
    Peer(
        "Celery 5 with Redis",
        "celery_work.py",
        ("celery[redis]==5.7.0",),
        "a worker process; results in Redis; acknowledged before it runs: lost when the worker dies",
    ),
)


def run_peer(peer: Peer) -> dict[str, Any]:
    """Install a peer where it is not yet, run its script, and return its figures, or why there are none."""
    folder = HOME / peer.name.lower().replace(" ", "-").replace(".", "-")
    python = folder / "bin" / "python"
    try:
        if not (folder / "installed").exists():
            venv.create(folder, with_pip=True, clear=True)
            install = [str(python), "-m", "pip", "install", "--quiet", *peer.requirements]
            _run(install, INSTALL_SECONDS, {})
            (folder / "installed").touch()
        return _measure(python, HERE / peer.script, folder)
    except (subprocess.SubprocessError, OSError) as error:
        return {"reason": _reason(error)}


def _measure(python: Path, script: Path, folder: Path) -> dict[str, Any]:
    """Run each work in a process of its own, so that one that hangs costs its time and nothing else."""
    figures: dict[str, Any] = {}
    for work in ("fan_1000", "chain_200"):
        try:
            done = _run([str(python), str(script), work], SECONDS, {"PEER_HOME": str(folder)})
            figures[work] = json.loads(done.strip().splitlines()[-1])
        except (subprocess.SubprocessError, ValueError, IndexError) as error:
            figures[work] = {"reason": _reason(error)}
    return figures


def _run(command: list[str], seconds: float, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=True, env={**os.environ, **environment}
    )
    return done.stdout


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"took more than {error.timeout:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line for line in str(error.stderr).splitlines() if line.strip()]
        return (lines[-1] if lines else f"exit code {error.returncode}")[:200]
    return f"{type(error).__name__}: {error}"[:200]


@contextmanager
def databases() -> Iterator[None]:
    """Make the peers' databases on this machine's PostgreSQL, where one answers, and drop them afterwards."""
    names = ("apflow_peer_dbos", "apflow_peer_procrastinate")
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        print("No PostgreSQL at 127.0.0.1:5432 that lets postgres in: peers that need one will say so.")
        yield
        return
    with server:
        for name in names:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
        try:
            yield
        finally:
            for name in names:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def run_ours() -> dict[str, Any]:
    """Measure our own engine in the same minutes."""
    command = [sys.executable, "-m", "benchmarks.engine", "--only", "fan_1000", "chain_200"]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300)
    report: dict[str, Any] = json.loads((ROOT / "var" / "bench.json").read_text())
    return report


def main() -> None:
    """Measure all, print a table, write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of peers; none is all")
    only = parser.parse_args().only
    HOME.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"ours": run_ours()}
    _print("ours", report["ours"])
    with databases():
        for peer in PEERS:
            if not only or peer.name in only:
                report[peer.name] = {**run_peer(peer), "guarantees": peer.guarantees}
                _print(peer.name, report[peer.name])
    (ROOT / "var" / "bench-peers.json").write_text(json.dumps(report, indent=2))


def _print(name: str, figures: dict[str, Any]) -> None:
    if "reason" in figures:
        print(f"{name:<22} {figures['reason']}", flush=True)
        return
    cells = []
    for work in ("fan_1000", "chain_200"):
        figure = figures.get(work, {})
        said = f"{figure['per_second']:,.1f}/s" if "per_second" in figure else figure.get("reason", "?")
        note = f" ({figure['note']})" if figure.get("note") else ""
        cells.append(f"{work} {said}{note}")
    print(f"{name:<22} {'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
