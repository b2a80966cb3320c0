"""The tasks of one run, a page at a time: counted, filtered, failed ones first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Value, When
from django.db.models.functions import Left

from orchestration.engine import durations
from orchestration.engine.status import ACTIVE, Status
from orchestration.models import Run, TaskRun

from . import states
from .states import TASK_FILTERS, State, TaskFacts
from .task_details import IN_LIST, TaskDetails, load_details

PAGE_SIZE: Final = 200
#: Of a run with no more tasks than this, everything is sent at once; of a larger one, what is opened.
SMALL_RUN: Final = 20
_MAX_OPEN: Final = 20
_NAMED_BLOCKERS: Final = 3
_ERROR_CHARS: Final = 4_000

_FACTS: Final = ("status", "error_type", "attempt", "uncounted_attempts", "next_attempt_at", "retry")
_PLAIN: Final = (
    *("pk", "task_uid", "name", "executor", "priority", "progress", "progress_message", "started_at", "finished_at"),
    *("first_cause_uid", "worker__name", "worker_losses", "timeout_seconds"),
)


@dataclass(frozen=True, slots=True)
class TaskRunLine:
    """One task run of the list, and its details when they are to be shown."""

    pk: int
    name: str
    executor: str | None
    priority: int
    state: State
    attempt: int
    duration: str
    started_at: datetime | None
    finished_at: datetime | None
    next_attempt_at: datetime | None
    worker: str | None
    worker_losses: int
    progress: float
    progress_message: str
    error: str
    error_type: str | None
    timeout_seconds: float | None
    cause: tuple[int, str] | None
    waits_for: str
    details: TaskDetails | None
    is_open: bool

    @property
    def is_running(self) -> bool:
        """True while an attempt is going on."""
        return self.state.key == "in_progress"


@dataclass(frozen=True, slots=True)
class StateCount:
    """One filter of the list: a state, and how many tasks of the run are in it."""

    state: State
    count: int


def count_tasks(run: Run) -> dict[str, int]:
    """Count a run's tasks by the key of their state."""
    counts = {key: Count("pk", filter=condition) for key, condition in TASK_FILTERS.items()}
    return run.task_runs.order_by().aggregate(**counts)


def shown_counts(counts: dict[str, int]) -> list[StateCount]:
    """Return the filters worth offering: the states that any task is in."""
    return [StateCount(states.plain(key), count) for key, count in counts.items() if count]


def page_of_tasks(run: Run, key: str, number: int) -> list[int]:
    """Return the ids of one page of a run's tasks (numbers start at 1), in order."""
    tasks = run.task_runs.filter(TASK_FILTERS[key]) if key in TASK_FILTERS else run.task_runs.all()
    first_in_line = ("failed", "in_progress", "retrying") if run.task_count > PAGE_SIZE else ("failed",)
    rank = Case(
        *(When(TASK_FILTERS[name], then=Value(place)) for place, name in enumerate(first_in_line)),
        default=Value(len(first_in_line)),
        output_field=IntegerField(),
    )
    start = (number - 1) * PAGE_SIZE
    # Only ids are sorted: large columns are read for the rows of the page alone.
    return list(tasks.order_by(rank, "ordinal").values_list("pk", flat=True)[start : start + PAGE_SIZE])


def details_of_page(run: Run, pks: list[int], opened: Collection[int], *, with_secrets: bool) -> dict[int, TaskDetails]:
    """Load the details that a page of the list shows: all of a small run, and what is opened of a larger one."""
    detailed = pks if run.task_count <= SMALL_RUN else [pk for pk in pks if pk in opened][:_MAX_OPEN]
    return load_details(run, detailed, IN_LIST, with_secrets=with_secrets)


def task_lines(
    run: Run, pks: list[int], details: dict[int, TaskDetails], opened: Collection[int], now: datetime
) -> list[TaskRunLine]:
    """Load the lines of these task runs, in this order."""
    rows = {row["pk"]: row for row in _rows(run.pk, pks)}
    waits = _waits(run.pk, rows.values())
    causes = _causes(run.pk, rows.values())
    return [
        TaskRunLine(
            **_fields(rows[pk], waits.get(pk, []), now),
            cause=causes.get(rows[pk]["first_cause_uid"] or ""),
            details=details.get(pk),
            is_open=pk in opened,
        )
        for pk in pks
        if pk in rows
    ]


def _rows(run_id: UUID, pks: list[int]) -> list[dict[str, Any]]:
    rows = TaskRun.objects.filter(run=run_id, pk__in=pks).order_by()
    return list(rows.annotate(error_text=Left("error", _ERROR_CHARS)).values(*_PLAIN, *_FACTS, "error_text"))


def _fields(row: dict[str, Any], waits: list[str], now: datetime) -> dict[str, Any]:
    is_pending = row["status"] == Status.PENDING
    names = ("pk", "name", "executor", "priority", "attempt", "started_at", "finished_at", "progress")
    return {
        name: row[name] for name in (*names, "progress_message", "worker_losses", "error_type", "timeout_seconds")
    } | {
        "state": states.of_task(TaskFacts(**{name: row[name] for name in _FACTS}), is_waiting=bool(waits)),
        "duration": "" if is_pending else durations.between(row["started_at"], row["finished_at"], now),
        "next_attempt_at": row["next_attempt_at"] if is_pending else None,
        "worker": row["worker__name"],
        "error": row["error_text"] or "",
        "waits_for": _in_words(waits),
    }


def _in_words(names: list[str]) -> str:
    more = len(names) - _NAMED_BLOCKERS
    shown = ", ".join(names[:_NAMED_BLOCKERS])
    return f"{shown} and {more} more" if more > 0 else shown


def _waits(run_id: UUID, rows: Iterable[dict[str, Any]]) -> dict[int, list[str]]:
    """Return the names of the unfinished tasks that each pending one depends on."""
    pending = [row["pk"] for row in rows if row["status"] == Status.PENDING and row["attempt"] == 0]
    if not pending:
        return {}
    edges = dict(TaskRun.objects.filter(pk__in=pending).order_by().values_list("pk", "dependencies"))
    wanted = {edge["id"] for of_one in edges.values() for edge in of_one}
    unfinished = dict(
        TaskRun.objects.filter(run=run_id, task_uid__in=wanted, status__in=sorted(ACTIVE))
        .order_by()
        .values_list("task_uid", "name")
    )
    waits: dict[int, list[str]] = defaultdict(list)
    for pk, of_one in edges.items():
        waits[pk] = [unfinished[edge["id"]] for edge in of_one if edge["id"] in unfinished]
    return waits


def _causes(run_id: UUID, rows: Iterable[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    wanted = {row["first_cause_uid"] for row in rows if row["first_cause_uid"]}
    if not wanted:
        return {}
    found = TaskRun.objects.filter(run=run_id, task_uid__in=wanted).order_by()
    return {uid: (pk, name) for uid, pk, name in found.values_list("task_uid", "pk", "name")}
