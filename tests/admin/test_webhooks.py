"""Webhooks in the admin: made, tried and looked at by administrators, closed to everybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.actions.deliveries import deliver_now, enqueue
from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.models import (
    AuditEntry,
    IncomingWebhook,
    OutgoingWebhook,
    Schedule,
    Secret,
    Tree,
    WebhookDelivery,
    WebhookReceipt,
)
from orchestration.store.vault import open_sealed
from tests.executors.conftest import Reply, Site
from tests.hook_scene import make_hook
from tests.pages.scene import HOSTILE, make_tree, make_user
from tests.webhook_scene import make_secret, make_webhook, receiving

pytestmark = pytest.mark.django_db

OUTGOING = {
    "name": "CRM",
    "url": "https://crm.example.org/hooks",
    "description": "",
    "enabled": "on",
    "headers": '{"Authorization": "Bearer {{ secrets.CRM }}"}',
    "timeout_seconds": "10",
    "max_attempts": "8",
    "backoff_base_seconds": "5",
    "backoff_cap_seconds": "3600",
}
INCOMING = {
    "name": "Orders",
    "description": "",
    "enabled": "on",
    "scheme": "standard",
    "secret": "",
    "header_name": "X-Webhook-Token",
    "tolerance_seconds": "300",
    "parameters": '{"day": "{{ body.day }}"}',
    "only_when": "",
    "priority": "2",
    "rate_count": "60",
    "rate_seconds": "60",
    "max_body_bytes": "1000",
}
SECRET = re.compile(r'id="secret">(whsec_[^<]+)<')
ADDRESS = re.compile(r'id="address">http://testserver/hooks/in/([^<]+)<')


@pytest.fixture
def site() -> Iterator[Site]:
    with receiving() as site:
        yield site


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:orchestration_{name}", args=args)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return str(response.content.decode())


def problems(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def shown(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found is not None
    return found[1]


def make_incoming(ada: User, **fields: Any) -> IncomingWebhook:
    values = {"name": "Orders", "tree": make_tree(), "responsible": ada, **fields}
    return create_incoming(values, user=ada).webhook


def test_an_outgoing_webhook_is_made_and_its_secret_shown_once(browser: Client) -> None:
    response = browser.post(page("outgoingwebhook_add"), OUTGOING)
    secret = shown(SECRET, text_of(response))
    assert "no-store" in response.headers["Cache-Control"]
    webhook = OutgoingWebhook.objects.get()
    assert open_sealed(webhook.sealed_secret, "It") == secret
    for address in (
        page("outgoingwebhook_changelist"),
        page("outgoingwebhook_change", webhook.pk),
        page("outgoingwebhook_history", webhook.pk),
    ):
        text = text_of(browser.get(address))
        assert secret not in text and webhook.sealed_secret not in text
    trail = AuditEntry.objects.get(act="webhook.create")
    assert trail.via == "admin" and secret not in str(trail.detail)


def test_a_secret_is_replaced_and_the_old_one_kept_for_a_day(browser: Client) -> None:
    webhook = make_webhook("https://crm.example.org/")
    before = webhook.sealed_secret
    address = page("outgoingwebhook_secret", webhook.pk)
    assert "For a day" in text_of(browser.get(address))
    webhook.refresh_from_db()
    assert webhook.sealed_secret == before, "looking changes nothing"
    secret = shown(SECRET, text_of(browser.post(address)))
    webhook.refresh_from_db()
    assert webhook.sealed_old_secret == before and open_sealed(webhook.sealed_secret, "It") == secret
    assert webhook.old_secret_until is not None
    assert 23.9 < (webhook.old_secret_until - timezone.now()).total_seconds() / 3600 <= 24


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"url": "crm.example.org"}, "url", "begins with https:// or http://"),
        ({"url": "ftp://crm.example.org"}, "url", "begins with https:// or http://"),
        ({"url": "https://ada:secret@crm.example.org"}, "url", "user and password"),
        ({"url": "https://crm.example.org/ä"}, "url", "plain ASCII"),
        ({"url": "https://[crm"}, "url", "be read as an address"),
        ({"url": "https://crm.example.org:99999/"}, "url", "be read as an address"),
        ({"headers": '{"Webhook-Id": "1"}'}, "headers", "set by the sender"),
        ({"headers": '{"X y": "1"}'}, "headers", "no name of a header"),
        ({"headers": '{"X-A": "a\\nb"}'}, "headers", "one line of text"),
        ({"headers": '{"X-A": "{{ params.day }}"}'}, "headers", "names params"),
        ({"headers": '{"X-A": "{{ secrets."}'}, "headers", "be read"),
        ({"headers": '{"X-A": 5}'}, "headers", "one line of text"),
        ({"max_attempts": "0"}, "max_attempts", "greater than or equal to 1"),
        ({"timeout_seconds": "121"}, "timeout_seconds", "less than or equal to 120"),
        ({"backoff_cap_seconds": "4"}, "__all__", "less than the first wait"),
    ],
)
def test_what_can_not_be_is_refused_at_its_field(
    browser: Client, fields: dict[str, str], field: str, words: str
) -> None:
    found = problems(browser.post(page("outgoingwebhook_add"), OUTGOING | fields))
    assert list(found) == [field] and words in " ".join(found[field])
    assert not OutgoingWebhook.objects.exists()


def test_changes_are_told_by_the_trail(browser: Client) -> None:
    webhook = make_webhook("https://crm.example.org/hooks", headers={"X-Token": "a-literal-one"})
    browser.post(page("outgoingwebhook_change", webhook.pk), OUTGOING | {"max_attempts": "3"})
    changed = AuditEntry.objects.get(act="webhook.change").detail["changed"]
    assert changed["max_attempts"] == [8, 3] and "a-literal-one" not in str(changed)
    browser.post(page("outgoingwebhook_delete", webhook.pk), {"post": "yes"})
    assert AuditEntry.objects.filter(act="webhook.delete").exists() and not OutgoingWebhook.objects.exists()


def test_a_test_is_sent_and_its_answer_shown(browser: Client, site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", headers={"X-Key": "{{ secrets.CRM }}"})
    make_secret("CRM", "value-of-the-crm", webhook)
    site.replies["/in"] = Reply(418, headers={"X-Echo": "value-of-the-crm"}, body=b"<script>alert(1)</script>")
    response = browser.post(page("outgoingwebhook_test", webhook.pk), follow=True)
    text = text_of(response)
    assert "Not delivered: answered 418" in text and "webhook.test" in text
    assert "&lt;script&gt;" in text and "<script>alert" not in text
    assert site.requests[0].headers["x-key"] == "value-of-the-crm" and "value-of-the-crm" not in text
    OutgoingWebhook.objects.update(enabled=False)
    assert "switch it on first" in text_of(browser.post(page("outgoingwebhook_test", webhook.pk), follow=True))
    assert len(site.requests) == 1


def test_deliveries_are_found_and_sent_again(browser: Client, site: Site) -> None:
    webhook, other = make_webhook(f"{site.origin}/in"), make_webhook(f"{site.origin}/no", name=HOSTILE)
    site.replies["/no"] = Reply(404)
    deliver_now(webhook.pk, "run.completed", {"run": "r1"}, "k1", 5)
    failed = WebhookDelivery.objects.get(pk=deliver_now(other.pk, "run.failed", {"run": "r2"}, "k2", 5).delivery_id)
    enqueue(webhook.pk, "run.failed", {}, "k3")
    listed = page("webhookdelivery_changelist")
    assert text_of(browser.get(listed)).count('class="field-event') == 3
    for query, count in (("status__exact=failed", 1), (f"webhook__id__exact={webhook.pk}", 2), ("q=run.failed", 2)):
        response = browser.get(f"{listed}?{query}")
        assert len(response.context["cl"].result_list) == count, query
    browser.post(page("webhookdelivery_resend", failed.pk))
    failed.refresh_from_db()
    assert failed.status == "pending"
    data = {"action": "resend_selected", "_selected_action": [str(pk) for pk in _deliveries()]}
    assert "Workers send 3 of them again" in text_of(browser.post(listed, data, follow=True))
    assert not WebhookDelivery.objects.exclude(status="pending").exists()
    assert AuditEntry.objects.filter(act="webhook.resend").count() == 4


def test_what_is_sent_again_to_a_webhook_that_is_off_is_said_to_wait(browser: Client, site: Site) -> None:
    webhook, other = make_webhook(f"{site.origin}/in"), make_webhook(f"{site.origin}/off", name="Off")
    enqueue(webhook.pk, "run.failed", {}, "k1")
    waiting = enqueue(other.pk, "run.failed", {}, "k2")
    address = page("webhookdelivery_resend", waiting)
    assert "A worker sends it again." in text_of(browser.post(address, follow=True))
    OutgoingWebhook.objects.filter(pk=other.pk).update(enabled=False)
    said = text_of(browser.post(address, follow=True))
    assert "It waits: a worker sends it again when its webhook is switched on." in said
    assert "A worker sends it again." not in said
    assert waiting not in WebhookDelivery.objects.due(timezone.now()).values_list("pk", flat=True)
    data = {"action": "resend_selected", "_selected_action": [str(pk) for pk in _deliveries()]}
    said = text_of(browser.post(page("webhookdelivery_changelist"), data, follow=True))
    assert "Workers send 1 of them again." in said
    assert "1 of them waits until the webhook is switched on." in said


def _deliveries() -> list[Any]:
    return list(WebhookDelivery.objects.values_list("pk", flat=True))


def test_a_secret_is_granted_to_a_webhook_on_its_own_page(browser: Client) -> None:
    webhook = make_webhook("https://crm.example.org/")
    data = {"name": "CRM", "description": "", "value": "value-of-the-crm", "webhooks": [str(webhook.pk)]}
    assert browser.post(page("secret_add"), data).status_code == 302
    assert list(Secret.objects.get().webhooks.all()) == [webhook]
    assert "webhook CRM" in text_of(browser.get(page("secret_changelist")))
    assert "CRM" in text_of(browser.get(page("outgoingwebhook_change", webhook.pk)))


def test_an_incoming_webhook_is_made_and_its_address_shown_once(browser: Client, ada: User) -> None:
    tree = make_tree()
    data = INCOMING | {"tree": str(tree.pk), "responsible": str(ada.pk)}
    text = text_of(browser.post(page("incomingwebhook_add"), data))
    token, secret = shown(ADDRESS, text), shown(SECRET, text)
    webhook = IncomingWebhook.objects.get()
    assert webhook.digest == IncomingWebhook.digest_of(token) and token.startswith(webhook.hint)
    assert open_sealed(webhook.sealed_secret, "It") == secret
    assert "openssl dgst -sha256 -mac HMAC" in text
    for address in (page("incomingwebhook_changelist"), page("incomingwebhook_change", webhook.pk)):
        after = text_of(browser.get(address))
        assert token not in after and secret not in after
    trail = str(AuditEntry.objects.get(act="incoming_webhook.create").detail)
    assert token not in trail and secret not in trail


def test_address_and_secret_are_replaced(browser: Client, ada: User) -> None:
    webhook = make_incoming(ada)
    token = shown(ADDRESS, text_of(browser.post(page("incomingwebhook_address", webhook.pk))))
    secret = shown(SECRET, text_of(browser.post(page("incomingwebhook_secret", webhook.pk))))
    webhook.refresh_from_db()
    assert webhook.digest == IncomingWebhook.digest_of(token)
    assert open_sealed(webhook.sealed_secret, "It") == secret
    acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert {"incoming_webhook.new_address", "incoming_webhook.new_secret"} <= acts


def test_another_scheme_gets_another_secret(browser: Client, ada: User) -> None:
    webhook = make_incoming(ada)
    before = webhook.sealed_secret
    data = INCOMING | {"tree": str(webhook.tree_id), "responsible": str(ada.pk)}
    response = browser.post(page("incomingwebhook_change", webhook.pk), data | {"scheme": "github"})
    assert "x-hub-signature-256" in text_of(response) and "TOKEN" in text_of(response)
    webhook.refresh_from_db()
    assert webhook.sealed_secret != before
    own = data | {"scheme": "github", "secret": "chosen-by-the-sender"}
    assert browser.post(page("incomingwebhook_change", webhook.pk), own).status_code == 302
    webhook.refresh_from_db()
    assert open_sealed(webhook.sealed_secret, "It") == "chosen-by-the-sender"
    browser.post(page("incomingwebhook_change", webhook.pk), data | {"scheme": "none"})
    webhook.refresh_from_db()
    assert webhook.sealed_secret == ""


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"parameters": '{"day": "{{ secrets.CRM }}"}'}, "parameters", "names secrets, but only body, headers, query"),
        ({"parameters": '{"day": "{{ body. }}"}'}, "parameters", "be read"),
        ({"parameters": '{"x": 1}'}, "parameters", "leaves out 'day', which the tree requires"),
        ({"only_when": "body.a =="}, "only_when", "be read"),
        ({"only_when": "tree.name"}, "only_when", "names tree"),
        ({"secret": "no base64!"}, "secret", "base64"),
        ({"secret": "abc"}, "secret", "6 to 4096"),
        ({"header_name": "X y"}, "header_name", "letters, digits and hyphens"),
        ({"tolerance_seconds": "3601"}, "tolerance_seconds", "less than or equal to 3600"),
        ({"responsible": ""}, "responsible", "is nobody"),
    ],
)
def test_an_incoming_webhook_that_can_not_be_is_refused(
    browser: Client, ada: User, fields: dict[str, str], field: str, words: str
) -> None:
    schema = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
    tree = make_tree(parameters=schema)
    data = INCOMING | {"tree": str(tree.pk), "responsible": str(ada.pk)} | fields
    response = browser.post(page("incomingwebhook_add"), data)
    found = problems(response)
    assert list(found) == [field] and words in " ".join(found[field])
    assert "abc</textarea>" not in text_of(response)


def test_who_is_responsible_must_be_able_to_run_the_tree(browser: Client) -> None:
    vic = make_user("vic")
    data = INCOMING | {"tree": str(make_tree().pk), "responsible": str(vic.pk)}
    found = problems(browser.post(page("incomingwebhook_add"), data))
    assert "vic may not run this tree" in found["responsible"][0]


def test_receipts_are_listed_with_few_queries(browser: Client, ada: User, django_assert_max_num_queries: Any) -> None:
    webhook = make_incoming(ada)
    now = timezone.now()
    facts: dict[str, Any] = {"webhook": webhook, "at": now, "last_at": now, "body_bytes": 1, "body_digest": "a" * 64}
    WebhookReceipt.objects.bulk_create(
        WebhookReceipt(outcome=outcome, reason=HOSTILE, **facts) for outcome in ("started", "refused", "limited") * 30
    )
    outgoing = make_webhook("https://crm.example.org/")
    for number in range(60):
        enqueue(outgoing.pk, "e", {}, str(number))
    addresses = [page(f"{name}_changelist") for name in ("webhookreceipt", "webhookdelivery", "incomingwebhook")]
    addresses += [page("webhookdelivery_change", WebhookDelivery.objects.earliest("id").pk)]
    addresses += [page("webhookreceipt_change", WebhookReceipt.objects.earliest("id").pk)]
    addresses += [page("incomingwebhook_change", webhook.pk), page("outgoingwebhook_change", outgoing.pk)]
    addresses += [page("outgoingwebhook_delete", outgoing.pk)]
    for address in addresses:
        with django_assert_max_num_queries(30):
            assert "<script>alert" not in text_of(browser.get(address))


def test_what_hooks_use_is_not_deleted_and_names_them(browser: Client) -> None:
    used, free = make_webhook("https://crm.example.org/"), make_webhook("https://erp.example.org/", name="ERP")
    hook = make_hook(HOSTILE[:60], "post", webhook=used)
    chosen = {"action": "delete_selected", "_selected_action": [used.pk, free.pk]}
    one, many = page("outgoingwebhook_delete", used.pk), page("outgoingwebhook_changelist")
    for address, sent in ((one, {"post": "yes"}), (many, chosen), (many, {**chosen, "post": "yes"})):
        text = text_of(browser.post(address, sent))
        assert "Cannot delete" in text and page("hookregistration_change", hook.pk) in text, sent
        assert "<script>alert" not in text
    assert OutgoingWebhook.objects.count() == 2 and not AuditEntry.objects.filter(act="webhook.delete").exists()
    hook.delete()
    assert browser.post(one, {"post": "yes"}).status_code == 302
    assert browser.post(many, {**chosen, "_selected_action": [free.pk], "post": "yes"}).status_code == 302
    assert not OutgoingWebhook.objects.exists()


def test_a_tree_takes_what_starts_its_runs_along(browser: Client, ada: User) -> None:
    webhook, now = make_incoming(ada), timezone.now()
    facts: dict[str, Any] = {"at": now, "last_at": now, "body_bytes": 1, "body_digest": "", "outcome": "started"}
    WebhookReceipt.objects.create(webhook=webhook, **facts)
    schedule = Schedule.objects.create(name="Nightly", tree=webhook.tree, kind="daily", expression="02:30")
    schedule.fires.create(due_at=now, at=now, outcome="started")
    assert browser.post(page("tree_delete", webhook.tree_id), {"post": "yes"}).status_code == 302
    assert not Tree.objects.exists() and not WebhookReceipt.objects.exists() and not Schedule.objects.exists()


@pytest.mark.parametrize("role", [None, "viewer", "operator", "editor"])
def test_everybody_else_is_refused(ada: User, role: str | None) -> None:
    webhook, incoming = make_webhook("https://crm.example.org/"), make_incoming(ada)
    enqueue(webhook.pk, "e", {}, "k")
    somebody = make_user("eve", is_staff=True)
    if role is not None:
        somebody.groups.add(Group.objects.get(name=role))
    # Not even Django's own permissions open them.
    somebody.user_permissions.set(Permission.objects.filter(codename__contains="webhook"))
    browser = Client()
    browser.force_login(somebody)
    pages = [
        page(f"{name}_changelist")
        for name in ("outgoingwebhook", "incomingwebhook", "webhookdelivery", "webhookreceipt")
    ]
    pages += [page("outgoingwebhook_add"), page("outgoingwebhook_change", webhook.pk)]
    pages += [page("outgoingwebhook_test", webhook.pk), page("outgoingwebhook_secret", webhook.pk)]
    pages += [page("incomingwebhook_add"), page("incomingwebhook_address", incoming.pk)]
    pages += [page("webhookdelivery_resend", WebhookDelivery.objects.get().pk)]
    for address in pages:
        assert browser.get(address).status_code == 403, address
        assert browser.post(address).status_code == 403, address
    assert "Outgoing webhooks" not in text_of(browser.get(reverse("admin:index")))
