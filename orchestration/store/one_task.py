"""Looking at one task of a run without reading the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from orchestration.engine.records import Node
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.run_state import RunState

from .connection import django_cursor
from .engine_store import run_record, task_record
from .statements import LOAD_TASKS, RUN_COLUMNS

_RUN: Final = f"SELECT {RUN_COLUMNS}, clock_timestamp() FROM orchestration_run r WHERE r.id = %s"

_TASK: Final = f"SELECT * FROM ({LOAD_TASKS}) task WHERE id = %s"


@dataclass(frozen=True, slots=True)
class TaskAlone:
    """A run as if this were its only task, at `now`: what concerns the task itself is true of it."""

    state: RunState
    node: Node
    now: datetime


def read_task_alone(run_id: str, task_run: int, registry: ExecutorRegistry) -> TaskAlone | None:
    """Return a task of a run by itself, for reading only; None when it is gone."""
    with django_cursor() as cursor:
        cursor.execute(_RUN, [run_id])
        found = cursor.fetchone()
        cursor.execute(_TASK, [[run_id], task_run])
        line = cursor.fetchone()
    if found is None or line is None:
        return None
    *row, now = found
    record = run_record(tuple(row))
    record.tasks.append(task_record(tuple(line[1:])))
    state = RunState(record, registry)
    return TaskAlone(state, state.nodes[0], now)
