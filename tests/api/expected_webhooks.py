"""The permission matrix of webhooks; see `matrix.py`."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.models import WebhookDelivery
from tests.webhook_scene import make_webhook

from .matrix import Row
from .world import Subject

#: Refused before anything is sent.
_URL: Final = "http://127.0.0.1:9/"
_OUTGOING: Final = {"name": "CRM", "url": _URL}


def _outgoing(subject: Subject) -> dict[str, Any]:
    return {"id": make_webhook(_URL, name=str(uuid4())).pk}


def _delivery(subject: Subject) -> dict[str, Any]:
    facts: dict[str, Any] = {"event": "e", "key": "k", "tries_left": 1, "next_attempt_at": timezone.now()}
    return {"id": WebhookDelivery.objects.create(webhook=make_webhook(_URL, name=str(uuid4())), **facts).pk}


def _new(subject: Subject) -> dict[str, Any]:
    return {"name": "Orders", "tree": subject.tree.pk, "responsible": "superuser"}


def _incoming(subject: Subject) -> dict[str, Any]:
    owner = User.objects.get(username="superuser")
    values = {"name": str(uuid4()), "tree": subject.tree, "responsible": owner}
    return {"id": create_incoming(values, user=owner).webhook.pk}


EXPECTED: dict[str, Row] = {
    "list_outgoing_webhooks": Row("administer"),
    "make_outgoing_webhook": Row("administer", body=_OUTGOING),
    "read_outgoing_webhook": Row("administer", path=_outgoing),
    "update_outgoing_webhook": Row("administer", path=_outgoing, body=_OUTGOING),
    "remove_outgoing_webhook": Row("administer", path=_outgoing),
    "replace_outgoing_secret": Row("administer", path=_outgoing),
    "try_outgoing_webhook": Row("administer", path=_outgoing),
    "list_deliveries": Row("administer"),
    "read_delivery": Row("administer", path=_delivery),
    "resend_delivery": Row("administer", path=_delivery),
    "list_incoming_webhooks": Row("administer"),
    "make_incoming_webhook": Row("administer", body=_new),
    "read_incoming_webhook": Row("administer", path=_incoming),
    "update_incoming_webhook": Row("administer", path=_incoming, body=_new),
    "remove_incoming_webhook": Row("administer", path=_incoming),
    "replace_incoming_address": Row("administer", path=_incoming),
    "replace_incoming_secret": Row("administer", path=_incoming),
    "list_receipts": Row("administer", path=_incoming),
}
