"""Loaded by workers beside the executors: ends or limits its own process where FAULT_POINT says.

`claim`: after a claim is committed, before anything comes of it. `start`: after a start is committed, before user code
runs. `outcome`: user code has ended, before its outcome is written. `memory`: no crash, but little memory.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from typing import Any, Final

from orchestration.engine.ports import Flush
from orchestration.engine.records import RunRecord
from orchestration.store.engine_store import PostgresStore

#: How much more than now a process with the limit `memory` may take.
SPARE_BYTES: Final = 400 * 1024 * 1024

_claim_runs = PostgresStore.claim_runs
_write = PostgresStore.write


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after_claim(self: PostgresStore, *arguments: Any) -> list[RunRecord]:
    records = _claim_runs(self, *arguments)
    if records:
        _die()
    return records


def _die_after_start(self: PostgresStore, worker_id: str, flush: Flush) -> set[str]:
    lost = _write(self, worker_id, flush)
    if any(segment.starts for batch in flush.batches for segment in batch.segments):
        _die()
    return lost


def _die_before_outcome(self: PostgresStore, worker_id: str, flush: Flush) -> set[str]:
    if any(segment.completions for batch in flush.batches for segment in batch.segments):
        _die()
    return _write(self, worker_id, flush)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _install(point: str) -> None:
    if point == "claim":
        PostgresStore.claim_runs = _die_after_claim  # type: ignore[method-assign, assignment]
    elif point == "start":
        PostgresStore.write = _die_after_start  # type: ignore[method-assign]
    elif point == "outcome":
        PostgresStore.write = _die_before_outcome  # type: ignore[method-assign]
    elif point == "memory":
        _limit_memory()


_install(os.environ.get("FAULT_POINT", ""))
