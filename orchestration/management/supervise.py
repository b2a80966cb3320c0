"""Runs the site's processes together: starts them, starts them again when they die, and stops them all as one."""

from __future__ import annotations

import errno
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

logger = logging.getLogger(__name__)

DEATHS_LIMIT = 5
DEATHS_WINDOW_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 8.0
KILL_AFTER_SECONDS = 5.0
READY_TIMEOUT_SECONDS = 60.0
# The web process of a start that was killed a moment ago needs this long to notice and to let go of the port.
PORT_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.05

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(Exception):
    """The site can't be started or kept running; the message is one sentence for the operator."""


@dataclass(frozen=True)
class ChildSpec:
    """A process of the site: `module` is run as by `python -m`; it gets `grace_seconds` between SIGTERM and SIGKILL."""

    name: str
    module: str
    arguments: tuple[str, ...]
    grace_seconds: float


@dataclass
class Child:
    """A supervised process and its recent deaths (monotonic seconds)."""

    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS_LIMIT))


class Supervisor:
    """Keeps child processes running until it is told to stop.

    Children run in process groups of their own, so Ctrl-C in a terminal reaches the supervisor alone; they end by
    themselves when it dies (see `child`).
    """

    def __init__(self, specs: list[ChildSpec], environment: Mapping[str, str]) -> None:
        self._children = [Child(spec) for spec in specs]
        self._environment = dict(environment)
        self._stop = threading.Event()
        self._hurry = False

    def install_signal_handlers(self) -> None:
        """Stop at SIGINT, SIGTERM and SIGHUP; a second one kills at once."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def stop(self) -> None:
        """Ask `run` to stop everything and to return; a second time, without waiting for the children."""
        self._hurry = self._stop.is_set()
        self._stop.set()

    def run(self, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Run until `stop`; calls `on_ready` once, when `is_ready` has turned true.

        Raises `StartError` when a child dies too often or is_ready stays false; all children are stopped by then.
        """
        lifeline, parent_end = os.pipe()  # neither is inherited unless it is passed on by name
        try:
            self._run(lifeline, is_ready, on_ready)
        finally:
            self._stop_children()
            os.close(parent_end)
            os.close(lifeline)

    def _run(self, lifeline: int, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        give_up_at = time.monotonic() + READY_TIMEOUT_SECONDS
        ready = False
        while not self._stop.is_set():
            for child in self._children:
                self._tend(child, lifeline)
            if not ready and is_ready():
                ready = True
                on_ready()
            if not ready and time.monotonic() > give_up_at:
                raise StartError(f"The site did not answer within {READY_TIMEOUT_SECONDS:.0f} s; its output is above.")
            self._stop.wait(_POLL_SECONDS)

    def _tend(self, child: Child, lifeline: int) -> None:
        """Start a child whose time has come; note the death of one that has ended."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                child.process = self._spawn(child.spec, lifeline)
            return
        code = child.process.poll()
        if code is None:
            return
        _kill_group(child.process)
        child.process = None
        child.deaths.append(now)
        if len(child.deaths) == DEATHS_LIMIT and now - child.deaths[0] < DEATHS_WINDOW_SECONDS:
            raise StartError(
                f"The {child.spec.name} process ended {DEATHS_LIMIT} times within a minute, the last time with "
                f"{_outcome(code)}; its output is above, and everything is stopped."
            )
        recent = sum(1 for death in child.deaths if now - death < DEATHS_WINDOW_SECONDS)
        backoff = min(0.5 * 2 ** (recent - 1), MAX_BACKOFF_SECONDS)
        child.start_at = now + backoff
        logger.warning("the %s process ended with %s; next start in %g s", child.spec.name, _outcome(code), backoff)

    def _spawn(self, spec: ChildSpec, lifeline: int) -> subprocess.Popen[bytes]:
        # -P: the working directory is not searched for modules, as it is not by manage.py.
        command = [sys.executable, "-P", "-m", "orchestration.management.child"]
        return subprocess.Popen(
            [*command, str(lifeline), str(spec.grace_seconds), spec.module, *spec.arguments],
            stdin=subprocess.DEVNULL,
            env=self._environment,
            pass_fds=[lifeline],
            start_new_session=True,
        )

    def _stop_children(self) -> None:
        running = [(child.process, child.spec) for child in self._children if child.process is not None]
        for process, _ in running:
            process.terminate()
        stopped_at = time.monotonic()
        while any(process.poll() is None for process, _ in running):
            for process, spec in running:
                if self._hurry or time.monotonic() > stopped_at + spec.grace_seconds + KILL_AFTER_SECONDS:
                    process.kill()
            time.sleep(_POLL_SECONDS)
        for process, _ in running:
            _kill_group(process)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what an ended child has left in its process group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
        os.killpg(process.pid, signal.SIGKILL)


def _outcome(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


# --- address ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Address:
    """Where the web process listens."""

    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """A host under which this machine reaches the address: a wildcard is no place to connect to."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host
        return f"http://{host}:{self.port}/"


def require_free(address: Address, patience_seconds: float = PORT_PATIENCE_SECONDS) -> None:
    """Raise `StartError` when the address can't be listened on; a busy port is given a moment to become free."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            _try_bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                continue
            raise StartError(_bind_problem(address, error)) from error
        return


def answers(address: Address) -> bool:
    """Whether an HTTP server answers at the address, whatever it says."""
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=2)
    try:
        connection.request("GET", "/login/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _try_bind(address: Address) -> None:
    family, kind, protocol, _, target = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the web server does: connections of a former one that linger in TIME_WAIT don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(target)
        probe.listen(1)


def _bind_problem(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {address.port} on {address.host} is taken by another program: "
            f"stop that, or choose another port, for example PORT={address.port + 1 if address.port < 65535 else 8000}."
        )
    if error.errno == errno.EACCES:
        return f"Port {address.port} may only be used by root: choose one above 1023, for example PORT=8000."
    return f"APFLOW_HOST is {address.host!r}, which is no address of this machine ({error.strerror or error})."
