"""Deliveries to a real server on the loopback: what is sent, what is kept, what is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestration.actions.deliveries import WebhookOffError, deliver_now, enqueue, resend
from orchestration.actions.delivery_attempts import DeliveryResult, claim_next, make_attempt
from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError, NotStorableError
from orchestration.models import AuditEntry, SecretUse, WebhookAttempt, WebhookDelivery
from orchestration.store.vault import seal
from tests.executors.conftest import Reply, Seen, Site
from tests.pages.scene import make_user
from tests.webhook_scene import make_secret, make_webhook, receiving

pytestmark = pytest.mark.django_db

FACTS: dict[str, Any] = {"run": {"id": "r1", "status": "completed"}, "n": 1}
VALUE = "value-of-the-secret"


@pytest.fixture
def site() -> Iterator[Site]:
    with receiving() as site:
        yield site


def send_due() -> DeliveryResult:
    """Send what is due now."""
    delivery = claim_next()
    assert delivery is not None
    return make_attempt(delivery)


def signature_by_hand(seen: Seen, key: bytes) -> str:
    signed = seen.headers["webhook-id"] + "." + seen.headers["webhook-timestamp"] + "." + seen.body.decode()
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def the_log() -> list[tuple[int, int | None, str]]:
    return list(WebhookAttempt.objects.order_by("number").values_list("number", "status_code", "error"))


def test_an_event_arrives_signed_and_once(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    pk = enqueue(webhook.pk, "run.completed", FACTS, "k1")
    assert enqueue(webhook.pk, "run.completed", FACTS, "k1") == pk
    assert send_due().ok
    assert claim_next() is None
    (seen,) = site.requests
    assert seen.headers["webhook-signature"] == signature_by_hand(seen, b"abcdefghijklmnopqrstuvwxyz012345")
    assert seen.headers["x-apflow-event"] == "run.completed"
    assert seen.headers["webhook-id"] == str(pk)
    body = json.loads(seen.body)
    assert body == {"event": "run.completed", "id": str(pk), "at": body["at"], "data": FACTS}
    assert seen.body.decode() == json.dumps(body, sort_keys=True, separators=(",", ":"))
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.claimed_until) == ("delivered", 1, None)
    attempt = delivery.log.get()
    assert (attempt.status_code, attempt.answer_body, attempt.error) == (200, "fine", "")
    assert attempt.duration_ms is not None


def test_a_caller_can_wait_for_the_answer(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    result = deliver_now(webhook.pk, "task.before", FACTS, "k1", 5)
    assert (result.ok, result.status_code, result.error) == (True, 200, "")
    assert deliver_now(webhook.pk, "task.before", FACTS, "k1", 5).ok
    assert len(site.requests) == 1, "what was delivered is not sent again"


def test_waiting_has_an_end_and_is_not_tried_again(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    site.replies["/in"] = Reply(hold=True)
    result = deliver_now(webhook.pk, "task.before", FACTS, "k1", 0.2)
    assert (result.ok, result.status_code) == (False, None)
    assert "no complete answer within 0.2 s" in result.error
    assert WebhookDelivery.objects.get().status == "failed"
    site.replies.clear()
    assert deliver_now(webhook.pk, "task.before", FACTS, "k1", 5).ok
    assert WebhookDelivery.objects.get().attempts == 2


def test_a_passing_failure_is_tried_again_later_with_the_same_id(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", max_attempts=3, backoff_base_seconds=100, backoff_cap_seconds=1000)
    site.replies["/in"] = Reply(status=503)
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    for failures, expected in ((1, 100), (2, 200)):
        assert send_due().error == "answered 503"
        delivery = WebhookDelivery.objects.get()
        assert (delivery.status, delivery.attempts) == ("pending", failures)
        assert delivery.next_attempt_at is not None
        wait = (delivery.next_attempt_at - timezone.now()).total_seconds()
        assert expected * 0.75 < wait <= expected * 1.2
        assert claim_next() is None
        WebhookDelivery.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=1))
    send_due()
    assert WebhookDelivery.objects.get().status == "failed"
    assert the_log() == [(n, 503, "answered 503") for n in (1, 2, 3)]
    assert len({seen.headers["webhook-id"] for seen in site.requests}) == 1
    assert len({seen.body for seen in site.requests}) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [(204, "delivered"), (301, "failed"), (400, "failed"), (404, "failed"), (410, "failed")]
    + [(code, "pending") for code in (408, 409, 425, 429, 500, 502)],
)
def test_what_an_answer_means(site: Site, status: int, state: str) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    site.replies["/in"] = Reply(status, headers={"Location": f"{site.origin}/elsewhere"}, body=b"")
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    send_due()
    assert WebhookDelivery.objects.get().status == state
    assert [seen.path for seen in site.requests] == ["/in"]


@pytest.mark.parametrize(("asked", "seconds"), [("120", 120), ("999999999999", 3600), ("soon", 1)])
def test_a_receiver_may_put_it_off_up_to_a_bound(site: Site, asked: str, seconds: int) -> None:
    webhook = make_webhook(f"{site.origin}/in", backoff_base_seconds=1)
    site.replies["/in"] = Reply(429, headers={"Retry-After": asked})
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    send_due()
    due = WebhookDelivery.objects.get().next_attempt_at
    assert due is not None
    assert abs((due - timezone.now()).total_seconds() - seconds) < 2


def test_private_addresses_are_refused_unless_allowed(site: Site, settings: Any) -> None:
    settings.APFLOW_HTTP_ALLOWED_HOSTS = []
    webhook = make_webhook(f"{site.origin}/in")
    result = deliver_now(webhook.pk, "run.failed", FACTS, "k1", 5)
    assert not result.ok and "loopback address" in result.error
    assert site.requests == []
    assert WebhookDelivery.objects.get().status == "failed"


@pytest.mark.parametrize("url", ["http://[", "http://a:99999/", "ftp://example.org/"])
def test_an_address_that_can_not_be_is_said(url: str) -> None:
    result = deliver_now(make_webhook(url).pk, "run.failed", FACTS, "k1", 5)
    assert not result.ok and result.error


def test_secrets_go_along_and_stay_out_of_the_log(site: Site) -> None:
    headers = {"Authorization": "Bearer {{ secrets.CRM }}", "X-Literal-Token": "written-as-it-is"}
    webhook = make_webhook(f"{site.origin}/in?key=in-the-address", headers=headers)
    make_secret("CRM", VALUE, webhook)
    echoed = f"{VALUE} {base64.b64encode(VALUE.encode()).decode()} written-as-it-is in-the-address"
    site.replies["/in"] = Reply(500, headers={"X-Echo": VALUE, "Set-Cookie": "session=abcdef"}, body=echoed.encode())
    enqueue(webhook.pk, "run.failed", {**FACTS, "password": "of the payload"}, "k1")
    send_due()
    assert site.requests[0].headers["authorization"] == f"Bearer {VALUE}"
    attempt, delivery = WebhookAttempt.objects.get(), WebhookDelivery.objects.get()
    kept = json.dumps([attempt.request_headers, attempt.answer_headers, attempt.answer_body, delivery.payload])
    for secret in (VALUE, "written-as-it-is", "in-the-address", "abcdef", "of the payload"):
        assert secret not in kept
    assert attempt.answer_body.count("•••") == 4
    assert list(SecretUse.objects.values_list("name", "webhook", "run")) == [("CRM", "CRM", None)]


def test_a_secret_that_is_not_granted_is_not_sent(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", headers={"X-Key": "{{ secrets.CRM }}"})
    make_secret("CRM", VALUE)
    result = deliver_now(webhook.pk, "run.failed", FACTS, "k1", 5)
    assert "name the secret CRM, which is not there or not granted" in result.error
    assert site.requests == []


def test_a_header_can_not_be_broken_by_its_secret(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", headers={"X-Key": "{{ secrets.CRM }}"})
    make_secret("CRM", "first\nX-Other: second", webhook)
    assert "line break" in deliver_now(webhook.pk, "run.failed", FACTS, "k1", 5).error
    assert site.requests == []


def test_only_the_beginning_of_a_long_answer_is_kept(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    site.replies["/in"] = Reply(body=b"\0" + b"x" * 100_000)
    assert deliver_now(webhook.pk, "run.failed", FACTS, "k1", 5).ok
    assert WebhookAttempt.objects.get().answer_body == "\ufffd" + "x" * (16 * 1024 - 1)


def test_during_a_rotation_both_secrets_sign(site: Site) -> None:
    old = "whsec_" + base64.b64encode(b"the old one").decode()
    until = timezone.now() + timedelta(hours=1)
    webhook = make_webhook(f"{site.origin}/in", sealed_old_secret=seal(old), old_secret_until=until)
    deliver_now(webhook.pk, "run.failed", FACTS, "k1", 5)
    webhook.old_secret_until = timezone.now()
    webhook.save()
    deliver_now(webhook.pk, "run.failed", FACTS, "k2", 5)
    both, one = (seen.headers["webhook-signature"].split(" ") for seen in site.requests)
    keys = (b"abcdefghijklmnopqrstuvwxyz012345", b"the old one")
    assert both == [signature_by_hand(site.requests[0], key) for key in keys]
    assert one == [signature_by_hand(site.requests[1], keys[0])]


def test_a_lost_sender_gives_its_delivery_free_and_writes_nothing_late(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", max_attempts=2)
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    lost = claim_next()
    assert lost is not None and claim_next() is None
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(minutes=1))
    second = claim_next()
    assert second is not None and second.attempts == 2
    make_attempt(lost)
    assert WebhookDelivery.objects.get().status == "pending", "the second one decides"
    make_attempt(second)
    assert WebhookDelivery.objects.get().status == "delivered"
    assert [(number, code) for number, code, _ in the_log()] == [(1, None), (2, 200)]
    assert "its sender was lost" in the_log()[0][2]


def test_losing_every_sender_ends_too(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", max_attempts=1)
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    assert claim_next() is not None
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(minutes=1))
    assert claim_next() is None
    assert WebhookDelivery.objects.get().status == "failed"


def test_what_is_off_gets_nothing_new_and_what_waits_waits(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in")
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    webhook.enabled = False
    webhook.save()
    assert claim_next() is None
    with pytest.raises(WebhookOffError, match="switched off or deleted"):
        enqueue(webhook.pk, "run.failed", FACTS, "k2")
    webhook.enabled = True
    webhook.save()
    assert send_due().ok


def test_resending_keeps_the_id_and_begins_the_tries_anew(site: Site) -> None:
    webhook = make_webhook(f"{site.origin}/in", max_attempts=2)
    site.replies["/in"] = Reply(404)
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    send_due()
    site.replies.clear()
    resend(WebhookDelivery.objects.get(), user=make_user("ada"))
    assert send_due().ok
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.tries_left) == ("delivered", 2, 1)
    assert len({seen.headers["webhook-id"] for seen in site.requests}) == 1
    assert AuditEntry.objects.filter(act="webhook.resend").count() == 1


def test_what_is_being_sent_is_not_sent_again_until_its_sender_is_lost(site: Site) -> None:
    ada = make_user("ada")
    webhook = make_webhook(f"{site.origin}/in", max_attempts=1)
    enqueue(webhook.pk, "run.failed", FACTS, "k1")
    delivery = claim_next()
    assert delivery is not None
    with pytest.raises(NotPossibleError, match="being sent at this moment"):
        resend(delivery, user=ada)
    assert not AuditEntry.objects.filter(act="webhook.resend").exists()
    # Its sender was killed in the last attempt.
    WebhookDelivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    resend(delivery, user=ada)
    assert send_due().ok
    assert len(site.requests) == 1
    assert the_log() == [(1, None, "No outcome: its sender was lost. The receiver may have got it"), (2, 200, "")]


@pytest.mark.parametrize(
    ("event", "payload", "key", "error"),
    [
        ("", {}, "k", InvalidDefinitionError),
        ("a\nb", {}, "k", InvalidDefinitionError),
        ("e", {}, "", InvalidDefinitionError),
        ("e", {"n": float("nan")}, "k", NotStorableError),
        ("e", {"n": "x" * 300_000}, "k", NotStorableError),
    ],
)
def test_what_can_not_be_stored_is_refused(
    event: str, payload: dict[str, Any], key: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        enqueue(make_webhook("https://example.org/").pk, event, payload, key)
    assert not WebhookDelivery.objects.exists()


def test_busy_webhooks_are_passed_by() -> None:
    slow, other = make_webhook("https://a.example/", name="slow"), make_webhook("https://b.example/", name="other")
    enqueue(slow.pk, "e", {}, "k")
    enqueue(other.pk, "e", {}, "k")
    claimed = claim_next({slow.pk})
    assert claimed is not None and claimed.webhook == other
    assert claim_next({slow.pk}) is None
