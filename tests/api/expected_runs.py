"""The permission matrix of runs, task runs, commands, executors and workers; see `matrix.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from orchestration.models import RunView, Worker
from tests.pages.scene import make_worker

from .matrix import Row
from .world import Subject

_DOCUMENT: Final = {
    "format": "apflow-tree",
    "version": 1,
    "tree": {"name": "Sent"},
    "tasks": [{"id": "a", "name": "a", "executor": "echo"}],
}
_PRIORITY: Final = {"priority": 0}


def _bulk_delete(subject: Subject) -> dict[str, Any]:
    return {"act": "delete", "ids": [subject.ended.pk]}


def _view(subject: Subject) -> dict[str, Any]:
    if subject.token is None:
        return {"id": 1}
    return {"id": RunView.objects.get_or_create(user=subject.token.user, name="Mine")[0].pk}


def _with_result(subject: Subject) -> dict[str, Any]:
    subject.ended.task_runs.filter(task_uid="a").update(result={"n": 1})
    return {}


def _failed(subject: Subject) -> dict[str, Any]:
    """Let the task be one that can be retried and skipped."""
    row = {"status": "failed", "error": "It broke", "finished_at": timezone.now()}
    subject.live.task_runs.filter(task_uid="a").update(**row)
    return {}


def _delayed(subject: Subject) -> dict[str, Any]:
    """Let the task be one that waits for its next attempt."""
    row = {"status": "pending", "attempt": 1, "next_attempt_at": timezone.now() + timedelta(hours=1)}
    subject.live.task_runs.filter(task_uid="b").update(**row)
    return {"task": "b"}


def _worker(subject: Subject) -> dict[str, Any]:
    return {"id": (Worker.objects.first() or make_worker()).pk}


EXPECTED: dict[str, Row] = {
    "list_runs": Row("anybody"),
    "start_run": Row("operate", body={"priority": 1}),
    "start_definition": Row("create", body={"definition": _DOCUMENT}),
    "read_run": Row("see"),
    "read_run_definition": Row("see"),
    "read_run_file": Row("see"),
    "delete_run": Row("manage"),
    "plan_act_on_runs": Row("create", body=_bulk_delete),
    "list_run_views": Row("tokens"),
    "make_run_view": Row("tokens", body={"name": "Failed", "query": "status=failed"}),
    "change_run_view": Row("tokens", path=_view, body={"name": "Failed today"}),
    "delete_run_view": Row("tokens", path=_view),
    "act_on_runs": Row("create", body=_bulk_delete),
    "list_task_runs": Row("see"),
    "read_task_run": Row("see"),
    "list_digests": Row("see"),
    "read_task_result": Row("see", path=_with_result),
    "list_task_attempts": Row("see"),
    "read_task_why": Row("see", run="live"),
    "read_run_logs": Row("see"),
    "read_history": Row("see"),
    "cancel_run": Row("operate", run="live"),
    "pause_run": Row("operate", run="live"),
    "resume_run": Row("operate", run="live"),
    "set_run_priority": Row("operate", run="live", body=_PRIORITY),
    "cancel_task": Row("operate", run="live"),
    "retry_task": Row("operate", run="live", path=_failed),
    "skip_task": Row("operate", run="live", path=_failed),
    "run_task_now": Row("operate", run="live", path=_delayed),
    "set_task_priority": Row("operate", run="live", body=_PRIORITY),
    "plan_run_again": Row("operate", body={"scope": "all"}),
    "run_again": Row("operate", body={"scope": "all"}),
    "read_overview_series": Row("anybody"),
    "list_executors": Row("anybody"),
    "read_executor": Row("anybody", path={"id": "echo"}),
    "change_executor": Row("administer", path={"id": "echo"}, body={"max_concurrency": 3}),
    "reset_breaker": Row("administer", path={"id": "echo"}),
    "try_executor": Row("create", path={"id": "echo"}, body={"inputs": {"text": "hello"}}),
    "list_workers": Row("anybody"),
    "change_worker": Row("administer", path=_worker, body={"draining": True}),
}
