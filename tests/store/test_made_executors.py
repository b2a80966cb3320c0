"""Executors that come and go while an engine runs, against a real database and a real server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from apflow import BaseTask
from orchestration.actions.http_executors import change_http_executor, delete_http_executor, make_http_executor
from orchestration.engine.made import refresh_made
from orchestration.engine.registry import MADE_HERE, ExecutorRegistry, default_registry
from orchestration.models import HttpExecutor, Run, Secret, SecretUse
from orchestration.store.made_executors import read_made_once
from orchestration.store.vault import seal
from tests.executors.conftest import Reply, Site, make_site, site  # noqa: F401 - fixtures
from tests.faults.support.bench import Bench, task
from tests.pages.scene import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SECRET = "k3y-of/the=crm"
KEY = "a key that is long enough to be one, for the secrets"
#: Two on an idle machine. The heartbeat, which tells the same, is half a minute away.
SECONDS = 15.0
LEASE = 120


@pytest.fixture
def ada() -> User:
    return make_user("ada", is_superuser=True)


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    yield
    default_registry.replace_made([], "")


@pytest.fixture
def bench(transactional_db: None, tmp_path: Any) -> Iterator[Bench]:
    """Workers are ended before the database is emptied."""
    made = Bench(tmp_path)
    yield made
    made.stop_workers()


def make(ada: User, url: str, **fields: Any) -> HttpExecutor:
    """Make an executor that gets a thing."""
    defaults = {"input_schema": {"type": "object", "properties": {"id": {}}, "required": ["id"]}}
    return make_http_executor("thing", {**defaults, "url": url, **fields}, user=ada)


def soon(condition: Callable[[], Any], what: str) -> None:
    """Wait for what has to be so at once."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {SECONDS} s"
        threading.Event().wait(0.02)


def ended(bench: Bench, executor: str = "thing") -> Any:
    """Run one task of the executor and return its row."""
    run = bench.wait_run(bench.start(task("t", executor, id=7)))
    return bench.task_run(run, "t")


def test_a_worker_offers_runs_changes_and_forgets_them(bench: Bench, site: Site, ada: User) -> None:  # noqa: F811
    site.replies["/v1/7"] = Reply(headers={"Content-Type": "application/json"}, body=b'{"name": "Ann"}')
    worker = bench.worker(lease=LEASE, environment={"APFLOW_HTTP_ALLOWED_HOSTS": f"127.0.0.1:{site.port}"})

    def offers() -> bool:
        return "thing" in bench.worker_row(worker).executors

    assert not offers()
    made = make(ada, f"{site.origin}/v1/{{{{ inputs.id }}}}", result={"called": "{{ body.name }}"})
    # Nobody waits for the worker to look: a run that comes right behind it works.
    row = ended(bench)
    assert (row.status, row.result["result"]) == ("completed", {"called": "Ann"})
    soon(offers, "the worker's row says that it offers it")

    made = change_http_executor(made, {"result": {"name": "{{ body.name }}"}}, user=ada)
    assert ended(bench).result["result"] == {"name": "Ann"}

    change_http_executor(made, {"enabled": False}, user=ada)
    soon(lambda: not offers(), "one that is switched off is offered no more")
    change_http_executor(made, {"enabled": True}, user=ada)
    soon(offers, "one that is switched on is offered again")

    delete_http_executor(made, user=ada)
    row = ended(bench)
    assert (row.status, row.error_type) == ("failed", "executor_not_found")
    assert "There is no executor 'thing' on this worker" in row.error
    soon(lambda: not offers(), "one that is deleted is offered no more")
    assert [seen.path for seen in site.requests] == ["/v1/7", "/v1/7"]


def test_an_attempt_keeps_what_it_began_with(bench: Bench, site: Site, ada: User) -> None:  # noqa: F811
    site.replies["/held/7"] = Reply(hold=True)
    worker = bench.worker(lease=LEASE, environment={"APFLOW_HTTP_ALLOWED_HOSTS": f"127.0.0.1:{site.port}"})
    made = make(ada, f"{site.origin}/held/{{{{ inputs.id }}}}", method="POST")
    run = bench.start(task("t", "thing", id=7), task("after", "thing", requires=("t",), id=7))
    bench.wait(lambda: site.requests, "the request to arrive")
    delete_http_executor(made, user=ada)
    soon(lambda: "thing" not in bench.worker_row(worker).executors, "it is gone")
    site.released.set()  # the server hangs up without an answer
    bench.wait_run(run)
    row = bench.task_run(run, "t")
    assert row.error_type == "connection_error"
    assert "may have done it all the same" in (row.error or "")


def test_private_addresses_stay_out_of_reach(bench: Bench, site: Site, ada: User) -> None:  # noqa: F811
    (bench.folder / "broken_module.py").write_text("import no_such_module")
    path = os.pathsep.join(filter(None, [str(bench.folder), os.environ.get("PYTHONPATH")]))
    worker = bench.worker(lease=LEASE, environment={"APFLOW_EXECUTORS": "broken_module", "PYTHONPATH": path})
    make(ada, f"{site.origin}/{{{{ inputs.id }}}}")
    row = ended(bench)
    assert (row.status, row.error_type) == ("failed", "blocked_address")
    assert site.requests == []
    # The same worker tells what it could not import.
    (broken,) = bench.worker_row(worker).metrics["broken_executors"]
    assert broken["module"] == "broken_module" and broken["error"].startswith("ModuleNotFoundError")


def test_secrets_are_sent_and_shown_nowhere(bench: Bench, site: Site, ada: User, settings: Any) -> None:  # noqa: F811
    settings.APFLOW_SECRETS_KEY = KEY
    Secret.objects.create(name="CRM", ciphertext=seal(SECRET), updated_at=timezone.now(), executors=["thing"])
    echo = f'{{"said": "{SECRET}", "too": "aw=={SECRET}"}}'.encode()
    site.replies["/ok/7"] = Reply(headers={"Content-Type": "application/json"}, body=echo)
    site.replies["/no/7"] = Reply(status=403, body=echo)
    allowed = {"APFLOW_HTTP_ALLOWED_HOSTS": f"127.0.0.1:{site.port}"}
    bench.worker(lease=LEASE, environment={**allowed, "APFLOW_SECRETS_KEY": KEY})
    made = make(
        ada,
        f"{site.origin}/ok/{{{{ inputs.id }}}}",
        query={"key": "{{ secrets.CRM }}"},
        headers={"Authorization": "Bearer {{ secrets.CRM }}"},
    )
    good = ended(bench)
    assert good.error is None and site.requests[-1].headers["authorization"] == f"Bearer {SECRET}"
    assert SecretUse.objects.get().executor == "thing"
    change_http_executor(made, {"url": f"{site.origin}/no/{{{{ inputs.id }}}}"}, user=ada)
    bad = ended(bench)
    assert (bad.status, bad.error_type) == ("failed", "http_status")
    for table in ("taskrun", "taskattempt", "tasklog", "runevent", "run", "auditentry", "httpexecutor"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT row_to_json(t)::text FROM orchestration_{table} t")  # noqa: S608 - a list of ours
            text = "".join(row for (row,) in cursor.fetchall())
        assert "k3y-of" not in text and "k3y-of%2Fthe" not in text, table
    assert all("k3y-of" not in worker.output for worker in bench.workers)
    Secret.objects.update(executors=[])
    refused = ended(bench)
    assert (refused.error_type, len(site.requests)) == ("binding_error", 2)
    assert "there is no secret 'CRM' for this task" in refused.error


def test_only_what_changed_is_read_again(ada: User) -> None:
    registry = ExecutorRegistry()
    assert refresh_made(registry, read_made_once) is True
    assert refresh_made(registry, read_made_once) is False
    made = make(ada, "https://crm.example.org/{{ inputs.id }}")
    assert refresh_made(registry, read_made_once) is True
    assert (registry.get("thing").origin, registry.get("thing").version) == (MADE_HERE, "1")
    change_http_executor(made, {"name": "Thing"}, user=ada)
    assert refresh_made(registry, read_made_once) is True
    assert (registry.get("thing").name, registry.get("thing").version) == ("Thing", "2")
    delete_http_executor(made, user=ada)
    make(ada, "https://crm.example.org/{{ inputs.id }}", name="Another")
    assert refresh_made(registry, read_made_once) is True
    assert registry.get("thing").name == "Another"


def test_the_codes_own_executor_is_used_before_one_that_was_made_here(ada: User) -> None:
    registry = ExecutorRegistry()

    class Thing(BaseTask):
        """Code's."""

    refresh_made(registry, read_made_once)
    make(ada, "https://crm.example.org/{{ inputs.id }}")
    registry.register(Thing)
    assert refresh_made(registry, read_made_once) is True
    assert registry.get("thing").cls is Thing


def test_runs_in_this_process_know_them(ada: User, settings: Any) -> None:
    from orchestration.actions.runs import RunRequest, start_spec
    from orchestration.actions.sdk.local_engine import local_engine
    from orchestration.engine.definition import TaskSpec, TreeSpec

    make(ada, "http://127.0.0.1:9/{{ inputs.id }}")
    spec = TreeSpec("Local", (TaskSpec("t", "t", "thing", inputs={"id": 1}),))
    with local_engine() as engine:
        run: Run = start_spec(spec, RunRequest(owner=engine.worker_id))
        engine.adopt(str(run.pk)).result(timeout=60)
    assert run.task_runs.get().error_type == "blocked_address"
