"""A real web process that can be killed, stopped, and started again on the same port."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from benchmarks.chaos.worker_process import ROOT, wait_until
from orchestration.management.web_server import daphne_arguments

#: Below those that systems hand out: one that is chosen here is nobody's in the seconds until it is bound.
_PORTS: Final = range(20_000, 32_000)
# Processes that choose side by side begin far from each other.
_places = itertools.count(os.getpid() * 97)


def free_port() -> int:
    """Return a port that nobody uses at the moment, and that this process has not chosen before."""
    for place in _places:
        port = _PORTS[place % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            break
    return port


class WebProcess:
    """One daphne, started as `manage.py start` does it. Its output goes to a file."""

    def __init__(self, log: Path, environment: Mapping[str, str], port: int | None = None) -> None:
        self.log = log
        self.port = port or free_port()
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("APFLOW_", "DATABASE_URL"))}
        self._environment = {**ours, "PYTHONUNBUFFERED": "1", **environment}
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "daphne", *daphne_arguments("127.0.0.1", self.port)],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: the test runner's Ctrl-C is not the server's.
                start_new_session=True,
            )

    @property
    def host(self) -> str:
        """Host and port, as they stand in an address."""
        return f"127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def resident_bytes(self) -> int:
        """The memory that it takes."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_ready(self, seconds: float = 60) -> WebProcess:
        """Wait until it answers."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise RuntimeError(f"the web process ended with {self.process.returncode}:\n{self.output[-4000:]}")
            return self._answers()

        wait_until(ready, seconds, "the web process to answer")
        return self

    def restart(self) -> WebProcess:
        """Start another one in place of one that has ended."""
        self.process = self._spawn()
        return self.wait_ready()

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait(30)

    def terminate(self, seconds: float = 30) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def discard(self) -> None:
        """End it, whatever state it is in."""
        if self.process.poll() is None:
            self.kill()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            connection.close()
            return True
        connection.close()
        return False
