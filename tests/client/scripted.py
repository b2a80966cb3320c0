"""A local HTTP server that answers what a test tells it to, one answer after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

RUN = "9b2e0c4a-1f52-4c0e-9d8d-1c2f3a4b5c6d"


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def after(self) -> int | None:
        """The cursor that a stream or a poll was asked with."""
        return int(self.query["after"][0]) if "after" in self.query else None

    @property
    def wants_stream(self) -> bool:
        """Whether it asks for server-sent events."""
        return self.headers["accept"] == "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """What to send: `pieces` of the body as they go over the line, which is cut behind them or stays mute."""

    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    is_cut: bool = False
    is_mute: bool = False


Script = Callable[[Asked], Answer]


def as_json(document: Any, status: int = 200, **headers: str) -> Answer:
    """Answer with JSON."""
    return Answer(status, pieces=[json.dumps(document).encode()], headers=headers)


def refusal(status: int, code: str, message: str = "No.", retry_after: str | None = None, **more: Any) -> Answer:
    """Answer with an error of the API."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    error = {"code": code, "message": message, **more}
    return Answer(status, pieces=[json.dumps({"error": error}).encode()], headers=headers)


def stream(*frames: dict[str, Any], is_cut: bool = False, is_mute: bool = False) -> Answer:
    """Answer with an event stream."""
    return Answer(kind="text/event-stream", pieces=[sse(frame) for frame in frames], is_cut=is_cut, is_mute=is_mute)


def sse(frame: dict[str, Any]) -> bytes:
    """Write a frame as the server does."""
    return f"event: {frame['type']}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n".encode()


def event(seq: int, **fields: Any) -> dict[str, Any]:
    """Make up an event."""
    plain = {"seq": seq, "type": "task.progress", "task": "a", "data": {"n": seq}, "at": "2026-03-01T12:00:00Z"}
    return plain | fields


def events(first: int, last: int) -> dict[str, Any]:
    """Make up a frame of the events from `first` to `last`."""
    listed = [event(seq) for seq in range(first, last + 1)]
    return {"type": "events", "after": first - 1, "to": last, "now": "2026-03-01T12:00:00Z", "events": listed}


def snapshot(as_of: int) -> dict[str, Any]:
    """Make up a whole state."""
    run = {"id": RUN, "status": "in_progress"}
    return {"type": "snapshot", "as_of_seq": as_of, "now": "2026-03-01T12:00:00Z", "run": run, "tasks": []}


def end(seq: int, status: str = "completed") -> dict[str, Any]:
    """Make up the last frame."""
    return {"type": "end", "status": status, "seq": seq}


class ScriptedServer:
    """Answers each request by a function, or by the next of a list; remembers what was asked."""

    def __init__(self, script: Script | Sequence[Answer]) -> None:
        self.asked: list[Asked] = []
        self._script = script if callable(script) else self._one_by_one(script)
        self._over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = False
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _one_by_one(self, answers: Sequence[Answer]) -> Script:
        left = iter(answers)
        unforeseen = refusal(418, "unforeseen", "The script has no more answers.")
        return lambda asked: next(left, unforeseen)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                asked = _asked(self)
                server.asked.append(asked)
                answer = server._script(asked)
                self.close_connection = True
                # The client may have hung up, as some tests want it.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                headers = {"Content-Type": answer.kind, "Transfer-Encoding": "chunked", "Connection": "close"}
                for name, value in (headers | answer.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in answer.pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
                if answer.is_mute:
                    server._over.wait()
                elif not answer.is_cut:
                    self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


def _asked(handler: BaseHTTPRequestHandler) -> Asked:
    parts = urlsplit(handler.path)
    headers = {name.lower(): value for name, value in handler.headers.items()}
    body = handler.rfile.read(int(headers.get("content-length", 0)))
    return Asked(handler.command, parts.path, parse_qs(parts.query), headers, body)
