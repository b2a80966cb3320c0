"""Clients of the stream as other people would write them: a socket, an event stream, a poll."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

#: Generous: the machine may be busy with other things.
SECONDS = 30.0


@dataclass
class Caller:
    """Somebody who calls a server: with a token, or as a page with a session."""

    host: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def socket(self, path: str, **headers: str) -> ClientConnection:
        """Open a WebSocket."""
        sent = {**self.headers, **headers}
        return connect(f"ws://{self.host}{path}", additional_headers=sent, open_timeout=SECONDS, max_size=None)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask once."""
        sent = {"Accept": "application/json", **self.headers, **headers}
        return httpx.get(f"http://{self.host}{path}", headers=sent, timeout=SECONDS)

    @contextmanager
    def events(self, path: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Open an event stream and yield its frames, signs of life left out."""
        sent = {"Accept": "text/event-stream", **self.headers, **headers}
        with httpx.stream("GET", f"http://{self.host}{path}", headers=sent, timeout=SECONDS) as response:
            if response.status_code != 200:
                response.read()
            response.raise_for_status()
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Accel-Buffering"] == "no"
            yield (frame for frame in parsed_events(response.iter_lines()) if frame.get("type") != "ping")


def parsed_events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the frames of an event stream, each with its `id` if it brought one."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line == "" and "data" in found:
            frame = json.loads(found["data"])
            assert frame.get("type") == found.get("event")
            yield frame | ({"id": int(found["id"])} if "id" in found else {})
            found = {}
        elif line and not line.startswith(":"):
            found[name] = value


def receive_any(socket: ClientConnection) -> dict[str, Any]:
    """Return the next frame, a sign of life too."""
    frame: dict[str, Any] = json.loads(socket.recv(timeout=SECONDS))
    return frame


def receive(socket: ClientConnection) -> dict[str, Any]:
    """Return the next frame that brings something: on a busy machine signs of life may come between."""
    return receive_until(socket, lambda frame: frame["type"] != "ping")


def say(socket: ClientConnection, **message: Any) -> None:
    """Say something to the server, if it still listens: after the end of a run it does not."""
    with suppress(ConnectionClosed):
        socket.send(json.dumps(message))


def receive_until(socket: ClientConnection, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first frame that is looked for."""
    while not found(frame := receive_any(socket)):
        pass
    return frame


def closing_of(socket: ClientConnection) -> tuple[int, dict[str, Any] | None]:
    """Wait for the close and return its code, with the error frame that came before it."""
    error = None
    try:
        while True:
            frame = receive(socket)
            error = frame["error"] if frame["type"] == "error" else error
    except ConnectionClosed:
        assert socket.close_code is not None
        return socket.close_code, error
