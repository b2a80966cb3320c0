"""PB-SEC-4: literal secrets in inputs are shown to nobody who may only look, wherever they look."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.urls import reverse

from orchestration.actions.runs import RunRequest, start_spec
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.secret_places import MASK
from orchestration.live.polling import poll
from orchestration.management.following import Follower
from orchestration.models import Run, Tree
from orchestration.models.roles import make_roles
from tests.api.conftest import Caller, person

from . import leaky  # noqa: F401 - registers its executors

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

PASSWORD = "hunter2/hunter2"
SECRETS = (PASSWORD, "hunter2%2Fhunter2", "k-5f2c9d81aa", "eyJhbGciOiJI", "s3cr3tp4ss", "t0k3n-9f31", "run-p4ssword")
INPUTS = {
    "password": PASSWORD,
    "api_key": "k-5f2c9d81aa",
    "headers": {"Authorization": "Bearer eyJhbGciOiJI", "Accept": "*/*"},
    "url": "https://ada:s3cr3tp4ss@api.example.org/orders?token=t0k3n-9f31&page=1",
}
ENDS = ("succeed", "raise", "return", "time out")
EXPECTED = {"succeed": "completed", "raise": "failed", "return": "failed", "time out": "failed"}
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"password": {"type": "string", "default": "run-p4ssword"}},
}


def leaking_task(executor: str, end: str) -> TaskSpec:
    own: dict[str, Any] = {**INPUTS, "end": end, "also": "{{ params.password }}"}
    timeout = 0.5 if end == "time out" else None
    retry = RetryPolicy(max_attempts=2, base_seconds=0) if end == "raise" else RetryPolicy()
    pinned: Any = {"result": {"token": "t0k3n-9f31"}} if end == "pinned" else None
    name = f"{executor}-{end}".replace(" ", "-")
    return TaskSpec(name, name, executor, inputs=own, timeout_seconds=timeout, retry=retry, pinned=pinned)


@dataclass
class Leak:
    """A run that has leaked all it can, and what the worker logged meanwhile."""

    tree: Tree
    run: Run
    worker_log: str


@pytest.fixture
def worker_log() -> Iterator[io.StringIO]:
    """What a handler of the root logger gets at INFO, tracebacks and all."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def leak(worker_log: io.StringIO) -> Leak:
    """Run the case."""
    make_roles()
    tasks = [leaking_task(executor, end) for executor in ("leaky", "leaky_apart") for end in ENDS]
    spec = TreeSpec("Leak", (*tasks, leaking_task("leaky", "pinned")), parameters=PARAMETERS)
    tree = create_tree(spec, user=person("owner", "editor"))
    with local_engine() as engine:
        run = start_spec(spec, RunRequest(owner=engine.worker_id), tree)
        engine.adopt(str(run.pk)).result(timeout=120)
    run.refresh_from_db()
    return Leak(tree, run, worker_log.getvalue())


def assert_none_shown(texts: dict[str, str]) -> None:
    shown = {(place, secret) for place, text in texts.items() for secret in SECRETS if secret in text}
    assert not shown
    assert all(texts.values()), "every place says something"


def test_the_case_is_what_it_seems(leak: Leak) -> None:
    ends = dict(leak.run.task_runs.values_list("name", "status"))
    for executor in ("leaky", "leaky_apart"):
        assert {end: ends[f"{executor}-{end.replace(' ', '-')}"] for end in ENDS} == EXPECTED
    done: Any = leak.run.task_runs.get(name="leaky-succeed")
    assert done.result["result"]["given"]["password"] == PASSWORD, "results are stored as they are"


def test_what_the_worker_says_and_stores_has_no_secret(leak: Leak) -> None:
    tasks = leak.run.task_runs.all()
    rows = {
        "worker log": [leak.worker_log],
        "errors": [task.error or "" for task in tasks],
        "progress": [task.progress_message for task in tasks],
        "attempts": [attempt.error for task in tasks for attempt in task.attempts.all()],
        "task logs": [line.message for task in tasks for line in task.logs.all()],
        "events": [json.dumps(event.data, ensure_ascii=False) for event in leak.run.events.all()],
    }
    assert_none_shown({place: "\n".join(texts) for place, texts in rows.items()})
    for place, texts in rows.items():
        assert MASK in "\n".join(texts), place
    assert "Traceback" in leak.worker_log and "Traceback" in "\n".join(rows["task logs"])


def api_paths(leak: Leak, task: str) -> list[str]:
    """Where the API shows values; those of one task of the run and its definition."""
    tree, run = f"/trees/{leak.tree.pk}", f"/runs/{leak.run.pk}"
    return [
        *(tree, f"{tree}/export", f"{tree}/tasks", f"{tree}/tasks/{task}", f"{tree}/versions/1"),
        *(f"{tree}/diff?from=1&to=2", run, "/runs", f"{run}/definition", f"{run}/tasks/{task}"),
        *(f"{run}/tasks/{task}?full=true", f"{run}/tasks/{task}/result"),
    ]


def quiet_api_paths(leak: Leak, task: str) -> list[str]:
    """Where nobody is shown a secret."""
    run = f"/runs/{leak.run.pk}"
    return [
        *(f"{run}/tasks", f"{run}/tasks/{task}/attempts", f"{run}/tasks/{task}/why", f"{run}/history?limit=5000"),
        *(f"{run}/logs?limit=5000", f"{run}/events"),
    ]


def page_paths(leak: Leak) -> list[str]:
    done = leak.run.task_runs.get(name="leaky-succeed")
    admin = "admin:orchestration"
    return [
        *(reverse("run", args=[leak.run.pk]), reverse("task-run", args=[leak.run.pk, done.pk])),
        *(reverse("task-run-result", args=[leak.run.pk, done.pk]), reverse("tree", args=[leak.tree.pk])),
        *(reverse(f"{admin}_run_change", args=[leak.run.pk]), reverse(f"{admin}_tree_change", args=[leak.tree.pk])),
        reverse(f"{admin}_task_change", args=[leak.tree.tasks.get(name="leaky-pinned").pk]),
    ]


def read_api(user: User, paths: list[str]) -> dict[str, str]:
    caller = Caller(user)
    answers = {path: caller("GET", path, accept="application/json") for path in paths}
    assert {answer.status for answer in answers.values()} == {200}
    return {path: json.dumps(answer.body, ensure_ascii=False) for path, answer in answers.items()}


def read_pages(user: User, paths: list[str]) -> dict[str, str]:
    browser = Client()
    browser.force_login(user)
    responses = {path: browser.get(path) for path in paths}
    assert {path: response.status_code for path, response in responses.items()} == dict.fromkeys(paths, 200)
    # What templates escape counts as shown too.
    return {path: response.content.decode().replace("&amp;", "&") for path, response in responses.items()}


def read_streams(user: User, leak: Leak) -> dict[str, str]:
    run = str(leak.run.pk)
    said: list[str] = []
    for as_json in (True, False):
        Follower(leak.run, said.append, said.append, as_json=as_json, verbose=True).follow()
    return {
        "snapshot": poll(run, None, 1_000).text,
        "live events": poll(run, 0, 1_000).text,
        "following": "\n".join(said),
        "log as text": downloaded_log(user, leak.run),
    }


def downloaded_log(user: User, run: Run) -> str:
    async def fetch() -> bytes:
        client = AsyncClient()
        await client.aforce_login(user)
        response: Any = await client.get(f"/api/v1/runs/{run.pk}/logs?format=text")
        return b"".join([part async for part in response.streaming_content])

    return async_to_sync(fetch)().decode()


@pytest.fixture
def changed(leak: Leak) -> Leak:
    """The tree has a second version, whose secrets are different."""
    body = {"inputs": {**INPUTS, "password": "run-p4ssword", "end": "succeed"}}
    path = f"/trees/{leak.tree.pk}/tasks/leaky-succeed"
    assert Caller(person("edda", "editor"))("PATCH", path, body, version=1).status == 200
    return leak


def test_who_may_only_look_is_shown_no_secret(changed: Leak) -> None:
    viewer = person("vic", "viewer")
    viewer.is_staff = True
    viewer.save()
    texts = read_pages(viewer, page_paths(changed)) | read_streams(viewer, changed)
    for task in changed.run.task_runs.exclude(name="leaky-pinned").values_list("task_uid", flat=True):
        paths = [*api_paths(changed, task), *quiet_api_paths(changed, task)]
        if not changed.run.task_runs.filter(task_uid=task, result__isnull=False).exists():
            paths.remove(f"/runs/{changed.run.pk}/tasks/{task}/result")
        texts |= read_api(viewer, paths)
    assert_none_shown(texts)


def test_who_may_change_the_tree_is_shown_them(changed: Leak) -> None:
    editor = person("eve", "editor")
    editor.is_staff = True
    editor.save()
    texts = read_pages(editor, page_paths(changed)) | read_api(editor, api_paths(changed, "leaky-succeed"))
    without = [place for place, text in texts.items() if not any(secret in text for secret in SECRETS)]
    assert not without, "what a viewer is not shown is there for an editor"
    assert_none_shown(read_api(editor, quiet_api_paths(changed, "leaky-raise")))


def test_a_copy_and_its_runs_keep_the_secrets(leak: Leak) -> None:
    editor = Caller(person("eve", "editor"))
    answer = editor("POST", f"/trees/{leak.tree.pk}/copy", {"name": "Copy"})
    assert answer.status == 201
    assert answer.body["definition"]["tasks"][0]["inputs"]["password"] == PASSWORD


def test_what_was_redacted_can_not_be_saved(leak: Leak) -> None:
    viewer, editor = Caller(person("vic", "viewer")), Caller(person("eve", "editor"))
    path = f"/trees/{leak.tree.pk}"
    redacted = viewer("GET", f"{path}/export").body
    assert redacted["tasks"][0]["inputs"]["password"] == MASK
    assert viewer("PUT", path, {"definition": redacted}, version=1).status == 403
    for draft in ("", "?draft=true"):
        refused = editor("PUT", f"{path}{draft}", {"definition": redacted}, version=1)
        assert refused.status == 422
        assert "$.definition.tasks[0].inputs.password" in refused.paths
        assert "$.definition.tree.parameters.properties.password.default" in refused.paths
    whole = editor("GET", f"{path}/export").body
    assert editor("PUT", path, {"definition": whole}, version=1).status == 200


def test_a_mask_is_no_parameter(leak: Leak) -> None:
    answer = Caller(person("olga", "operator"))(
        "POST", f"/trees/{leak.tree.pk}/runs", {"parameters": {"password": MASK}}
    )
    assert (answer.status, answer.paths) == (422, ["$.parameters.password"])
