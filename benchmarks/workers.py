"""Real worker processes for benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.models import Worker

_START_SECONDS = 60.0


@contextmanager
def workers(count: int, slots: int) -> Iterator[None]:
    """Run `count` worker processes on this process's database until the block ends."""
    environment = {**os.environ, "APFLOW_EXECUTORS": "benchmarks.executors"}
    command = [sys.executable, "manage.py", "worker", "--slots", str(slots), "--drain-seconds", "1"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        deadline = time.monotonic() + _START_SECONDS
        while Worker.objects.accepting().count() < count:
            if time.monotonic() > deadline:
                raise TimeoutError("the workers did not start")
            time.sleep(0.02)
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
