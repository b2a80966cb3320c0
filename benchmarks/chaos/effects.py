"""Side effects that outlive everything: one line per effect, each one write to a file in append mode."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Effect:
    """What user code did. `at` is the monotonic clock, which all processes of a machine share."""

    what: str
    run: str
    task: str
    attempt: int
    pid: int
    at: float


def append(path: str | Path, what: str, run: str, task: str, attempt: int) -> None:
    """Append an effect. One `write` in append mode: lines of several processes never mix."""
    line = json.dumps(asdict(Effect(what, run, task, attempt, os.getpid(), time.monotonic())))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def read(path: str | Path) -> list[Effect]:
    """Read all effects in the order in which they were written."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [Effect(**json.loads(line)) for line in lines]
