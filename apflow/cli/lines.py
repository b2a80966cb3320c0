"""Events and log lines as lines of a terminal: those of `manage.py run`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from apflow.client import Event, Snapshot
from apflow.client.documents import LogLine

from .wording import clock, counted, first_line, printable

_LEVELS: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


def event_line(event: Event, names: Mapping[str, str], tree: str) -> str:
    """Return an event as a line: when, what, to which task, and what else is known."""
    word = event.type.partition(".")[2].replace("_", " ")
    subject = names.get(event.task, event.task) if event.task is not None else f"run {tree}"
    return printable(f"{clock(event.at)}  {word:<10} {subject}{_details(event.data)}")


def snapshot_line(snapshot: Snapshot) -> str:
    """Return a line in place of events that were too many to send."""
    counts = Counter(str(task["status"]) for task in snapshot.tasks)
    return f"{'':14}… up to event {snapshot.as_of_seq}: {counted(counts)}"


def log_line(line: LogLine, names: Mapping[str, str]) -> str:
    """Return a log line with its time and task; its further lines are indented."""
    level = _LEVELS.get(line["level"], str(line["level"]))
    name = names.get(line["task"], line["task"])
    first, *more = map(printable, line["message"].splitlines() or [""])
    head = f"{clock(line['at'])}  {level:<10} {printable(name)}: {first}"
    return "\n".join([head, *(f"{'':14}{text}" for text in more)])


def _details(data: Mapping[str, Any]) -> str:
    parts = []
    if data.get("attempt", 1) > 1:
        parts.append(f"attempt {data['attempt']}")
    if "delay_seconds" in data:
        parts.append(f"again in {data['delay_seconds']:g} s")
    if "progress" in data:
        parts.append(f"{data['progress']:.0%} {data.get('message') or ''}".strip())
    parts.extend(filter(None, [first_line(data.get("error")), first_line(data.get("reason"))]))
    if isinstance(data.get("tasks"), dict):
        parts.append(counted(data["tasks"]))
    return f"  ({'; '.join(parts)})" if parts else ""
