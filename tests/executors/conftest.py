"""A real HTTP server on the loopback, a configuration to change, and an attempt that an executor can talk to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from orchestration.engine.config import EngineConfig, configure, current_config


@dataclass
class Seen:
    """One request that reached the server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What the server answers; `hold` makes it wait until the test ends."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"fine"
    hold: bool = False


class Site(ThreadingHTTPServer):
    """A server whose answers a test writes down by path."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: dict[str, Reply] = {}
        self.requests: list[Seen] = []
        self.released = threading.Event()

    @property
    def origin(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(Seen(self.command, self.path, headers, body))
        reply = self.server.replies.get(self.path.partition("?")[0], Reply())
        if reply.hold:
            self.server.released.wait(30)
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def make_site() -> Iterator[Callable[[], Site]]:
    """Start servers that live as long as the test."""
    sites: list[Site] = []

    def start() -> Site:
        site = Site()
        sites.append(site)
        threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return site

    yield start
    for site in sites:
        site.released.set()
        site.shutdown()
        site.server_close()


@pytest.fixture
def site(make_site: Callable[[], Site]) -> Site:
    """One server."""
    return make_site()


@pytest.fixture
def set_config() -> Iterator[Callable[..., None]]:
    """Change the configuration for one test: `set_config(command_allowlist=("echo",))`."""
    before = current_config()

    def change(**fields: Any) -> None:
        configure(replace(EngineConfig(), **fields))

    yield change
    configure(before)


@dataclass
class Attempt:
    """What the engine would hand to an executor."""

    attempt: int = 1
    task_id: str = "task-1"
    run_id: str = "run-1"
    cancelled: bool = False
    progress: list[tuple[float, str]] = field(default_factory=list)

    def report_progress(self, share: float, message: str) -> None:
        """Write the progress down."""
        self.progress.append((share, message))

    def is_cancelled(self) -> bool:
        """Tell what the test wants."""
        return self.cancelled
