"""Trees and runs in every state, for the tests of the pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from orchestration.engine.status import TERMINAL, Status
from orchestration.models import Dependency, Run, Task, TaskAttempt, TaskLog, TaskRun, Tree, Worker

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert('x')</script>\"'&{{ 7*7 }}"


def make_user(name: str, **options: Any) -> User:
    """Make a user whose password is PASSWORD."""
    return User.objects.create_user(name, password=PASSWORD, **options)


def make_tree(name: str = "Nightly import", tasks: int = 3, **fields: Any) -> Tree:
    """Make a tree whose tasks wait for each other in a row."""
    tree = Tree.objects.create(name=name, **fields)
    rows = [
        Task(tree=tree, uid=f"t{n}", ordinal=n, name=f"Step {n}", executor="echo", inputs={"n": n})
        for n in range(tasks)
    ]
    Task.objects.bulk_create(rows)
    Dependency.objects.bulk_create(
        Dependency(tree=tree, task=later, depends_on=earlier, required=later.ordinal % 2 == 1)
        for earlier, later in pairwise(rows)
    )
    return tree


def make_run(tree: Tree | None, status: str = Status.COMPLETED, tasks: int = 0, **fields: Any) -> Run:
    """Make a run that began a minute ago, with `tasks` task runs in its own status."""
    at = fields.pop("queued_at", timezone.now() - timedelta(minutes=1))
    times = times_of(status, at)
    name = fields.pop("tree_name", tree.name if tree else "A deleted tree")
    run = Run.objects.create(
        tree=tree, tree_name=name, status=status, queued_at=at, task_count=tasks, **(times | fields)
    )
    TaskRun.objects.bulk_create(task_run(run, n, status, at) for n in range(tasks))
    return run


def times_of(status: str, at: datetime) -> dict[str, datetime | None]:
    """Return the times that agree with a status."""
    return {
        "started_at": None if status == Status.PENDING else at + timedelta(seconds=1),
        "finished_at": at + timedelta(seconds=3.4) if status in TERMINAL else None,
    }


def task_run(run: Run, ordinal: int, status: str, at: datetime, **fields: Any) -> TaskRun:
    """Build one task run."""
    error = "It broke" if status == Status.FAILED else None
    defaults = {
        "task_uid": f"t{ordinal}",
        "name": f"Step {ordinal}",
        "executor": "echo",
        "inputs": {"n": ordinal},
        "error": error,
        "error_type": "ValueError" if error else None,
        "attempt": 0 if status == Status.PENDING else 1,
        "retry": {"max_attempts": 3},
    }
    return TaskRun(run=run, ordinal=ordinal, status=status, **(defaults | times_of(status, at) | fields))


def make_worker(name: str = "web-1", **fields: Any) -> Worker:
    """Make a worker that is alive for an hour."""
    now = timezone.now()
    defaults: dict[str, Any] = {"host": "localhost", "pid": 4711, "version": "0.1.0", "slots": 40, "running": 3}
    times = {"started_at": now, "heartbeat_at": now, "lease_expires_at": now + timedelta(hours=1)}
    return Worker.objects.create(name=name, **(defaults | times | fields))


@dataclass
class Scene:
    """A site in use."""

    tree: Tree
    with_parameters: Tree
    live: Run
    failed: Run
    others: list[Run] = field(default_factory=list)


def make_scene(owner: User) -> Scene:
    """Make trees and runs in every state."""
    make_worker()
    tree = make_tree(
        "Nightly import",
        tasks=6,
        owner=owner,
        tags=["etl", "nightly"],
        description="Fetches yesterday's orders, checks them and loads the warehouse.",
    )
    schema = {"type": "object", "properties": {"day": {"type": "string", "default": "today"}}, "required": ["day"]}
    with_parameters = make_tree("Backfill a day", tasks=3, owner=owner, parameters=schema, tags=["etl"])
    make_tree("Send the weekly report to everybody who has subscribed to it", tasks=2, tags=["mail"])
    others = [make_run(tree, status, tasks=4, requested_by=owner) for status in Status if status != Status.FAILED]
    return Scene(tree, with_parameters, make_live_run(tree, owner), make_failed_run(tree, owner), others)


def make_live_run(tree: Tree, owner: User) -> Run:
    """Make a run in the middle of its work, with a task in each state."""
    worker = make_worker("engine-2")
    parameters = {"day": "2025-11-24", "force": False}
    run = make_run(tree, Status.IN_PROGRESS, requested_by=owner, owner=worker, parameters=parameters)
    at = run.queued_at
    blocked = {"error_type": "dependency_failed", "first_cause_uid": "t1", "attempt": 0, "started_at": None}
    result = {"rows": 12_345, "source": "orders", "sample": [{"id": 1, "total": 99.5}, {"id": 2, "total": 12}]}
    waits = {"dependencies": [{"id": "t3", "required": True}, {"id": "t0", "required": False}]}
    due = {"attempt": 1, "next_attempt_at": timezone.now() + timedelta(seconds=30), "started_at": at}
    rows = [
        task_run(run, 0, Status.COMPLETED, at, name="Fetch orders", result=result, resolved_inputs={"n": 0, "day": 1}),
        task_run(
            run, 1, Status.FAILED, at, name="Check totals", error="The totals of 3 orders are negative: 17, 23, 42"
        ),
        task_run(run, 2, Status.FAILED, at, name="Load totals", error="Not run: it requires 'Check totals'", **blocked),
        task_run(run, 3, Status.IN_PROGRESS, at, name="Load orders", progress=0.4, progress_message="row 400 of 1,000"),
        task_run(run, 4, Status.PENDING, at, name="Refresh the caches of the public site", **waits),
        task_run(run, 5, Status.PENDING, at, name="Notify the team", executor="rest_executor", **due),
        task_run(run, 6, Status.PENDING, at, name="Archive"),
        task_run(run, 7, Status.CANCELLED, at, name="Old step", error="Not run: the task is disabled"),
    ]
    for row in rows[:4]:
        row.worker = worker
    saved = TaskRun.objects.bulk_create(rows)
    Run.objects.filter(pk=run.pk).update(task_count=len(rows))
    levels = (20, 20, 30, 40)
    TaskLog.objects.bulk_create(
        TaskLog(task_run=saved[1], attempt=1, level=levels[n % 4], message=f"checked batch {n} of orders", at=at)
        for n in range(12)
    )
    TaskAttempt.objects.create(
        task_run=saved[5], attempt=1, reason="failed", error="503 Service Unavailable", error_type="HTTPError",
        started_at=at, finished_at=at + timedelta(seconds=2), worker=worker,
    )  # fmt: skip
    run.refresh_from_db()
    return run


def make_failed_run(tree: Tree, owner: User) -> Run:
    """Make a run that failed with hostile texts in it."""
    run = make_run(tree, Status.FAILED, requested_by=owner, trigger="api", error=f"'Load' failed: {HOSTILE}")
    row = task_run(
        run, 0, Status.FAILED, run.queued_at, name=f"Load {HOSTILE}", error=f"No good: {HOSTILE}",
        inputs={HOSTILE: HOSTILE}, result={"html": HOSTILE},
    )  # fmt: skip
    row.save()
    TaskLog.objects.create(task_run=row, attempt=1, level=20, message=f"log {HOSTILE}", at=run.queued_at)
    Run.objects.filter(pk=run.pk).update(task_count=1)
    run.refresh_from_db()
    return run
