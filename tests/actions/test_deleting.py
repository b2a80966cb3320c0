"""Deleting what somebody else uses, changes or deletes at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.utils import timezone

from orchestration.actions.deliveries import WebhookOffError, deliver_now, enqueue
from orchestration.actions.delivery_attempts import begin_attempt
from orchestration.actions.executors import decide
from orchestration.actions.groups import delete_group
from orchestration.actions.hooks import delete_hook
from orchestration.actions.http_executors import delete_http_executor
from orchestration.actions.incoming_webhooks import create_incoming, delete_incoming
from orchestration.actions.outgoing_webhooks import delete_outgoing
from orchestration.actions.people import change_person, create_person, delete_person
from orchestration.actions.tokens import create_token
from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError
from orchestration.models import (
    ApiToken,
    AuditEntry,
    ExecutorConfig,
    HookUse,
    HttpExecutor,
    IncomingWebhook,
    OutgoingWebhook,
    WebhookDelivery,
    WebhookReceipt,
)
from tests.hook_scene import make_hook
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_tree, make_user
from tests.webhook_scene import make_webhook

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def ada() -> User:
    user = make_user("ada")
    user.groups.add(Group.objects.get(name="admin"))
    return user


def incoming(ada: User) -> IncomingWebhook:
    tree = make_tree()
    return create_incoming({"name": "Orders", "tree": tree, "responsible": ada}, user=ada).webhook


def outgoing(ada: User) -> OutgoingWebhook:
    return make_webhook("https://crm.example.org/")


def http_executor(ada: User) -> HttpExecutor:
    return HttpExecutor.objects.create(executor="crm_order", name="Order", url="https://crm.example.org/")


ROWS: dict[str, tuple[Callable[[User], Any], Callable[..., None]]] = {
    "incoming_webhook": (incoming, delete_incoming),
    "webhook": (outgoing, delete_outgoing),
    "hook": (lambda ada: make_hook(), delete_hook),
    "http_executor": (http_executor, delete_http_executor),
    "group": (lambda ada: Group.objects.create(name="night shift"), delete_group),
    "user": (lambda ada: make_user("ann"), delete_person),
}


@pytest.mark.parametrize("noun", ROWS)
def test_what_somebody_else_deletes_first_is_not_deleted_twice(ada: User, noun: str) -> None:
    make, delete = ROWS[noun]
    row = make(ada)
    stored: Any = type(row)
    with pytest.raises(stored.DoesNotExist):
        act_after_waiting(row, stored.objects.filter(pk=row.pk).delete, lambda: delete(row, user=ada))
    assert not AuditEntry.objects.filter(act=f"{noun}.delete").exists()


@pytest.mark.parametrize("noun", ["incoming_webhook", "webhook", "hook", "http_executor"])
def test_the_trail_keeps_what_was_deleted_and_not_what_was_seen(ada: User, noun: str) -> None:
    make, delete = ROWS[noun]
    row = make(ada)
    type(row)._base_manager.filter(pk=row.pk).update(name="Another")
    delete(row, user=ada)
    assert AuditEntry.objects.get(act=f"{noun}.delete").detail["name"] == "Another"


# --- webhooks and hooks -----------------------------------------------------------------------------------------------


def test_a_receipt_that_is_just_being_written_goes_with_its_webhook(ada: User) -> None:
    webhook, now = incoming(ada), timezone.now()

    def receive() -> None:
        webhook.receipts.create(at=now, last_at=now, outcome="started", body_bytes=0, body_digest="0" * 64)

    act_after_waiting(webhook, receive, lambda: delete_incoming(webhook, user=ada))
    assert not IncomingWebhook.objects.exists() and not WebhookReceipt.objects.exists()


def test_a_delivery_that_is_just_being_queued_goes_with_its_webhook(ada: User) -> None:
    webhook = outgoing(ada)
    act_after_waiting(webhook, lambda: enqueue(webhook.pk, "e", {}, "k"), lambda: delete_outgoing(webhook, user=ada))
    assert not OutgoingWebhook.objects.exists() and not WebhookDelivery.objects.exists()
    assert AuditEntry.objects.get(act="webhook.delete").detail["pending"] == 1


def test_an_attempt_that_is_just_beginning_goes_with_its_webhook(ada: User) -> None:
    webhook = outgoing(ada)
    delivery = WebhookDelivery.objects.get(pk=enqueue(webhook.pk, "e", {}, "k"))
    act_after_waiting(
        delivery, lambda: begin_attempt(delivery, timezone.now()), lambda: delete_outgoing(webhook, user=ada)
    )
    assert not OutgoingWebhook.objects.exists() and not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("tell", [enqueue, partial(deliver_now, timeout_seconds=5)])
@pytest.mark.parametrize("told_before", [False, True])
def test_a_webhook_that_is_just_being_deleted_is_told_nothing(
    ada: User, tell: Callable[..., Any], told_before: bool
) -> None:
    webhook = outgoing(ada)
    if told_before:
        enqueue(webhook.pk, "e", {}, "k")
    with pytest.raises(WebhookOffError):
        act_after_waiting(webhook, lambda: delete_outgoing(webhook, user=ada), lambda: tell(webhook.pk, "e", {}, "k"))


def test_calls_that_are_just_being_counted_go_with_their_hook(ada: User) -> None:
    hook = make_hook()
    count = {"day": timezone.now().date(), "runs": 1, "buckets": []}
    act_after_waiting(hook, lambda: hook.uses.create(**count), lambda: delete_hook(hook, user=ada))
    assert not type(hook).objects.exists() and not HookUse.objects.exists()


# --- people and groups ------------------------------------------------------------------------------------------------


def test_what_somebody_is_just_given_goes_with_them(ada: User) -> None:
    ann = make_user("ann")
    act_after_waiting(ann, lambda: create_token(ann, "nightly", "read"), lambda: delete_person(ann, user=ada))
    assert User.objects.get() == ada and not ApiToken.objects.exists()


def allowed(executor: str = "echo") -> list[str]:
    return list(ExecutorConfig.objects.get(executor=executor).allowed_groups.values_list("name", flat=True))


@pytest.mark.parametrize("before", [[], ["night shift"]])
def test_a_group_that_an_executor_is_just_limited_to_stays(ada: User, before: list[str]) -> None:
    ops, _ = Group.objects.create(name="ops"), Group.objects.create(name="night shift")
    decide("echo", {"allowed_groups": before})
    with pytest.raises(NotPossibleError, match="echo"):
        act_after_waiting(ops, lambda: decide("echo", {"allowed_groups": ["ops"]}), lambda: delete_group(ops, user=ada))
    assert allowed() == ["ops"]


@pytest.mark.parametrize("before", [[], ["night shift"], ["night shift", "ops"]])
def test_no_executor_is_limited_to_a_group_that_is_just_being_deleted(ada: User, before: list[str]) -> None:
    ops, _ = Group.objects.create(name="ops"), Group.objects.create(name="night shift")
    decide("echo", {"allowed_groups": before})
    waits_for: Model = ExecutorConfig.objects.get() if "ops" in before else ops
    with pytest.raises(InvalidDefinitionError) as caught:
        act_after_waiting(
            waits_for, lambda: delete_group(ops, user=ada), lambda: decide("echo", {"allowed_groups": ["ops"]})
        )
    assert [problem.path for problem in caught.value.problems] == ["$.allowed_groups"]
    assert allowed() == [name for name in before if name != "ops"]


@pytest.mark.parametrize("act", ["create", "change"])
def test_nobody_gets_into_a_group_that_is_just_being_deleted(ada: User, act: str) -> None:
    ops, ann = Group.objects.create(name="ops"), make_user("ann")
    acts: dict[str, Callable[[], User]] = {
        "create": lambda: create_person({"username": "ben"}, groups=[ops], user=ada),
        "change": lambda: change_person(ann, {}, groups=[ops], user=ada),
    }
    turn = Permission.objects.get(codename="manage_all_trees")  # which is the one of `one_at_a_time`
    with pytest.raises(InvalidDefinitionError) as caught:
        act_after_waiting(turn, lambda: delete_group(ops, user=ada), acts[act])
    assert [str(problem) for problem in caught.value.problems] == ["$.groups: there is no group 'ops' any more"]
    assert User.objects.count() == 2 and not ann.groups.exists()
