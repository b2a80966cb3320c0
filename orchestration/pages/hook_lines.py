"""The calls of hooks as the plain pages show them: those of a task's attempts, and those of a run itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from orchestration.actions.hook_notes import ByAttempt, HookCall, run_hook_calls
from orchestration.engine import durations
from orchestration.engine.status import Status
from orchestration.models import HookRegistration, Run

#: How long a run that has ended is looked at for what its last hooks came to.
_SETTLES: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class HookLine:
    """One call of a hook. `attempt` is None for one of the run."""

    call: HookCall
    duration: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class RunHooks:
    """The calls for a run itself, and how many failed or were slow; one that failed is counted as that alone."""

    lines: list[HookLine]
    failed: int
    slow: int


def lines_of_task(by_attempt: ByAttempt) -> list[HookLine]:
    """Return the calls for a task in their order."""
    return [line for attempt, calls in sorted(by_attempt.items()) for line in _lines(calls, attempt)]


def hooks_of_run(run: Run) -> RunHooks:
    """Return the calls for a run."""
    lines = list(_lines(run_hook_calls(run.pk), None))
    failed = sum(line.call.error is not None for line in lines)
    return RunHooks(lines, failed, sum(line.call.slow and line.call.error is None for line in lines))


def is_settling(run: Run, hooks: RunHooks) -> bool:
    """Tell whether hooks of a run's end may still be on their way: they are called after it, and told of then."""
    if run.finished_at is None or timezone.now() - run.finished_at > _SETTLES:
        return False
    event = HookRegistration.Event.COMPLETED if run.status == Status.COMPLETED else HookRegistration.Event.FAILED
    is_told = any(line.call.event == event for line in hooks.lines)
    return not is_told and HookRegistration.objects.filter(event=event, enabled=True).exists()


def _lines(calls: Iterable[HookCall], attempt: int | None) -> Iterable[HookLine]:
    return (HookLine(call, durations.in_words(call.ms / 1000), attempt) for call in calls)
