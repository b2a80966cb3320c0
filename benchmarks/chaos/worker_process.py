"""A real worker process that can be killed, frozen, resumed and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Look at `condition` until it returns something true, and return that; raise TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.01)
    return found


class WorkerProcess:
    """One `manage.py worker`. Its output goes to a file."""

    def __init__(
        self, log: Path, environment: Mapping[str, str], *, slots: int = 10, drain_seconds: float = 10.0
    ) -> None:
        self.log = log
        arguments = ["--slots", str(slots), "--drain-seconds", str(drain_seconds)]
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("APFLOW_", "DATABASE_URL"))}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "worker", *arguments],
                cwd=ROOT,
                env={**ours, "APFLOW_LEASE_SECONDS": "2", "PYTHONUNBUFFERED": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: the test runner's Ctrl-C is not the worker's.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process number."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_ready(self, seconds: float = 60) -> WorkerProcess:
        """Wait until it says that it is ready."""

        def ready() -> bool:
            if not self.is_alive:
                raise RuntimeError(f"the worker ended with {self.process.returncode}:\n{self.output[-4000:]}")
            return "is ready" in self.output

        wait_until(ready, seconds, "a worker to be ready")
        return self

    def kill(self) -> None:
        """End it without a word."""
        self.send(signal.SIGKILL)
        self.process.wait(30)

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self.send(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send(signal.SIGTERM)

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(seconds)

    def send(self, number: int) -> None:
        """Send a signal; one that has ended is no error."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def discard(self) -> None:
        """End it, whatever state it is in."""
        if self.is_alive:
            self.kill()
