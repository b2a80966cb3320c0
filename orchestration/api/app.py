"""The API as a whole: its routers, its form, its errors."""

from __future__ import annotations

from orchestration import __version__

from . import (
    audit_trail,
    bulk,
    commands,
    digests,
    executors,
    history,
    logs,
    me,
    presence,
    reruns,
    run_views,
    runs,
    task_durations.router,
