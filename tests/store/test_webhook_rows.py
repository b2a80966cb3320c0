"""What becomes of webhooks' rows by age, and when the key of secrets changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.models import IncomingWebhook, OutgoingWebhook, WebhookAttempt, WebhookDelivery, WebhookReceipt
from orchestration.store.prune import prune_runs
from orchestration.store.vault import open_sealed, seal
from tests.pages.scene import make_tree, make_user
from tests.webhook_scene import SIGNING_SECRET, make_webhook

pytestmark = pytest.mark.django_db


def make_incoming() -> IncomingWebhook:
    user = make_user("ada", is_superuser=True)
    return create_incoming({"name": "Orders", "tree": make_tree(), "responsible": user}, user=user).webhook


def test_old_deliveries_and_receipts_go_by_their_age() -> None:
    now = timezone.now()
    webhook, incoming = make_webhook("https://crm.example.org/"), make_incoming()

    def deliver(key: str, ended: datetime | None) -> None:
        facts = {"status": "delivered", "ended_at": ended} if ended else {"next_attempt_at": now - timedelta(days=90)}
        row = WebhookDelivery.objects.create(webhook=webhook, event="e", key=key, tries_left=1, **facts)
        WebhookAttempt.objects.create(delivery=row, number=1, at=now)

    deliver("old", now - timedelta(hours=2))
    deliver("young", now - timedelta(minutes=30))
    deliver("pending", None)
    for name, age in (("a", 23), ("b", 25)):
        at = now - timedelta(hours=age)
        facts: dict[str, Any] = {"at": at, "last_at": at, "body_bytes": 1, "body_digest": "", "outcome": "started"}
        WebhookReceipt.objects.create(webhook=incoming, key=name, **facts)
    list(prune_runs(timedelta(hours=1)))
    assert set(WebhookDelivery.objects.values_list("key", flat=True)) == {"young", "pending"}
    assert WebhookAttempt.objects.count() == 2
    assert list(WebhookReceipt.objects.values_list("key", flat=True)) == ["a"], "a replay is known for a day"


def test_another_key_seals_the_secrets_of_webhooks_too(settings: Any) -> None:
    old, new = "the old key, which is long enough to be one", "the new key, which is long enough to be one"
    settings.APFLOW_SECRETS_KEY = old
    make_webhook("https://crm.example.org/", sealed_old_secret=seal("whsec_b2xk"))
    incoming = make_incoming()
    secret = open_sealed(incoming.sealed_secret, "It")
    settings.APFLOW_SECRETS_KEY, settings.APFLOW_SECRETS_OLD_KEYS = new, [old]
    call_command("rotate_secrets")
    settings.APFLOW_SECRETS_OLD_KEYS = []
    outgoing = OutgoingWebhook.objects.get()
    assert open_sealed(outgoing.sealed_secret, "It") == SIGNING_SECRET
    assert open_sealed(outgoing.sealed_old_secret, "It") == "whsec_b2xk"
    incoming.refresh_from_db()
    assert open_sealed(incoming.sealed_secret, "It") == secret
