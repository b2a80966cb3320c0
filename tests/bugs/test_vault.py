"""Secrets from the vault: only those who were granted get them, and nothing that is stored or shown has them."""

from __future__ import annotations

import base64
import io
import json
import logging
import random
import string
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from orchestration.actions.runs import RunRequest, start_spec
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.secret_places import MASK
from orchestration.models import Run, Secret, SecretUse, Tree, WebhookDelivery
from orchestration.store.vault import seal
from tests.hook_scene import make_hook
from tests.webhook_scene import make_webhook

from . import leaky  # noqa: F401 - registers its executors

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

VALUE = 'first line/with "quotes"\nsecond line&more'
FORMS = (
    *(VALUE, *VALUE.splitlines(), quote(VALUE, safe=""), json.dumps(VALUE)[1:-1], json.dumps(json.dumps(VALUE))[3:-3]),
    base64.b64encode(VALUE.encode()).decode(),
)
TABLES = (
    *("run", "taskrun", "taskattempt", "tasklog", "runevent", "auditentry", "secretuse"),
    *("webhookdelivery", "webhookattempt"),
)


def secret(name: str = "CRM", value: str = VALUE, **granted: Any) -> Secret:
    return Secret.objects.create(name=name, ciphertext=seal(value), updated_at=timezone.now(), **granted)


def run_tasks(*tasks: TaskSpec, tree: Tree | None = None, **parameters: Any) -> Run:
    """Run tasks to their end, in this process."""
    with local_engine() as engine:
        request = RunRequest(owner=engine.worker_id, parameters=parameters)
        run = start_spec(TreeSpec("Vault", tasks), request, tree)
        engine.adopt(str(run.pk)).result(timeout=120)
    run.refresh_from_db()
    return run


def encoder(uid: str, executor: str = "leaky_encoder", **inputs: Any) -> TaskSpec:
    return TaskSpec(uid, uid, executor, {"given": "{{ secrets.CRM }}", **inputs})


def everything_stored() -> str:
    """Every row of what runs leave behind, as text."""
    rows = []
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT row_to_json(t)::text FROM orchestration_{table} t")  # noqa: S608 - names of ours
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


def said_by(executor: str, fails: bool) -> str:
    """Return whatever is stored and logged of a run that leaks and tells a webhook, escapes resolved."""
    make_hook("Tell", event="post", webhook=make_webhook("https://example.org/in"))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        run = run_tasks(encoder("leak", executor, fails=fails))
    finally:
        logging.getLogger().removeHandler(handler)
    assert run.status == ("failed" if fails else "completed")
    told: Any = WebhookDelivery.objects.get().payload
    assert told["task"]["id"] == "leak"
    stored = everything_stored()
    assert MASK in stored
    assert "{{ secrets.CRM }}" in stored, "the definition names it still"
    # What JSON escapes, text in JSON escapes again.
    return "\n".join([stored, stored.encode().decode("unicode_escape", "replace"), stream.getvalue()])


@pytest.mark.parametrize("executor", ["leaky_encoder", "leaky_encoder_apart"])
@pytest.mark.parametrize("fails", [False, True], ids=["returned", "raised"])
def test_no_form_of_it_is_stored_or_logged(executor: str, fails: bool) -> None:
    secret(executors=[executor])
    said = said_by(executor, fails)
    assert [form for form in FORMS if form in said] == []


@pytest.mark.parametrize(
    ("executor", "size"),
    [*(("leaky_encoder", size) for size in (20, 57, 58, 92, 400, 3000)), ("leaky_encoder_apart", 92)],
)
@pytest.mark.parametrize("fails", [False, True], ids=["returned", "raised"])
def test_no_piece_of_a_long_one_is_left_in_any_line(executor: str, fails: bool, size: int) -> None:
    value = "".join(random.Random(size).choices(string.ascii_letters + string.digits, k=size))
    secret(value=value, executors=[executor])
    said = said_by(executor, fails)
    for form in (value, base64.b64encode(value.encode()).decode()):
        assert [form[at : at + 8] for at in range(len(form) - 7) if form[at : at + 8] in said] == []


def test_what_comes_after_gets_what_is_stored() -> None:
    secret(executors=["leaky_encoder"])
    after = TaskSpec("after", "after", "echo", dependencies=(DependencySpec("leak"),))
    run = run_tasks(encoder("leak"), after)
    assert run.status == "completed"
    resolved: Any = run.task_runs.get(task_uid="after").resolved_inputs
    assert resolved["plain"] == MASK


def test_the_executor_gets_the_value() -> None:
    secret(executors=["leaky_encoder"])
    run = run_tasks(encoder("leak", length="{{ secrets.CRM | length }}"))
    assert run.task_runs.get().resolved_inputs == {"given": MASK, "length": len(VALUE)}


# --- grants -----------------------------------------------------------------------------------------------------------


def error_of(run: Run) -> tuple[str, str]:
    task = run.task_runs.get()
    assert task.error is not None and task.error_type is not None
    return task.error_type, task.error


@pytest.mark.parametrize("granted", [{}, {"executors": ["echo"]}], ids=["nobody", "another-executor"])
def test_who_was_not_granted_gets_nothing(granted: dict[str, Any]) -> None:
    secret(**granted)
    kind, error = error_of(run_tasks(encoder("leak")))
    assert kind == "binding_error"
    assert "there is no secret 'CRM' for this task" in error and "grants it" in error
    assert not SecretUse.objects.exists()


def test_a_name_that_only_the_run_tells_is_no_way_in() -> None:
    secret(for_all=True)
    task = TaskSpec("a", "a", "echo", {"which": "CRM", "given": "{{ secrets[params.which] }}"})
    assert error_of(run_tasks(task, which="CRM"))[0] == "binding_error"


def test_a_tree_is_granted_and_its_copy_is_not() -> None:
    spec = TreeSpec("Granted", (encoder("leak"),))
    tree, other = create_tree(spec), create_tree(spec)
    secret().trees.add(tree)
    assert run_tasks(encoder("leak"), tree=tree).status == "completed"
    assert run_tasks(encoder("leak"), tree=other).status == "failed"
    assert run_tasks(encoder("leak")).status == "failed"


def test_each_use_is_written_down_and_outlives_the_secret() -> None:
    made = secret(for_all=True)
    run = run_tasks(encoder("leak"), TaskSpec("plain", "plain", "echo", {"value": "no secret"}))
    made.delete()
    [use] = SecretUse.objects.all()
    assert (use.name, use.run, use.task_uid, use.executor) == ("CRM", run.pk, "leak", "leaky_encoder")
    assert use.secret is None


def test_a_new_value_is_used_from_the_next_attempt_on() -> None:
    made = secret(for_all=True)
    made.ciphertext = seal("another value")
    made.save()
    resolved: Any = run_tasks(encoder("leak", length="{{ secrets.CRM | length }}")).task_runs.get().resolved_inputs
    assert resolved["length"] == len("another value")


def test_a_secret_of_another_key_says_what_to_do(settings: Any) -> None:
    settings.APFLOW_SECRETS_KEY = "a key that is gone for good, long enough"
    secret(for_all=True)
    settings.APFLOW_SECRETS_KEY = ""
    kind, error = error_of(run_tasks(encoder("leak")))
    assert kind == "binding_error"
    assert "sealed with another key: set APFLOW_SECRETS_OLD_KEYS" in error
