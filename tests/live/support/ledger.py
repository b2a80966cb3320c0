"""What a client knows of a run from its frames alone, and the rules that every frame has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

#: What a task is after an event.
_STATUS: Final = {
    "task.started": "in_progress",
    "task.completed": "completed",
    "task.failed": "failed",
    "task.cancelled": "cancelled",
    "task.retrying": "pending",
    "task.worker_lost": "pending",
    "task.handed_back": "pending",
    "task.requeued": "pending",
}


@dataclass
class Ledger:
    """A client's books. `cursor` None: it knows nothing yet."""

    cursor: int | None = None
    seqs: list[int] = field(default_factory=list)
    snapshots: list[int] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    log_after: int = 0
    end: dict[str, Any] | None = None
    frames: int = 0

    def take(self, frame: dict[str, Any]) -> None:
        """Enter a frame. Fails when it breaks a rule."""
        self.frames += 1
        assert self.end is None, f"{frame['type']} after the end"
        match frame["type"]:
            case "snapshot":
                self._take_snapshot(frame)
            case "events":
                self._take_events(frame)
            case "logs":
                self._take_logs(frame)
            case "end":
                assert frame["seq"] == self.cursor, "the end came before everything was sent"
                self.end = frame
            case "error":
                raise AssertionError(f"an error: {frame['error']}")

    def _take_snapshot(self, frame: dict[str, Any]) -> None:
        assert self.cursor is None or frame["as_of_seq"] >= self.cursor, "a snapshot leads back"
        self.cursor = frame["as_of_seq"]
        self.snapshots.append(frame["as_of_seq"])
        self.statuses = {task["id"]: task["status"] for task in frame["tasks"]}

    def _take_events(self, frame: dict[str, Any]) -> None:
        seqs = [event["seq"] for event in frame["events"]]
        assert frame["after"] == self.cursor, f"events after {frame['after']}, the cursor is {self.cursor}"
        assert seqs == list(range(frame["after"] + 1, frame["to"] + 1)), "a hole, or the wrong order"
        self.cursor = frame["to"]
        self.seqs += seqs
        for event in frame["events"]:
            if event["type"] in _STATUS:
                self.statuses[event["task"]] = _STATUS[event["type"]]

    def _take_logs(self, frame: dict[str, Any]) -> None:
        ids = [line["id"] for line in frame["lines"]]
        assert ids == sorted(set(ids)) and ids[0] > self.log_after, "log lines twice, or out of order"
        assert frame["log_after"] == ids[-1]
        self.log_after = frame["log_after"]
        self.lines += frame["lines"]
