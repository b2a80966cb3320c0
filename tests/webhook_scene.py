"""Webhooks and a receiver of them, for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import override_settings
from django.utils import timezone

from orchestration.models import OutgoingWebhook, Secret
from orchestration.store.vault import seal
from tests.executors.conftest import Site

#: `abcdefghijklmnopqrstuvwxyz012345`
SIGNING_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="


@contextmanager
def receiving() -> Iterator[Site]:
    """Serve on the loopback, which webhooks may reach meanwhile."""
    site = Site()
    threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        with override_settings(APFLOW_HTTP_ALLOWED_HOSTS=["127.0.0.1"]):
            yield site
    finally:
        site.released.set()
        site.shutdown()
        site.server_close()


def make_webhook(url: str, **fields: Any) -> OutgoingWebhook:
    """Make a webhook that signs with SIGNING_SECRET."""
    fields = {"name": "CRM", "sealed_secret": seal(SIGNING_SECRET), "secret_set_at": timezone.now(), **fields}
    return OutgoingWebhook.objects.create(url=url, **fields)


def make_secret(name: str, value: str, webhook: OutgoingWebhook | None = None) -> Secret:
    """Make a secret, granted to a webhook."""
    secret = Secret.objects.create(name=name, ciphertext=seal(value), updated_at=timezone.now())
    if webhook is not None:
        secret.webhooks.add(webhook)
    return secret
