"""The catalogue of executors and their limits, and the workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apflow import BaseTask
from orchestration.engine.registry import default_registry
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, ExecutorConfig, Run, TaskRun, Tree, Worker
from tests.pages.scene import make_run, make_tree, make_worker

from .conftest import Caller

pytestmark = pytest.mark.django_db


class Careless(BaseTask):
    """Declares what is no JSON."""

    id = "careless"
    examples: ClassVar[list[Any]] = [{"when": timedelta(1)}]

    @classmethod
    def get_input_schema(cls) -> dict[str, Any]:
        """Fail."""
        raise RuntimeError("no schema today")

    @classmethod
    def get_output_schema(cls) -> dict[str, Any]:
        """Return no JSON."""
        return {"default": float("nan")}


def row_of(caller: Caller, executor: str) -> Any:
    rows = caller("GET", "/executors").body["items"]
    return next(row for row in rows if row["id"] == executor)


def test_the_catalogue_joins_author_installation_and_workers(viewer: Caller) -> None:
    row = row_of(viewer, "rest_executor")
    assert (row["origin"], row["is_async"], row["available"], row["enabled"]) == ("built-in", True, False, True)
    assert row["input_schema"]["properties"]["url"] and row["rate_seconds"] == 60.0
    make_worker(executors=["rest_executor"])
    make_worker(executors=["echo"], stopped_at=timezone.now())
    ExecutorConfig.objects.create(executor="rest_executor", enabled=False, max_concurrency=3)
    row = row_of(viewer, "rest_executor")
    assert (row["available"], row["enabled"], row["max_concurrency"]) == (True, False, 3)
    assert not row_of(viewer, "echo")["available"]


def test_one_bad_executor_does_not_hide_the_rest(viewer: Caller) -> None:
    default_registry.register(Careless)
    try:
        row = row_of(viewer, "careless")
        body = viewer("GET", "/executors/careless").body
    finally:
        default_registry.unregister("careless")
    assert (row["input_schema"], row["output_schema"], row["example"]) == ({}, {}, None)
    assert body["docs"] == "Declares what is no JSON." and "class Careless" in body["source"]


def test_the_catalogue_takes_few_queries(viewer: Caller) -> None:
    for _ in range(20):
        make_worker(executors=["echo"])
    with CaptureQueriesContext(connection) as captured:
        viewer("GET", "/executors")
    tables = [query["sql"] for query in captured if "orchestration_" in query["sql"]]
    assert len(tables) == 2


def test_the_usage_counts_the_last_days(viewer: Caller) -> None:
    assert viewer("GET", "/executors/echo").body["usage"] == {
        "runs": 0, "failures": 0, "p50_seconds": None, "p95_seconds": None, "days": [],
    }  # fmt: skip
    tree = make_tree()
    now = timezone.now()
    for hours, status in ((30, "completed"), (1, "failed"), (1, "completed"), (24 * 8, "failed")):
        make_run(tree, status, tasks=2, queued_at=now - timedelta(hours=hours))
    make_run(tree, "in_progress", tasks=1)
    TaskRun.objects.filter(ordinal=1).update(executor="other")
    usage = viewer("GET", "/executors/echo").body["usage"]
    assert (usage["runs"], usage["failures"], usage["p50_seconds"]) == (3, 1, pytest.approx(2.4))
    assert sum(day["runs"] for day in usage["days"]) == 3
    assert [day["day"] for day in usage["days"]] == sorted(day["day"] for day in usage["days"])


def test_administrators_change_limits(admin: Caller, editor: Caller) -> None:
    assert editor("PATCH", "/executors/echo", {"enabled": False}).status == 403
    assert not ExecutorConfig.objects.exists()
    answer = admin("PATCH", "/executors/echo", {"max_concurrency": 2, "rate_count": 5, "rate_seconds": 1.5})
    assert (answer.status, answer.body["rate_seconds"], answer.body["enabled"]) == (200, 1.5, True)
    admin("PATCH", "/executors/echo", {"max_concurrency": None})
    admin("PATCH", "/executors/echo", {})
    config = ExecutorConfig.objects.get()
    assert (config.max_concurrency, config.rate_count, config.rate_seconds) == (None, 5, 1.5)
    entries = AuditEntry.objects.filter(act="executor.limit", username="ada").order_by("id")
    assert [entry.detail["after"]["max_concurrency"] for entry in entries] == [2, None]


@pytest.mark.parametrize(
    "body",
    [
        {"max_concurrency": 0}, {"max_concurrency": "3"}, {"max_concurrency": True}, {"max_concurrency": 10**12},
        {"rate_count": 0.5}, {"rate_seconds": 0}, {"rate_seconds": None}, {"rate_seconds": 1e300}, {"enabled": None},
        {"enabled": 1}, {"origin": "user"}, None,
    ],
)  # fmt: skip
def test_wrong_limits_are_refused(admin: Caller, body: Any) -> None:
    assert admin("PATCH", "/executors/echo", body).status == 422
    assert not ExecutorConfig.objects.exists()


@pytest.mark.parametrize("name", ["nobody", "%00", "x" * 300])
def test_an_executor_that_is_not_there_is_a_404(admin: Caller, name: str) -> None:
    assert admin("GET", f"/executors/{name}").status == 404
    assert admin("PATCH", f"/executors/{name}", {"enabled": False}).status == 404


# --- workers --------------------------------------------------------------------------------------------------------


@pytest.fixture
def worker() -> Worker:
    return make_worker("engine-1", executors=["echo"])


def run_on(worker: Worker, tree: Tree) -> Run:
    return make_run(tree, Status.IN_PROGRESS, owner=worker)


def test_workers_show_what_runs_there_as_far_as_the_caller_sees_it(
    admin: Caller, viewer: Caller, worker: Worker
) -> None:
    seen = run_on(worker, make_tree("Nightly"))
    hidden = run_on(worker, make_tree("Hidden", owner=admin.user, visibility="private"))
    gone = make_worker("engine-0", stopped_at=timezone.now(), started_at=timezone.now() - timedelta(days=1))
    first, second = viewer("GET", "/workers").body["items"]
    assert (first["name"], first["live"], second["name"], second["live"]) == ("engine-1", True, gone.name, False)
    assert first["runs"] == [{"id": str(seen.pk), "tree_name": "Nightly", "status": "in_progress"}]
    assert len(admin("GET", "/workers").body["items"][0]["runs"]) == 2
    assert hidden.owner == worker


def test_administrators_drain_workers(admin: Caller, editor: Caller, worker: Worker) -> None:
    path = f"/workers/{worker.pk}"
    assert editor("PATCH", path, {"draining": True}).status == 403
    for _ in range(2):
        answer = admin("PATCH", path, {"draining": True})
        assert (answer.status, answer.body["draining"], answer.body["live"]) == (200, True, True)
    assert AuditEntry.objects.filter(act="worker.drain", username="ada").count() == 1
    assert admin("PATCH", path, {"draining": False}).status == 422
    Worker.objects.update(stopped_at=timezone.now())
    answer = admin("PATCH", path, {"draining": True})
    assert (answer.status, answer.code) == (409, "not_possible")
    worker.delete()
    assert admin("PATCH", path, {"draining": True}).status == 404
