"""A run whose hooks were slow and failed, as its log has it, for tests."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from orchestration.models import Run, RunEvent

#: What was called at the beginning, and after the end.
BEGAN: Final[list[dict[str, Any]]] = [
    {"hook": "Tell the CRM", "event": "on_tree_created", "ms": 12.3},
    {"hook": "Book a slot", "event": "on_tree_started", "ms": 2340.0, "slow": True},
]
ENDED: Final[list[dict[str, Any]]] = [
    {
        "hook": "Free the <b>slot</b>",
        "event": "on_tree_failed",
        "ms": 1500.0,
        "slow": True,
        "error": "ValueError: gone",
    },
]


def note_hooks(run: Run, *rounds: list[dict[str, Any]]) -> None:
    """Write what was called to the end of a run's log."""
    for calls in rounds:
        run.last_seq += 1
        data = {"hooks": calls}
        RunEvent.objects.create(run=run, seq=run.last_seq, type="run.hooks", data=data, at=timezone.now())
    run.save(update_fields=["last_seq"])
