"""Secrets over the API: everything but their values."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from orchestration.models import AuditEntry, Secret, SecretUse
from orchestration.store.vault import unseal
from tests.webhook_scene import make_webhook

from .conftest import Caller, person
from .world import make_tree

pytestmark = pytest.mark.django_db

VALUE: Final = "  s3cret-value-of-the-crm\n"
CRM: Final[dict[str, Any]] = {"name": "CRM", "value": VALUE}


@pytest.fixture(autouse=True)
def _nothing_says_the_value(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does: neither the trail nor a log has the value, nor what it is stored as."""
    caplog.set_level(logging.DEBUG)
    yield
    sealed = list(Secret.objects.values_list("ciphertext", flat=True))
    said = [str(list(AuditEntry.objects.values())), str(list(LogEntry.objects.values()))]
    # What the database is sent is no log of ours; it holds the sealed text.
    said += [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    for text in said:
        assert VALUE.strip() not in text
        assert not any(one in text for one in sealed)


def make(admin: Caller, **fields: Any) -> dict[str, Any]:
    answer = admin("POST", "/secrets", {**CRM, **fields})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.body
    return made


def test_a_secret_from_its_making_to_its_end(admin: Caller) -> None:
    tree, webhook = make_tree("Import"), make_webhook("http://127.0.0.1:9/", name="CRM")
    made = make(admin, description="of the CRM", executors=["echo"], trees=[str(tree.pk)], webhooks=[str(webhook.pk)])
    path = f"/secrets/{made['id']}"
    secret = Secret.objects.get()
    assert (unseal(secret), secret.updated_by) == (VALUE, admin.user)
    known = {"name": "CRM", "description": "of the CRM", "for_all": False, "executors": ["echo"]}
    known |= {"trees": [str(tree.pk)], "webhooks": [str(webhook.pk)], "value_set_by": "ada", "last_used_at": None}
    assert made == known | {name: made[name] for name in ("id", "created_at", "value_set_at")}
    assert admin("GET", path).body == made
    assert admin("GET", "/secrets").body["items"] == [made]

    changed = admin("PATCH", path, {"value": "another value", "trees": [], "for_all": True}).body
    assert changed == made | {"trees": [], "for_all": True, "value_set_at": changed["value_set_at"]}
    assert changed["value_set_at"] > made["value_set_at"]
    assert unseal(Secret.objects.get()) == "another value"
    again = admin("PATCH", path, {"name": "CRM_2", "description": None}).body
    assert again == changed | {"name": "CRM_2"}
    assert unseal(Secret.objects.get()) == "another value"
    assert admin("PATCH", path, {}).body == again

    assert admin("DELETE", path).status == 204
    assert [admin(method, path, body).status for method, body in (("GET", None), ("DELETE", None), ("PATCH", {}))] == [
        404
    ] * 3
    acts = AuditEntry.objects.filter(act__startswith="secret.").order_by("pk").values_list("act", "username", "via")
    assert list(acts) == [(f"secret.{act}", "ada", "api") for act in ("create", "change", "change", "delete")]
    first = AuditEntry.objects.filter(act="secret.change").earliest("pk").detail["changed"]
    assert first == {"for_all": [False, True], "trees": [[f"Import ({tree.pk})"], []], "value": "a new one"}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"value": "12345"}, "$.value"),
        ({"value": "  12345  "}, "$.value"),
        ({"value": "x" * 65_537}, "$.value"),
        ({"value": None}, "$.value"),
        ({"value": 123456}, "$.value"),
        ({"value": f"{VALUE}\ud800"}, "$"),
        ({"name": "2nd"}, "$.name"),
        ({"name": "A-B"}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"name": "A\n"}, "$.name"),
        ({"name": "TAKEN"}, "$.name"),
        ({"executors": ["echo", "nobody-knows-it"]}, "$.executors[1]"),
        ({"executors": "echo"}, "$.executors"),
        ({"trees": ["0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10"]}, "$.trees[0]"),
        ({"webhooks": ["0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10"]}, "$.webhooks[0]"),
        ({"trees": ["nonsense"]}, "$.trees[0]"),
        ({"for_all": 1}, "$.for_all"),
        ({"ciphertext": "x"}, "$.ciphertext"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_wrong_is_named_with_its_place(admin: Caller, method: str, fields: dict[str, Any], path: str) -> None:
    make(admin, name="TAKEN")
    there = make(admin, name="THERE")
    address = "/secrets" if method == "POST" else f"/secrets/{there['id']}"
    answer = admin(method, address, {**CRM, **fields})
    if method == "PATCH" and fields == {"value": None}:
        assert answer.status == 200  # null is what is absent
        return
    assert answer.status in (400, 422)
    if answer.status == 422:
        assert answer.paths == [path]
    assert VALUE.strip() not in str(answer.body)
    assert sorted(Secret.objects.values_list("name", flat=True)) == ["TAKEN", "THERE"]
    assert [unseal(secret) for secret in Secret.objects.all()] == [VALUE, VALUE]


def test_executors_that_have_it_and_are_not_here_stay(admin: Caller) -> None:
    made = make(admin)
    Secret.objects.update(executors=["elsewhere"])
    changed = admin("PATCH", f"/secrets/{made['id']}", {"executors": ["elsewhere", "echo"]})
    assert (changed.status, changed.body["executors"]) == (200, ["elsewhere", "echo"])


def test_the_list_is_paged_and_searched_and_takes_few_queries(
    admin: Caller, django_assert_max_num_queries: Any
) -> None:
    tree = make_tree("Import")
    for number in range(12):
        make(admin, name=f"S_{number:02}", description="even" if number % 2 == 0 else "odd", trees=[str(tree.pk)])
    with django_assert_max_num_queries(8):
        first = admin("GET", "/secrets?limit=5").body
    names = [row["name"] for row in first["items"]]
    while first["next"]:
        first = admin("GET", f"/secrets?limit=5&cursor={first['next']}").body
        names += [row["name"] for row in first["items"]]
    assert names == [f"S_{number:02}" for number in range(12)]
    assert len(admin("GET", "/secrets?q=EVEN").body["items"]) == 6
    assert len(admin("GET", "/secrets?q=s_1").body["items"]) == 2
    assert admin("GET", "/secrets?value=x").status == 400


def test_uses_are_told_newest_first_and_outlive_the_secret(admin: Caller) -> None:
    made, run = make(admin), str(uuid4())
    secret = Secret.objects.get()
    SecretUse.objects.record([secret], run=run, task_uid="fetch", executor="echo")
    SecretUse.objects.record_delivery([secret], make_webhook("http://127.0.0.1:9/", name="Tell"))
    told, fetched = admin("GET", "/secrets/uses?name=CRM").body["items"]
    assert fetched == {
        **{"id": fetched["id"], "at": fetched["at"], "name": "CRM", "secret": made["id"], "run": run},
        **{"task": "fetch", "executor": "echo", "webhook": ""},
    }
    assert (told["webhook"], told["task"], told["run"]) == ("Tell", "", None)
    assert admin("GET", f"/secrets/{made['id']}").body["last_used_at"] == told["at"]
    for narrowed in (f"run={run}", "task=fetch", "executor=echo"):
        assert admin("GET", f"/secrets/uses?{narrowed}").body["items"] == [fetched]
    assert admin("GET", "/secrets/uses?webhook=Tell").body["items"] == [told]
    later = (timezone.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert admin("GET", f"/secrets/uses?since={later}").body["items"] == []
    assert len(admin("GET", f"/secrets/uses?until={later}").body["items"]) == 2
    assert admin("GET", "/secrets/uses?name=ERP").body["items"] == []
    admin("DELETE", f"/secrets/{made['id']}")
    assert [use["secret"] for use in admin("GET", "/secrets/uses").body["items"]] == [None, None]


def test_a_permission_is_worth_what_it_is_in_the_administration(admin: Caller) -> None:
    made = make(admin)
    user = person("paul")
    paul = Caller(user)
    path = f"/secrets/{made['id']}"
    assert paul("GET", path).status == 403
    user.user_permissions.add(Permission.objects.get(codename="view_secret"))
    assert (paul("GET", path).status, paul("GET", "/secrets").status) == (200, 200)
    assert [paul("PATCH", path, {}).status, paul("DELETE", path).status, paul("POST", "/secrets", CRM).status] == [
        403
    ] * 3
    assert paul("GET", "/secrets/uses").status == 403
    user.user_permissions.add(Permission.objects.get(codename="change_secret"))
    assert (paul("PATCH", path, {"for_all": True}).status, paul("DELETE", path).status) == (200, 403)
