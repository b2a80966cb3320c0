"""Clients of the live stream end with exactly the database's state, whatever breaks meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys


def test_clients_know_every_event_exactly_once_through_everything_that_breaks() -> None:
    """A server of its own: this process's database must stay where it is."""
    command = [sys.executable, "-m", "tests.acceptance.stream_chaos", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=220, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    seed, verdict = done.stdout.splitlines()[0], json.loads(done.stdout.splitlines()[-1])
    assert verdict["problems"] == [], f"{seed}\n" + "\n".join(verdict["problems"])
    assert verdict["faults"] and verdict["returns"], "nothing was broken"
