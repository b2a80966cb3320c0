"""A short chaos run: workers are killed, frozen and stopped, the database is restarted; then all is checked."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_sixty_seconds_of_chaos_leave_no_violation(capsys: pytest.CaptureFixture[str]) -> None:
    seed = secrets.randbelow(2**32)
    command = [sys.executable, "-m", "benchmarks.chaos", "--seconds", "60", "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380, check=False)
    said = f"seed {seed}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    with capsys.disabled():
        print(f"\nchaos: seed {seed}: {done.stdout.splitlines()[-1:]}")  # noqa: T201 - for CI's log
    assert done.returncode == 0, said
    verdict = re.fullmatch(r"runs=(\d+) tasks=(\d+) faults=(\d+) violations=0", done.stdout.splitlines()[-1])
    assert verdict is not None, said
    runs, tasks, faults = (int(number) for number in verdict.groups())
    assert runs > 50 and tasks > 500 and faults > 10, said
