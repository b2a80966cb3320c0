"""Many sockets in one process, and the verdict on what came over them. Knows nothing of Django."""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple

from websockets.asyncio.client import connect

#: So many connections are opened at a time.
_AT_ONCE = 20


class Commit(NamedTuple):
    """Everything up to `seq` was committed at `at` (seconds since 1970)."""

    seq: int
    at: float


class Arrival(NamedTuple):
    """A frame that brought a watcher from `after` to `to`."""

    after: int
    to: int
    at: float


@dataclass
class Findings:
    """Latencies in milliseconds by how many events had them, over all watchers."""

    events: int = 0
    lost: int = 0
    twice: int = 0
    frames_a_second: float = 0.0
    latencies: Counter[int] = field(default_factory=Counter)

    def percentile(self, share: float) -> int:
        """Return the latency that this share of the events did not exceed."""
        left = share * self.latencies.total()
        for milliseconds, count in sorted(self.latencies.items()):
            left -= count
            if left <= 0:
                return milliseconds
        return 0


def watch(pipe: Connection, url: str, tokens: list[str], watchers: int, start: int) -> None:
    """Open all sockets, say `ready`, follow the run to its end, and send what has arrived at each."""
    pipe.send(asyncio.run(_watch(pipe, url, tokens, watchers, start)))


async def _watch(pipe: Connection, url: str, tokens: list[str], watchers: int, start: int) -> list[list[Arrival]]:
    reader = _FrameReader()
    gate, opened = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(0)
    sockets = [
        asyncio.create_task(_follow(url, tokens[number % len(tokens)], start, reader, gate, opened))
        for number in range(watchers)
    ]
    for _ in range(watchers):
        await opened.acquire()
    pipe.send("ready")
    arrivals = await asyncio.gather(*sockets)
    await asyncio.to_thread(pipe.recv)
    return arrivals


async def _follow(
    url: str, token: str, start: int, reader: _FrameReader, gate: asyncio.Semaphore, opened: asyncio.Semaphore
) -> list[Arrival]:
    arrivals: list[Arrival] = []
    async with gate:
        socket = await connect(
            url, additional_headers={"Authorization": f"Bearer {token}"}, compression=None, max_size=None
        )
    opened.release()
    async with socket:
        while True:
            frame = await socket.recv(decode=False)
            at = time.time()
            brings = reader.read(frame)
            if brings is None:
                continue
            if brings == (0, 0):
                return arrivals
            arrivals.append(Arrival(*brings, at))
            await socket.send(f'{{"type":"ack","seq":{brings[1]}}}')


class _FrameReader:
    """Reads frames; one that many watchers get is looked into once. `(0, 0)` is the end, None brings nothing."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, int] | None] = {}

    def read(self, frame: bytes) -> tuple[int, int] | None:
        if frame not in self._known:
            if len(self._known) > 50:
                self._known.clear()
            self._known[frame] = self._look(frame)
        return self._known[frame]

    @staticmethod
    def _look(text: bytes) -> tuple[int, int] | None:
        frame = json.loads(text)
        if frame["type"] == "events":
            seqs = [event["seq"] for event in frame["events"]]
            assert seqs == list(range(frame["after"] + 1, frame["to"] + 1)), "a hole"
            return frame["after"], frame["to"]
        assert frame["type"] in ("ping", "end"), frame["type"]
        return (0, 0) if frame["type"] == "end" else None


def judge(commits: list[Commit], arrivals: list[list[Arrival]], start: int) -> Findings:
    """Compare what arrived with what was committed."""
    findings = Findings(events=commits[-1].seq - start)
    seqs = [commit.seq for commit in commits]
    for watcher in arrivals:
        cursor = start
        for arrival in watcher:
            findings.lost += max(arrival.after - cursor, 0)
            findings.twice += max(cursor - arrival.after, 0)
            _count_latencies(findings, commits, seqs, arrival)
            cursor = arrival.to
        findings.lost += commits[-1].seq - cursor
    seconds = commits[-1].at - commits[0].at
    findings.frames_a_second = round(sum(map(len, arrivals)) / len(arrivals) / seconds, 1)
    return findings


def _count_latencies(findings: Findings, commits: list[Commit], seqs: list[int], arrival: Arrival) -> None:
    index, seq = bisect_right(seqs, arrival.after), arrival.after
    while seq < arrival.to:
        upto = min(seqs[index], arrival.to)
        findings.latencies[max(round((arrival.at - commits[index].at) * 1000), 0)] += upto - seq
        seq, index = upto, index + 1
