"""Webhooks by the API; who may ask is in the matrix."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions import incoming_webhooks, outgoing_webhooks
from orchestration.actions.delivery_attempts import claim_next, make_attempt
from orchestration.actions.hooks import create_hook
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.models import IncomingWebhook, OutgoingWebhook, Run
from orchestration.store.vault import open_sealed
from tests.executors.conftest import Reply
from tests.hook_scene import make_hook
from tests.webhook_scene import make_webhook, receiving

from .world import World

pytestmark = pytest.mark.django_db


def ask(world: World, method: str, path: str, body: Any = None) -> Any:
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return world.ask("admin:admin", method, f"/api/v1/webhooks{path}", **sent)


def test_an_outgoing_webhook_from_its_making_to_a_second_try(world: World) -> None:
    with receiving() as site:
        site.replies["/in"] = Reply(400, body=b"no")
        made = ask(world, "post", "/outgoing", {"name": "CRM", "url": f"{site.origin}/in"}).json()
        address = f"/outgoing/{made['id']}"
        assert open_sealed(OutgoingWebhook.objects.get().sealed_secret, "It") == made["secret"]
        assert "secret" not in ask(world, "get", address).json()
        second = ask(world, "post", f"{address}/secret").json()
        assert second["secret"] != made["secret"] and second["old_secret_until"] is not None
        result = ask(world, "post", f"{address}/test").json()
        assert (result["ok"], result["status_code"], result["error"]) == (False, 400, "answered 400")
        delivery = f"/deliveries/{result['delivery_id']}"
        log = ask(world, "get", delivery).json()["log"]
        assert [(entry["status_code"], entry["answer_body"]) for entry in log] == [(400, "no")]
        site.replies.clear()
        assert ask(world, "post", f"{delivery}/resend").status_code == 202
        claimed = claim_next()
        assert claimed is not None and make_attempt(claimed).ok
    assert [row["status"] for row in ask(world, "get", "/deliveries?status=delivered").json()["items"]] == ["delivered"]
    assert ask(world, "get", "/deliveries?event=other").json()["items"] == []
    changed = ask(world, "put", address, {"name": "CRM", "url": "https://crm.example.org/", "enabled": False}).json()
    assert changed["enabled"] is False
    refused = ask(world, "post", f"{address}/test")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "webhook_off")
    assert ask(world, "delete", address).status_code == 204


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Tell CRM"], "The hook “Tell CRM” uses this webhook: delete it first, or let it tell another"),
        (["a", "b"], "The hooks “a”, “b” use this webhook: delete them first, or let them tell another"),
        (list("abcdefg"), "The hooks “a”, “b”, “c”, “d”, “e” and 2 more use this webhook"),
    ],
)
def test_what_hooks_use_is_not_deleted(world: World, names: list[str], said: str) -> None:
    webhook = make_webhook("https://crm.example.org/")
    hooks = [make_hook(name, "post", webhook=webhook) for name in names]
    refused = ask(world, "delete", f"/outgoing/{webhook.pk}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_possible")
    assert said in refused.json()["error"]["message"]
    for hook in hooks:
        hook.delete()
    assert ask(world, "delete", f"/outgoing/{webhook.pk}").status_code == 204


def test_a_hook_can_not_be_of_a_webhook_that_has_just_gone(world: World) -> None:
    webhook = make_webhook("https://crm.example.org/")
    OutgoingWebhook.objects.all().delete()
    values = {"name": "Tell CRM", "event": "post", "target": "", "webhook": webhook}
    with pytest.raises(InvalidDefinitionError, match=r"\$\.webhook: there is no such webhook"):
        create_hook(values, [], user=User.objects.get(username="admin"))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "CRM", "url": "crm"}, "$.url"),
        ({"name": "CRM", "url": "https://a.example/", "headers": {"Host": "b"}}, "$.headers.Host"),
        (
            {"name": "CRM", "url": "https://a.example/", "backoff_base_seconds": 9, "backoff_cap_seconds": 8},
            "$.backoff_cap_seconds",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(world: World, body: Any, path: str) -> None:
    answer = ask(world, "post", "/outgoing", body)
    assert (answer.status_code, answer.json()["error"]["path"]) == (422, path)


@pytest.mark.parametrize("module", [outgoing_webhooks, incoming_webhooks])
@pytest.mark.parametrize("way", ["post", "put"])
def test_a_name_that_somebody_else_has_just_taken_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, module: Any, way: str
) -> None:
    tree, look = world.others["shared"].tree, module.field_problems
    outgoing = module is outgoing_webhooks
    body = {"url": "https://crm.example.org/"} if outgoing else {"tree": str(tree.pk)}
    address = "/outgoing" if outgoing else "/incoming"
    if way == "put":
        address += f"/{ask(world, 'post', address, {'name': 'Old', **body}).json()['id']}"

    def look_and_be_late(row: Any, names: tuple[str, ...]) -> list[Problem]:
        problems: list[Problem] = look(row, names)
        if outgoing:
            make_webhook("https://crm.example.org/", name="CRM")
        else:
            IncomingWebhook.objects.create(name="CRM", tree=tree, scheme="none", digest="0" * 64)
        return problems

    monkeypatch.setattr(module, "field_problems", look_and_be_late)
    answer = ask(world, way, address, {"name": "CRM", **body})
    assert (answer.status_code, answer.json()["error"]["path"]) == (422, "$.name")
    assert "somebody else has just taken this" in answer.json()["error"]["message"]


def test_an_incoming_webhook_from_its_making_to_a_run(world: World) -> None:
    tree = world.others["shared"].tree
    body = {"name": "Orders", "tree": str(tree.pk), "scheme": "token", "secret": "of-the-sender"}
    made = ask(world, "post", "/incoming", body).json()
    assert (made["secret"], made["responsible"]) == (None, "admin")
    sent: dict[str, Any] = {"content_type": "application/json", "headers": {"X-Webhook-Token": "of-the-sender"}}
    run = Client().post(made["path"], {}, **sent).json()["run"]
    assert str(Run.objects.get(trigger="webhook").pk) == run
    address = f"/incoming/{made['id']}"
    (receipt,) = ask(world, "get", f"{address}/receipts").json()["items"]
    assert (receipt["outcome"], receipt["run_id"]) == ("started", run)
    moved = ask(world, "post", f"{address}/address").json()
    assert Client().post(made["path"], {}, **sent).status_code == 401
    assert Client().post(moved["path"], {}, **sent).status_code == 202
    changed = ask(world, "put", address, {"name": "Orders", "tree": str(tree.pk)}).json()
    assert changed["secret"].startswith("whsec_") and changed["path"] is None
    unknown = ask(world, "put", address, {"name": "Orders", "tree": str(tree.pk), "responsible": "nobody-here"})
    assert unknown.json()["error"]["path"] == "$.responsible"
    assert ask(world, "delete", address).status_code == 204
