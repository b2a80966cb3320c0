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
from orchestration.models import AuditEntry, ExecutorConfig, Run, Tree, Worker
from tests.executor_use import make_use
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
    assert [(needed["name"], needed["is_installed"]) for needed in row["requires"]] == [("httpx", True)]
    assert row["version"] == ""
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
    assert len(tables) == 3


def test_the_usage_counts_the_last_days(viewer: Caller) -> None:
    assert viewer("GET", "/executors/echo").body["usage"] == {
        "runs": 0, "failures": 0, "p50_seconds": None, "p95_seconds": None, "days": [],
    }  # fmt: skip
    make_use("echo", 3, 1)
    make_use("echo", 3, 1, days_ago=6)
    make_use("echo", 7, days_ago=7)
    make_use("other", 1)
    usage = viewer("GET", "/executors/echo").body["usage"]
    assert (usage["runs"], usage["failures"]) == (6, 2)
    assert 2.4 <= usage["p50_seconds"] <= 2.4 * 1.26 and usage["p95_seconds"] == usage["p50_seconds"]
    assert sum(day["runs"] for day in usage["days"]) == 6
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


@pytest.mark.parametrize("known_by", ["a worker", "a decision"])
def test_an_executor_that_is_not_here_is_decided_about(admin: Caller, editor: Caller, known_by: str) -> None:
    path = "/executors/only_there"
    if known_by == "a worker":
        make_worker(executors=["only_there"])
    else:
        ExecutorConfig.objects.create(executor="only_there")
    assert editor("PATCH", path, {"enabled": False}).status == 403
    assert editor("POST", f"{path}/reset-breaker").status == 403
    changed = admin("PATCH", path, {"enabled": False, "breaker_failures": 3})
    assert (changed.status, changed.body["enabled"], changed.body["available"]) == (200, False, known_by == "a worker")
    shown = {
        name: changed.body[name] for name in ("id", "name", "origin", "input_schema", "is_async", "docs", "source")
    }
    assert shown == {"id": "only_there", "name": "only_there", "origin": "not here", "input_schema": {},
                     "is_async": None, "docs": "", "source": None}  # fmt: skip
    assert admin("GET", path).body == changed.body
    soon = timezone.now() + timedelta(minutes=1)
    ExecutorConfig.objects.update(breaker_count=3, breaker_retry_at=soon)
    assert admin("POST", f"{path}/reset-breaker").body["breaker"] == {
        "state": "closed",
        "failures": 0,
        "retry_at": None,
    }
    # Only what is here can be tried.
    assert admin("POST", f"{path}/try", {"inputs": {}}).status == 404


def test_what_a_stopped_worker_had_is_not_known(admin: Caller) -> None:
    make_worker(executors=["only_there"], stopped_at=timezone.now())
    for method, path in (("PATCH", ""), ("POST", "/reset-breaker"), ("GET", "")):
        assert admin(method, f"/executors/only_there{path}", {} if method == "PATCH" else None).status == 404


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


def test_administrators_drain_and_resume_workers(admin: Caller, editor: Caller, worker: Worker) -> None:
    path = f"/workers/{worker.pk}"
    for draining in (True, False):
        assert editor("PATCH", path, {"draining": draining}).status == 403
    for _ in range(2):
        answer = admin("PATCH", path, {"draining": True, "reason": "A new kernel"})
        assert (answer.status, answer.body["draining"], answer.body["live"]) == (200, True, True)
        assert (answer.body["state"], answer.body["drain_reason"]) == ("draining", "A new kernel")
    entry = AuditEntry.objects.get(act="worker.drain")
    assert (entry.username, entry.reason, entry.subject_id) == ("ada", "A new kernel", str(worker.pk))
    worker.refresh_from_db()
    assert (worker.drained_by, worker.drained_at is not None) == (admin.user, True)
    Worker.objects.update(running=0)
    assert admin("GET", "/workers").body["items"][0]["state"] == "drained"
    for _ in range(2):
        answer = admin("PATCH", path, {"draining": False})
        assert (answer.body["state"], answer.body["drained_at"], answer.body["drain_reason"]) == ("live", None, "")
    assert AuditEntry.objects.filter(act="worker.resume").count() == 1


def test_what_is_gone_or_runs_one_tree_is_not_drained(admin: Caller, worker: Worker) -> None:
    path = f"/workers/{worker.pk}"
    Worker.objects.update(accepts_runs=False)
    answer = admin("PATCH", path, {"draining": True})
    assert (answer.status, answer.code) == (409, "not_possible")
    assert "Cancel that run instead" in answer.body["error"]["message"]
    Worker.objects.update(accepts_runs=True, lease_expires_at=timezone.now())
    assert "was lost" in admin("PATCH", path, {"draining": True}).body["error"]["message"]
    Worker.objects.update(stopped_at=timezone.now())
    for draining in (True, False):
        answer = admin("PATCH", path, {"draining": draining})
        assert (answer.status, answer.code) == (409, "not_possible")
        assert "has stopped" in answer.body["error"]["message"]
    worker.delete()
    assert admin("PATCH", path, {"draining": True}).status == 404


# --- what is decided besides limits -----------------------------------------------------------------------------------


def test_decisions_are_read_back_and_secrets_are_for_editors(admin: Caller, viewer: Caller) -> None:
    body = {
        "default_timeout_seconds": 2.5, "default_retry": {"max_attempts": 3}, "breaker_failures": 4,
        "default_params": {"password": "hunter22"}, "allowed_groups": ["editor"],
    }  # fmt: skip
    answer = admin("PATCH", "/executors/echo", body).body
    assert (answer["default_timeout_seconds"], answer["default_retry"]["max_attempts"]) == (2.5, 3)
    assert (answer["default_params"], answer["usable"]) == ({"password": "hunter22"}, True)
    assert answer["page"] == "/admin/orchestration/executorconfig/of/echo/"
    assert answer["breaker"] == {"state": "closed", "failures": 0, "retry_at": None}
    seen = row_of(viewer, "echo")
    assert (seen["usable"], seen["allowed_groups"], seen["page"]) == (False, ["editor"], None)
    assert "hunter22" not in str(seen)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"default_retry": {"max_attempts": 0}}, "$.default_retry.max_attempts"),
        ({"allowed_groups": ["ghosts"]}, "$.allowed_groups[0]"),
        ({"default_params": {"a": "•••"}}, "$.default_params.a"),
        ({"breaker_failures": 0}, "$.breaker_failures"),
        ({"default_timeout_seconds": -1}, "$.default_timeout_seconds"),
    ],
)
def test_a_wrong_decision_is_named_by_its_place(admin: Caller, body: Any, path: str) -> None:
    answer = admin("PATCH", "/executors/echo", body)
    assert (answer.status, answer.body["error"]["path"]) == (422, path)
    assert not ExecutorConfig.objects.exists()


def test_a_breaker_is_shown_and_closed(admin: Caller, editor: Caller) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    ExecutorConfig.objects.create(executor="echo", breaker_failures=2, breaker_count=2, breaker_retry_at=soon)
    shown = editor("GET", "/executors/echo").body["breaker"]
    assert (shown["state"], shown["failures"]) == ("open", 2) and shown["retry_at"]
    assert editor("POST", "/executors/echo/reset-breaker").status == 403
    assert admin("POST", "/executors/echo/reset-breaker").body["breaker"]["state"] == "closed"


def test_an_executor_is_tried_by_whoever_may_use_it(admin: Caller, editor: Caller, viewer: Caller) -> None:
    body = {"inputs": {"text": "hello"}}
    answer = editor("POST", "/executors/echo/try", body)
    run = Run.objects.get(pk=answer.body["id"])
    assert (answer.status, run.tree, run.task_runs.get().inputs) == (201, None, {"text": "hello"})
    wrong = editor("POST", "/executors/rest_executor/try", {"inputs": {"url": 3}})
    assert (wrong.status, wrong.body["error"]["path"]) == (422, "$.inputs.url")
    assert viewer("POST", "/executors/echo/try", body).status == 403
    admin("PATCH", "/executors/echo", {"allowed_groups": ["admin"]})
    refused = editor("POST", "/executors/echo/try", body)
    assert refused.status == 403 and "'echo'" in refused.body["error"]["message"]
    assert admin("POST", "/executors/echo/try", body).status == 201
    assert Run.objects.count() == 2


def test_who_may_not_use_an_executor_is_told_at_saving_and_stopped_at_starting(admin: Caller, editor: Caller) -> None:
    admin("PATCH", "/executors/echo", {"allowed_groups": ["admin"]})
    task = {"id": "a", "name": "Say hello", "executor": "echo", "inputs": {}}
    document = {"format": "apflow-tree", "version": 1, "tree": {"name": "T"}, "tasks": [task]}
    saved = editor("POST", "/trees", document)
    assert saved.status == 201
    (problem,) = saved.body["problems"]
    assert problem["path"] == "$.tasks[0].executor" and "'Say hello'" in problem["message"]
    assert not editor("POST", "/trees/validate", document).body["valid"]
    started = editor("POST", f"/trees/{saved.body['id']}/runs", {})
    assert (started.status, started.body["error"]["path"]) == (422, "$.tasks[0].executor")
    unstored = editor("POST", "/runs", {"definition": document})
    assert (unstored.status, unstored.body["error"]["path"]) == (422, "$.definition.tasks[0].executor")
    assert admin("POST", "/runs", {"definition": document}).status == 201
