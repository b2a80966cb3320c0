"""All that is known of a few task runs: values, error, attempts, hooks, log. Five queries for any number of them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.db.models.functions import Left

from orchestration.actions.hook_notes import hook_calls
from orchestration.engine import durations
from orchestration.models import Run, TaskAttempt, TaskLog, TaskRun

from . import states
from .hook_lines import HookLine, lines_of_task
from .json_preview import Preview, preview_columns, read_preview, redacted_previews, value_columns
from .states import State, TaskFacts

LOG_LINES: Final = 200
_JSON_COLUMNS: Final = ("inputs", "params", "resolved_inputs", "result")
_SHOWN_DEPENDENCIES: Final = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """How many characters of each JSON value and of each log line are shown."""

    json_chars: int
    line_chars: int


IN_LIST: Final = Limits(json_chars=4_000, line_chars=500)
ALONE: Final = Limits(json_chars=250_000, line_chars=4_000)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log, its level in words."""

    at: datetime
    level: str
    message: str
    attempt: int


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt that did not end its task."""

    attempt: TaskAttempt
    duration: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task that this one depends on."""

    pk: int
    name: str
    state: State
    required: bool


@dataclass(frozen=True, slots=True)
class TaskDetails:
    """What a task's body shows."""

    inputs: Preview | None
    params: Preview | None
    resolved_inputs: Preview | None
    result: Preview | None
    attempts: list[AttemptLine]
    hooks: list[HookLine]
    log: list[LogLine]
    is_log_cut: bool
    dependencies: list[Neighbour]
    more_dependencies: int

    @property
    def has_params(self) -> bool:
        """True when the task has params at all."""
        return self.params is not None and self.params.text != "{}"


def load_details(run: Run, pks: Collection[int], limits: Limits, *, with_secrets: bool) -> dict[int, TaskDetails]:
    """Load the details of task runs of one run."""
    if not pks:
        return {}
    columns = preview_columns(_JSON_COLUMNS, limits.json_chars) if with_secrets else value_columns(_JSON_COLUMNS)
    rows = list(TaskRun.objects.filter(run=run, pk__in=pks).annotate(**columns).values("pk", "dependencies", *columns))
    neighbours = _neighbours(run, rows)
    attempts = _attempts(pks)
    hooks = hook_calls(pks)
    logs = _logs(pks, limits.line_chars)
    details = {}
    for row in rows:
        edges = row["dependencies"]
        known = [neighbours[edge["id"]] for edge in edges[:_SHOWN_DEPENDENCIES] if edge["id"] in neighbours]
        required = {edge["id"]: edge.get("required", True) for edge in edges[:_SHOWN_DEPENDENCIES]}
        details[row["pk"]] = TaskDetails(
            **_previews(run, row, limits.json_chars, with_secrets=with_secrets),
            attempts=attempts[row["pk"]],
            hooks=lines_of_task(hooks[row["pk"]]),
            log=logs[row["pk"]][-LOG_LINES:],
            is_log_cut=len(logs[row["pk"]]) > LOG_LINES,
            dependencies=[Neighbour(pk, name, state, required[uid]) for uid, pk, name, state in known],
            more_dependencies=max(len(edges) - _SHOWN_DEPENDENCIES, 0),
        )
    return details


def _previews(run: Run, row: dict[str, Any], chars: int, *, with_secrets: bool) -> dict[str, Preview | None]:
    if with_secrets:
        return {name: read_preview(row, name, chars) for name in _JSON_COLUMNS}
    return redacted_previews(row, _JSON_COLUMNS, chars, run.parameters)


def _neighbours(run: Run, rows: Iterable[dict[str, Any]]) -> dict[str, tuple[str, int, str, State]]:
    wanted = {edge["id"] for row in rows for edge in row["dependencies"][:_SHOWN_DEPENDENCIES]}
    facts = ("status", "error_type", "attempt", "uncounted_attempts", "next_attempt_at", "retry")
    found = TaskRun.objects.filter(run=run, task_uid__in=wanted).values("pk", "task_uid", "name", *facts)
    return {
        row["task_uid"]: (
            row["task_uid"],
            row["pk"],
            row["name"],
            states.of_task(TaskFacts(**{name: row[name] for name in facts}), is_waiting=False),
        )
        for row in found
    }


def _attempts(pks: Collection[int]) -> dict[int, list[AttemptLine]]:
    lines: dict[int, list[AttemptLine]] = defaultdict(list)
    for attempt in TaskAttempt.objects.filter(task_run__in=pks).select_related("worker").order_by("attempt"):
        duration = durations.between(attempt.started_at, attempt.finished_at, attempt.finished_at)
        lines[attempt.task_run_id].append(AttemptLine(attempt, duration))
    return lines


def _logs(pks: Collection[int], line_chars: int) -> dict[int, list[LogLine]]:
    lines: dict[int, list[LogLine]] = defaultdict(list)
    # One SELECT with its own LIMIT for each task, sent as one: each reads the end of its index and no more.
    first, *rest = [_last_lines(pk, line_chars) for pk in sorted(pks)]
    for pk, _, at, level, attempt, message in first.union(*rest, all=True) if rest else first:
        lines[pk].append(LogLine(at, logging.getLevelName(level).lower(), message, attempt))
    for of_one in lines.values():
        of_one.reverse()
    return lines


def _last_lines(pk: int, line_chars: int) -> QuerySet[TaskLog, tuple[Any, ...]]:
    newest = TaskLog.objects.filter(task_run=pk).order_by("-id").annotate(text=Left("message", line_chars))
    return newest.values_list("task_run_id", "id", "at", "level", "attempt", "text")[: LOG_LINES + 1]
