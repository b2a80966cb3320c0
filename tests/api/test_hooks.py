"""Hooks over the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from apflow import clear_config, register_pre_hook
from orchestration.models import AuditEntry, HookRegistration, RunEvent, TaskRun, WebhookDelivery
from orchestration.models.roles import ROLE_PERMISSIONS
from tests import hook_functions
from tests.hook_scene import FUNCTIONS, allowing, make_hook
from tests.pages.scene import make_run, task_run
from tests.webhook_scene import make_webhook, receiving

from .conftest import Caller
from .world import make_tree

pytestmark = pytest.mark.django_db

STAMP: dict[str, Any] = {"name": "Stamp", "event": "pre", "target": f"{FUNCTIONS}:stamp"}


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    clear_config()
    with allowing(FUNCTIONS):
        yield
    clear_config()


def some_task_run() -> TaskRun:
    run = make_run(make_tree("Import"), "completed")
    row = task_run(run, 0, "completed", run.queued_at, name="Fetch", inputs={"n": 1, "password": "hunter2hunter2"})
    row.save()
    return row


def test_a_hook_from_its_making_to_its_end(admin: Caller) -> None:
    tree = make_tree("Import")
    made = admin("POST", "/hooks", {**STAMP, "trees": [str(tree.pk)], "executors": ["echo"], "on_error": "fail"})
    assert (made.status, made.body["words"]) == (201, "tasks in Import, by echo")
    assert (made.body["origin"], made.body["gone"], made.body["position"]) == ("admin", False, 1)
    assert made.body["stats"] == {"runs": 0, "errors": 0, "slow": 0, "p95_ms": None}
    path = f"/hooks/{made.body['id']}"
    changed = admin("PUT", path, {**STAMP, "timeout_seconds": 2.5})
    assert (changed.body["timeout_seconds"], changed.body["trees"], changed.body["on_error"]) == (2.5, [], "log")
    assert admin("PUT", f"{path}/enabled", {"enabled": False}).body["enabled"] is False
    assert [hook["name"] for hook in admin("GET", "/hooks?event=pre").body["items"]] == ["Stamp"]
    assert admin("GET", "/hooks?event=post").body["items"] == []
    assert admin("DELETE", path).status == 204
    assert admin("GET", path).status == 404
    acts = AuditEntry.objects.filter(act__startswith="hook.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["hook.create", "hook.change", "hook.off", "hook.delete"]


def test_a_hook_whose_trees_were_deleted_becomes_one_for_every_tree_only_by_name(admin: Caller) -> None:
    tree, other = make_tree("Import"), make_tree("Other")
    made = admin("POST", "/hooks", {**STAMP, "trees": [str(tree.pk)]})
    path = f"/hooks/{made.body['id']}"
    tree.delete()
    silent: list[dict[str, Any]] = [{}, {"trees": []}, {"every_tree": False}]
    for said in silent:
        refused = admin("PUT", path, {**STAMP, **said})
        assert (refused.status, refused.paths) == (422, ["$.trees"]), said
    assert admin("GET", path).body["every_tree"] is False
    assert admin("PUT", path, {**STAMP, "every_tree": True, "trees": [str(other.pk)]}).paths == ["$.every_tree"]
    changed = admin("PUT", path, {**STAMP, "trees": [str(other.pk)]}).body
    assert (changed["every_tree"], changed["trees"]) == (False, [str(other.pk)])
    other.delete()
    assert admin("PUT", path, {**STAMP, "every_tree": True}).body["every_tree"] is True
    assert admin("PUT", path, STAMP).body["every_tree"] is True
    assert admin("POST", "/hooks", {**STAMP, "name": "None", "every_tree": False}).paths == ["$.trees"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"target": "os:system"}, "$.target"),
        ({"target": f"{FUNCTIONS}:count"}, "$.target"),
        ({"target": ""}, "$.target"),
        ({"webhook": "0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10"}, "$.webhook"),
        ({"trees": ["0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10"]}, "$.trees[0]"),
        ({"timeout_seconds": 0}, "$.timeout_seconds"),
        ({"event": "sometime"}, "$.event"),
        ({"statuses": ["failed"]}, "$.statuses"),
        ({"tags": [""]}, "$.tags"),
        ({"unknown": 1}, "$.unknown"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(admin: Caller, fields: dict[str, Any], path: str) -> None:
    answer = admin("POST", "/hooks", {**STAMP, **fields})
    assert (answer.status, answer.paths) == (422, [path])
    assert not HookRegistration.objects.exists()


def test_the_order_is_read_and_set_and_two_do_not_overwrite_each_other(admin: Caller) -> None:
    a, b, c = (make_hook(name) for name in "abc")
    seen = admin("GET", "/hooks/order").body
    assert seen["events"]["pre"] == [a.pk, b.pk, c.pk]
    wanted = {"version": seen["version"], "event": "pre", "hooks": [c.pk, a.pk, b.pk]}
    answer = admin("PUT", "/hooks/order", wanted)
    assert answer.body["events"]["pre"] == wanted["hooks"] and answer.body["version"] > seen["version"]
    again = admin("PUT", "/hooks/order", {**wanted, "hooks": [a.pk, b.pk, c.pk]})
    assert (again.status, again.code) == (409, "version_conflict")
    partial = admin("PUT", "/hooks/order", {**wanted, "version": answer.body["version"], "hooks": [a.pk]})
    assert (partial.status, partial.paths) == (422, ["$.hooks"])
    assert admin("GET", "/hooks/order").body["events"]["pre"] == wanted["hooks"]


def test_what_the_code_registers_is_not_deleted(admin: Caller) -> None:
    register_pre_hook(hook_functions.stamp)
    (listed,) = admin("GET", "/hooks").body["items"]
    assert (listed["origin"], listed["gone"]) == ("decorator", False)
    answer = admin("DELETE", f"/hooks/{listed['id']}")
    assert (answer.status, answer.code) == (409, "not_possible")
    changed = admin("PUT", f"/hooks/{listed['id']}", {"name": "x", "event": "post", "tags": ["etl"]})
    assert (changed.body["name"], changed.body["event"], changed.body["tags"]) == (listed["name"], "pre", ["etl"])


def test_a_hook_is_tried_out(admin: Caller) -> None:
    hook, row = make_hook(), some_task_run()
    answer = admin("POST", f"/hooks/{hook.pk}/test", {"task_run": row.pk}).body
    assert (answer["error"], answer["would_run"]) == ("", True)
    assert {change["key"]: change["after"] for change in answer["changed"]} == {"stamped": "true", "n": ""}
    row.refresh_from_db()
    assert row.inputs["n"] == 1
    assert admin("POST", f"/hooks/{hook.pk}/test", {"task_run": row.pk + 1}).paths == ["$.task_run"]


@pytest.mark.django_db(transaction=True)
def test_a_trial_reads_the_tasks_of_its_run_and_not_those_of_a_copy(admin: Caller) -> None:
    row = some_task_run()
    assert make_tree("Copy").tasks.filter(ordinal=0).update(uid=row.task_uid, name="Another") == 1
    hook = make_hook(target=f"{FUNCTIONS}:look_itself_up")
    answer = admin("POST", f"/hooks/{hook.pk}/test", {"task_run": row.pk}).body
    assert answer["returned"] == "\"Fetch completed ['Fetch']\""


@pytest.mark.django_db(transaction=True)
def test_a_webhook_is_really_told_and_that_it_is_a_test(admin: Caller) -> None:
    with receiving() as site:
        hook = make_hook("Tell", webhook=make_webhook(f"{site.origin}/ok"))
        answer = admin("POST", f"/hooks/{hook.pk}/test", {"task_run": some_task_run().pk}).body
    assert answer["status_code"] is not None
    told = json.loads(answer["payload"])
    assert told["test"] is True and told["task"]["name"] == "Fetch"
    delivery = WebhookDelivery.objects.get()
    assert delivery.payload["test"] is True and "hunter2" not in json.dumps(delivery.payload)


def test_no_lesser_role_holds_a_permission_on_hooks() -> None:
    for role in ("viewer", "operator", "editor"):
        assert not [name for name in ROLE_PERMISSIONS[role] or () if "hook" in name]


def test_the_attempts_of_a_task_tell_of_its_hooks(admin: Caller) -> None:
    row = some_task_run()
    TaskRun.objects.filter(pk=row.pk).update(attempt=1)
    said = {"hook": "Stamp", "event": "pre", "ms": 1.5, "changed": ["n"]}
    broken = {"hook": "Tell", "event": "post", "ms": 2100, "error": "ValueError: no", "slow": True}
    RunEvent.objects.create(
        run=row.run, seq=2, type="task.hooks", task_run=row, at=row.run.queued_at,
        data={"attempt": 1, "hooks": [said, broken]},
    )  # fmt: skip
    address = f"/runs/{row.run_id}/tasks/{row.task_uid}"
    (attempt,) = admin("GET", address).body["attempts"]
    assert attempt["hooks"] == [{**said, "error": None, "slow": False}, {**broken, "changed": []}]
    assert admin("GET", f"{address}/attempts").body["items"] == [attempt]
    page = admin.client.get(f"/runs/{row.run_id}/tasks/{row.pk}/").content.decode()
    assert "Stamp" in page and "2.1 s" in page and "ValueError: no" in page and ">slow<" in page
