"""What the logs of runs tell of hooks: of those of the run itself, and of a task's, attempt by attempt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestration.models import RunEvent


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of a hook. `changed` lists the keys of the inputs that it has changed."""

    hook: str
    event: str
    ms: float
    error: str | None
    slow: bool
    changed: list[str]


#: The calls of a task run by the number of the attempt.
ByAttempt = dict[int, list[HookCall]]


def hook_calls(task_runs: Collection[int]) -> dict[int, ByAttempt]:
    """Return the calls of hooks for each of these task runs, in one query."""
    found: dict[int, ByAttempt] = {pk: {} for pk in task_runs}
    events = RunEvent.objects.filter(type="task.hooks", task_run__in=list(task_runs)).order_by("run", "seq")
    for pk, data in events.values_list("task_run_id", "data"):
        if pk is not None:
            found[pk].setdefault(data["attempt"], []).extend(map(_call, data["hooks"]))
    return found


def run_hook_calls(run: UUID) -> list[HookCall]:
    """Return the calls of hooks for a run itself, at its beginning and its end, in one query."""
    events = RunEvent.objects.filter(run=run, type="run.hooks").order_by("seq")
    return [_call(said) for data in events.values_list("data", flat=True) for said in data["hooks"]]


def _call(said: dict[str, Any]) -> HookCall:
    error, changed = said.get("error"), said.get("changed", [])
    return HookCall(said["hook"], said["event"], said["ms"], error, bool(said.get("slow")), changed)
