"""The catalogue of executors in the admin: look, decide, close a breaker, try; and who may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar, Literal

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pydantic import BaseModel, Field

from apflow import BaseTask
from orchestration import discovery
from orchestration.engine.registry import default_registry
from orchestration.models import AuditEntry, ExecutorConfig, HttpExecutor, Run, TaskRun, Tree
from tests.executor_use import make_use
from tests.pages.scene import HOSTILE, make_tree, make_user, make_worker

pytestmark = pytest.mark.django_db
LIST = "/admin/orchestration/executorconfig/"


class Inner(BaseModel):
    """What is within."""

    token: str = Field(description="Who asks")


class Wide(BaseModel):
    """One field of each kind."""

    text: str = Field(description=HOSTILE, max_length=40)
    count: int = Field(3, ge=1, le=9)
    share: float | None = None
    loud: bool = True
    kind: Literal["a", "b"] = "a"
    items: list[int] = Field(default_factory=list)
    auth: Inner | None = None


class WideTask(BaseTask):
    """Takes everything <script>alert(1)</script>."""

    id = "wide/task"
    name = HOSTILE
    version = "2.1"
    requires: ClassVar[list[str]] = ["no-such-package-of-anybody"]
    inputs_schema = Wide
    examples: ClassVar[list[Any]] = [{"text": "hello", "count": 5, "items": [1, 2]}]

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Return the inputs."""
        return inputs


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    default_registry.register(WideTask)
    yield
    default_registry.unregister("wide/task")


def person(name: str, role: str, **fields: Any) -> User:
    user = make_user(name, is_staff=True, **fields)
    user.groups.add(Group.objects.get(name=role))
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada() -> Client:
    return client_of(person("ada", "admin"))


def page(executor: str) -> str:
    return reverse("admin:executor", args=[executor])


def text_of(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def decisions(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "enabled": "on", "rate_seconds": "60", "retry_backoff": "exponential", "retry_base_seconds": "1",
        "retry_cap_seconds": "300", "retry_jitter": "0.1", "breaker_seconds": "60", **changes,
    }  # fmt: skip
    return {"act": "decide"} | {f"decide-{name}": value for name, value in values.items() if value is not None}


# --- looking ----------------------------------------------------------------------------------------------------------


def test_the_list_shows_every_executor_and_every_module_that_failed(
    ada: Client, monkeypatch: Any, django_assert_max_num_queries: Any
) -> None:
    failure = discovery.ImportFailure("mine.broken", "ModuleNotFoundError: No module named 'x'", "Traceback …")
    monkeypatch.setattr(discovery, "failures", [failure])
    monkeypatch.setattr("orchestration.admin.executor_list.failures", [failure])
    make_worker(executors=["echo", "only-there"])
    ExecutorConfig.objects.create(executor="gone", max_concurrency=3)
    make_use("echo", 2, 2)
    with django_assert_max_num_queries(20):
        text = text_of(ada, LIST)
    for words in ("echo", "only-there", "gone", "3 at a time", "mine.broken", "No module named", "not here", "2.1"):
        assert words in text, words
    assert "no-such-package-of-anybody missing" in text and "100.0 %" in text
    assert HOSTILE not in text and "style=" not in text


def test_what_only_workers_could_not_import_is_told_by_the_list_and_by_the_worker(ada: Client) -> None:
    broken = {"module": "ml.tasks", "error": f"ModuleNotFoundError: {HOSTILE}"}
    alive = [make_worker(name, metrics={"broken_executors": [broken]}) for name in ("gpu-1", "gpu-2")]
    long_ago = timezone.now() - timedelta(hours=2)
    make_worker("gpu-0", metrics={"broken_executors": [broken]}, started_at=long_ago, lease_expires_at=long_ago)
    make_worker("cpu-1", metrics={"broken_executors": []})
    make_worker("old-1")
    text = text_of(ada, LIST)
    assert text.count("ml.tasks") == 1 and HOSTILE not in text
    for worker in alive:
        place = reverse("admin:orchestration_worker_change", args=[worker.pk])
        assert f'<a href="{place}">{worker.name}</a>' in text
        assert "ml.tasks" in text_of(ada, place)
    assert "gpu-0" not in text and "cpu-1" not in text


def test_half_open_says_whether_a_task_tries_it(ada: Client) -> None:
    since = timezone.now() - timedelta(seconds=1)
    opened: dict[str, Any] = {"breaker_failures": 1, "breaker_count": 1, "breaker_retry_at": since}
    config = ExecutorConfig.objects.create(executor="echo", **opened)
    for place in (page("echo"), "/"):
        assert "he next task tries it" in text_of(ada, place)
    assert "breaker half-open" in text_of(ada, page("echo"))
    config.breaker_prober = make_worker()
    config.breaker_retry_at = timezone.now() + timedelta(minutes=1)
    config.save()
    for place in (page("echo"), "/"):
        assert "ne task tries it" in text_of(ada, place)
    assert ">echo<" in text_of(ada, LIST, breaker="half_open")


def test_an_executor_that_was_made_here_and_its_page_lead_to_each_other(ada: Client) -> None:
    made = HttpExecutor.objects.create(executor="crm_contact", name="Contact", url="https://crm.example.org/")
    ExecutorConfig.objects.create(executor="crm_contact")
    change = reverse("admin:orchestration_httpexecutor_change", args=[made.pk])
    assert f'href="{change}"' in text_of(ada, page("crm_contact"))
    assert f'href="{page("crm_contact")}"' in text_of(ada, change)
    assert "Change its request" not in text_of(ada, page("echo"))


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ({"q": "ECHO"}, "echo", "rest_executor"),
        ({"origin": "built-in"}, "rest_executor", "wide/task"),
        ({"origin": "nonsense"}, "rest_executor", "nothing at all"),
        ({"state": "off"}, "fail", "rest_executor"),
        ({"workers": "offer it"}, "echo", "rest_executor"),
        ({"breaker": "open"}, "sleep", "rest_executor"),
        ({"q": "a\x00b"}, "No executor is like that", "rest_executor"),
    ],
)
def test_the_list_is_narrowed(ada: Client, query: dict[str, str], there: str, not_there: str) -> None:
    make_worker(executors=["echo"])
    ExecutorConfig.objects.create(executor="fail", enabled=False)
    soon = timezone.now() + timedelta(minutes=1)
    ExecutorConfig.objects.create(executor="sleep", breaker_failures=2, breaker_retry_at=soon)
    rows = text_of(ada, LIST, **query).split("</form>")[-1]
    assert there in rows and f">{not_there}<" not in rows


def test_a_page_says_everything_about_one(ada: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree("Uses it")
    tree.tasks.update(executor="wide/task")
    make_use("wide/task", 4, 1, milliseconds=2_400)
    make_use("wide/task", 1, milliseconds=60_000, days_ago=3)
    with django_assert_max_num_queries(25):
        text = text_of(ada, page("wide/task"))
    for words in (
        "auth.token",
        "≥ 1, ≤ 9",
        "Who asks",
        "Uses it",
        "class WideTask",
        "version 2.1",
        "2.6 s",
        "1 m 06 s",
    ):
        assert words in text, words
    assert "20.0 %" in text and "no worker offers it" in text and "is not installed here" in text
    assert HOSTILE not in text and "<script>alert" not in text and "style=" not in text
    assert reverse("tree-edit", args=[tree.pk]) in text


def test_a_bad_schema_hides_no_page(ada: Client, monkeypatch: Any) -> None:
    class Careless(BaseTask):
        """Declares nonsense."""

        inputs_schema: ClassVar[Any] = {"type": "object", "properties": {"a": 3, "b": {"$ref": "#/nowhere"}}}

    default_registry.register(Careless, id="careless")
    try:
        assert "Declares nonsense" in text_of(ada, page("careless"))
    finally:
        default_registry.unregister("careless")


def test_executors_that_are_not_here_have_a_page_and_others_none(ada: Client) -> None:
    config = ExecutorConfig.objects.create(executor="gone")
    assert "nothing more is known" in text_of(ada, page("gone"))
    answer = ada.get(reverse("admin:orchestration_executorconfig_change", args=[config.pk]))
    assert (answer.status_code, answer["Location"]) == (302, page("gone"))
    assert ada.get(page("nobody")).status_code == 404
    assert ada.get(reverse("admin:orchestration_executorconfig_add")).status_code == 403


def test_trees_of_others_are_not_named() -> None:
    make_tree("Secret plan", owner=make_user("eve"), visibility="private")
    assert "Secret plan" not in text_of(client_of(person("vic", "viewer")), page("echo"))


# --- deciding ---------------------------------------------------------------------------------------------------------


def test_an_administrator_decides(ada: Client) -> None:
    ops = Group.objects.create(name="ops")
    data = decisions(
        enabled=None, max_concurrency="4", default_timeout_seconds="2.5", retry_max_attempts="3",
        default_params='{"host": "a"}', breaker_failures="5", allowed_groups=[ops.pk],
    )  # fmt: skip
    answer = ada.post(page("wide/task"), data)
    assert (answer.status_code, answer["Location"]) == (302, page("wide/task"))
    config = ExecutorConfig.objects.get()
    assert (config.executor, config.enabled, config.max_concurrency) == ("wide/task", False, 4)
    assert config.default_retry == {
        "max_attempts": 3, "backoff": "exponential", "base_seconds": 1, "cap_seconds": 300, "jitter": 0.1,
    }  # fmt: skip
    assert (config.default_params, config.breaker_failures) == ({"host": "a"}, 5)
    assert list(config.allowed_groups.all()) == [ops]
    entry = AuditEntry.objects.get(act="executor.limit")
    assert (entry.username, entry.via, entry.detail["before"]["enabled"]) == ("ada", "admin", True)
    text = text_of(ada, page("wide/task"))
    assert "Running workers follow" in text and 'value="2.5"' in text
    ada.post(page("wide/task"), decisions())
    config.refresh_from_db()
    assert (config.default_retry, config.max_concurrency, config.allowed_groups.count()) == (None, None, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_concurrency", "0"), ("rate_seconds", "0"), ("rate_seconds", "nan"), ("default_timeout_seconds", "-1"),
        ("retry_max_attempts", "101"), ("retry_jitter", "2"), ("default_params", "[1]"), ("default_params", "{"),
        ("default_params", '{"password": "•••"}'), ("breaker_failures", "0"), ("allowed_groups", "999"),
        ("retry_cap_seconds", "90000"),
    ],
)  # fmt: skip
def test_a_mistake_stands_beside_its_field(ada: Client, field: str, value: str) -> None:
    changed = {field: value} if field != "retry_cap_seconds" else {field: value, "retry_max_attempts": "2"}
    answer = ada.post(page("echo"), decisions(**changed))
    assert answer.status_code == 200
    assert answer.context["page"].decisions.errors.keys() == {field}
    assert not ExecutorConfig.objects.exists()


def test_an_administrator_closes_a_breaker(ada: Client) -> None:
    soon = timezone.now() + timedelta(minutes=1)
    ExecutorConfig.objects.create(executor="echo", breaker_failures=2, breaker_count=2, breaker_retry_at=soon)
    assert "It failed 2 times in a row" in text_of(ada, page("echo"))
    assert ada.post(page("echo"), {"act": "reset"}).status_code == 302
    assert ExecutorConfig.objects.get().breaker_state == "closed"
    assert AuditEntry.objects.filter(act="executor.reset_breaker", username="ada").exists()


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_others_look_and_decide_nothing(role: str) -> None:
    client = client_of(person("eve", role))
    ExecutorConfig.objects.create(executor="echo", max_concurrency=7, default_params={"password": "hunter22"})
    text = text_of(client, page("echo"))
    assert "Administrators decide" in text and "decide-enabled" not in text
    assert ("hunter22" in text) == (role == "editor")
    assert text_of(client, LIST)
    for data in (decisions(max_concurrency="1"), {"act": "reset"}, {}):
        assert client.post(page("echo"), data).status_code == 403
    assert ExecutorConfig.objects.get().max_concurrency == 7
    assert client.post(page("echo"), {"act": "try", "try-input_0": "x"}).status_code == (
        302 if role == "editor" else 403
    )


def test_strangers_come_no_further_than_the_door() -> None:
    assert Client().get(LIST).status_code == 302
    assert client_of(make_user("zoe")).get(page("echo")).status_code == 302
    assert client_of(make_user("max", is_staff=True)).get(page("echo")).status_code == 403


# --- trying -----------------------------------------------------------------------------------------------------------


def trial(**fields: str) -> dict[str, str]:
    return {"act": "try"} | {f"try-{name}": value for name, value in fields.items()}


def test_a_trial_is_a_real_run_of_what_was_filled_in(ada: Client) -> None:
    text = text_of(ada, page("wide/task"))
    assert 'value="hello"' in text and 'value="5"' in text and "[\n  1,\n  2\n]" in text
    data = trial(
        input_0="hi", input_1="7", input_2="0.5", input_3="false", input_4="1", input_5="[3]", input_6='{"token": "t"}'
    )
    answer = ada.post(page("wide/task"), data)
    run = Run.objects.get()
    assert answer["Location"] == f"{page('wide/task')}?run={run.pk}#try"
    task = run.task_runs.get()
    assert task.inputs == {
        "text": "hi", "count": 7, "share": 0.5, "loud": False, "kind": "b", "items": [3], "auth": {"token": "t"},
    }  # fmt: skip
    assert (run.tree, run.trigger, run.requested_by and run.requested_by.username) == (None, "manual", "ada")
    assert AuditEntry.objects.filter(act="run.start", username="ada").exists()
    waiting = text_of(ada, page("wide/task"), run=str(run.pk))
    assert 'data-active="500"' in waiting and "Look again" in waiting
    TaskRun.objects.update(status="completed", result={"said": HOSTILE}, finished_at=timezone.now())
    Run.objects.update(status="completed", started_at=timezone.now(), finished_at=timezone.now())
    ended = text_of(ada, page("wide/task"), run=str(run.pk))
    assert "data-active" not in ended and "&quot;said&quot;" in ended and HOSTILE not in ended
    for other in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        assert "data-refresh" not in text_of(ada, page("wide/task"), run=other)


def test_raw_inputs_go_before_the_fields(ada: Client) -> None:
    ada.post(page("wide/task"), trial(input_0="no", raw='{"text": "yes", "more": 1}'))
    assert TaskRun.objects.get().inputs == {"text": "yes", "more": 1}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "input_0", "required"),
        ({"input_0": "x", "input_1": "12"}, "input_1", "less than or equal to 9"),
        ({"input_0": "x", "input_1": "many"}, "input_1", "whole number"),
        ({"input_0": "x", "input_5": "[1, 'a']"}, "input_5", ""),
        ({"input_0": "x", "input_5": '["a"]'}, "input_5", "[0]"),
        ({"input_0": "x", "input_6": "{}"}, "input_6", "token"),
        ({"input_0": "x" * 50}, "input_0", "40 characters"),
        ({"raw": '{"count": 3}'}, "raw", "$.inputs.text"),
        ({"raw": "[1]"}, "raw", "object"),
    ],
)
def test_a_mistake_in_a_trial_stands_beside_its_field(
    ada: Client, fields: dict[str, str], field: str, words: str
) -> None:
    answer = ada.post(page("wide/task"), trial(**fields))
    assert answer.status_code == 200
    errors = answer.context["page"].trial.errors
    assert list(errors) == [field] and words in str(errors[field].as_text())
    assert not Run.objects.exists()


def test_a_trial_needs_the_right_to_use_it() -> None:
    ops = Group.objects.create(name="ops")
    config = ExecutorConfig.objects.create(executor="echo")
    config.allowed_groups.add(ops)
    eve = person("eve", "editor")
    assert client_of(eve).post(page("echo"), trial(input_0="x")).status_code == 403
    assert 'value="try"' not in text_of(client_of(eve), page("echo"))
    eve.groups.add(ops)
    assert client_of(eve).post(page("echo"), trial(input_0="x")).status_code == 302
    assert Run.objects.count() == 1 and not Tree.objects.exists()
