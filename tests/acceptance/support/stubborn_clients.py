"""Clients that come back with their cursor however often the line breaks, until the run's end."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from random import Random

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.live.support.clients import parsed_events
from tests.live.support.ledger import Ledger

#: A line that is silent for longer is given up.
_PATIENCE_SECONDS = 20.0
#: What a broken line, a dead server or one without its database raises.
_BROKEN = (OSError, TimeoutError, httpx.HTTPError, WebSocketException)


class StubbornClient(ABC, threading.Thread):
    """Follows one run in one way."""

    def __init__(self, host: str, token: str, run_id: str, seed: int) -> None:
        super().__init__(name=f"{type(self).__name__} {run_id[:8]}", daemon=True)
        self.ledger = Ledger(cursor=0)
        self.problem: str | None = None
        self.returns = 0
        self._host = host
        self._headers = {"Authorization": f"Bearer {token}"}
        self.run_id = run_id
        self._random = Random(seed)
        self._given_up = threading.Event()

    def run(self) -> None:
        """Follow until the end, or until a frame breaks a rule."""
        try:
            while self.ledger.end is None and not self._given_up.is_set():
                self._try_once()
        except AssertionError as broken:
            self.problem = f"{self.name}: {broken}"

    def give_up(self) -> None:
        """Come back no more."""
        self._given_up.set()

    def _try_once(self) -> None:
        try:
            self.follow()
        except _BROKEN:
            self.returns += 1
            self._given_up.wait(self._random.uniform(0.02, 0.3))

    @abstractmethod
    def follow(self) -> None:
        """Take frames until the line ends."""

    @property
    def _events_url(self) -> str:
        return f"http://{self._host}/api/v1/runs/{self.run_id}/events"


class SocketClient(StubbornClient):
    """A WebSocket."""

    def follow(self) -> None:
        """Take and acknowledge frames."""
        url = f"ws://{self._host}/ws/runs/{self.run_id}/?after={self.ledger.cursor}"
        with connect(url, additional_headers=self._headers, open_timeout=_PATIENCE_SECONDS) as socket:
            while self.ledger.end is None:
                self.ledger.take(json.loads(socket.recv(timeout=_PATIENCE_SECONDS)))
                socket.send(json.dumps({"type": "ack", "seq": self.ledger.cursor}))


class EventStreamClient(StubbornClient):
    """An event stream, with its place in the header."""

    def follow(self) -> None:
        """Take frames until the server or the line ends the stream."""
        headers = {**self._headers, "Accept": "text/event-stream", "Last-Event-ID": str(self.ledger.cursor)}
        with httpx.stream("GET", self._events_url, headers=headers, timeout=_PATIENCE_SECONDS) as response:
            response.raise_for_status()
            for frame in parsed_events(response.iter_lines()):
                if frame["type"] == "error" and frame["error"]["code"] == "database_away":
                    raise ConnectionError("the database is away")
                self.ledger.take(frame)


class PollingClient(StubbornClient):
    """One request after the other."""

    def follow(self) -> None:
        """Ask once."""
        query = {"after": str(self.ledger.cursor), "limit": "20"}
        headers = {**self._headers, "Accept": "application/json"}
        response = httpx.get(self._events_url, params=query, headers=headers, timeout=_PATIENCE_SECONDS)
        response.raise_for_status()
        self.ledger.take(response.json())
        self._given_up.wait(0.1)
