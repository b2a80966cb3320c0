"""What a client may say on a WebSocket."""

from __future__ import annotations

import json
from typing import Any, Final

from orchestration.engine.json_values import text_problem

from .errors import bad_message
from .limits import MESSAGE_CHARS
from .run_watch import LogSelection, RunWatch
from .watch import Watch

#: PostgreSQL's bigint ends there.
MAX_CURSOR: Final = 2**63 - 1


def hear(watch: Watch, text: str | None) -> None:
    """Do what a message asks for. Raises StreamError when it can't be read."""
    message = _parse(text)
    match message.get("type"):
        case "ping":
            watch.answer_ping()
        case "ack" if isinstance(watch, RunWatch):
            watch.acknowledge(_cursor(message, "seq"))
        case "logs" if isinstance(watch, RunWatch):
            watch.select_logs(_selection(message))
        case other:
            raise bad_message(f"There is no message of type {str(other)[:50]!r} here.")


def _parse(text: str | None) -> dict[str, Any]:
    if text is None or len(text) > MESSAGE_CHARS:
        raise bad_message(f"A message is a JSON text of at most {MESSAGE_CHARS:,} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise bad_message("The message is not JSON.") from None
    if not isinstance(message, dict):
        raise bad_message("The message is not a JSON object.")
    return message


def _selection(message: dict[str, Any]) -> LogSelection | None:
    if message.get("on") is False:
        return None
    if message.get("on") is not True:
        raise bad_message('"on" of a logs message is true or false.')
    task = message.get("task")
    if task is not None and (not isinstance(task, str) or text_problem(task) is not None):
        raise bad_message('"task" of a logs message is the id of a task.')
    return LogSelection(_cursor(message, "log_after", 0), task)


def _cursor(message: dict[str, Any], name: str, default: int | None = None) -> int:
    value = message.get(name, default)
    if type(value) is not int or not 0 <= value <= MAX_CURSOR:
        raise bad_message(f'"{name}" is a whole number from 0 on.')
    return value
