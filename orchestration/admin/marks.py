"""Marks of the admin: a colour, a shape and a word, as on the pages."""

from __future__ import annotations

from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.engine.durations import ago
from orchestration.models import Worker

_STATE = Worker.State
#: The colour of each state of a worker: that of a status of the pages.
_WORKER_STATES: Final = {
    _STATE.LIVE: "completed",
    _STATE.DRAINING: "retrying",
    _STATE.DRAINED: "paused",
    _STATE.STOPPED: "pending",
    _STATE.LOST: "failed",
}
#: A worker beats four times in a lease; two that did not come make it late.
_LATE: Final = 0.6


def status_mark(status: str, words: object) -> SafeString:
    """Show a status of a run or a task."""
    return format_html('<span class="status status-{}">{}</span>', status, words)


def worker_state(state: str) -> SafeString:
    """Show the state of a worker."""
    return status_mark(_WORKER_STATES[_STATE(state)], _STATE(state).label)


def heartbeat(worker: Any) -> SafeString:
    """Show how long ago a judged worker was heard of; a script lets it tick."""
    age, lease = worker.age.total_seconds(), worker.lease.total_seconds()
    if worker.stopped_at is not None:
        return format_html("{}", f"signed off {ago(age)}")
    key, word = ("completed", "on time") if age < lease * _LATE else ("retrying", "late")
    if not worker.live:
        key, word = "failed", "silent"
    return format_html(
        '<span class="status status-{}" data-age="{}" data-late="{}" data-silent="{}">'
        "<span><span data-word>{}</span>, <span data-ago>{}</span></span></span>",
        *(key, f"{age:.1f}", f"{lease * _LATE:.1f}", f"{lease:.1f}", word, ago(age)),
    )


def progress(value: int, of: int, words: str) -> SafeString:
    """Show a share as a bar, and in figures."""
    return format_html(
        '<span class="bar"><progress max="{1}" value="{0}" aria-label="{0} of {1} {2}"></progress> {0} of {1}</span>',
        *(value, of, words),
    )
