"""Senders of several workers, one of which is killed while it sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from orchestration.actions.deliveries import enqueue
from orchestration.models import WebhookAttempt, WebhookDelivery
from tests.executors.conftest import Reply, Site
from tests.faults.support.bench import Bench
from tests.webhook_scene import make_webhook, receiving

pytestmark = pytest.mark.database


@pytest.fixture
def site(transactional_db: Any) -> Iterator[Site]:
    with receiving() as site:
        yield site


def test_every_delivery_is_made_once_and_that_of_a_killed_sender_again(bench: Bench, site: Site) -> None:
    # They open what this process has sealed.
    environment = {"APFLOW_HTTP_ALLOWED_HOSTS": "127.0.0.1", "APFLOW_SECRET_KEY": str(settings.SECRET_KEY)}
    webhook = make_webhook(f"{site.origin}/in")
    site.replies["/in"] = Reply(hold=True)
    lost = enqueue(webhook.pk, "run.completed", {}, "lost")
    killed = bench.worker(environment=environment)
    bench.wait(lambda: len(site.requests) == 1, "the first to be sent")
    killed.kill()
    site.replies.clear()
    site.released.set()
    for _ in range(2):
        bench.worker(environment=environment)
    keys = [f"k{number}" for number in range(60)]
    ids = {str(enqueue(webhook.pk, "run.completed", {}, key)) for key in keys}
    bench.wait(lambda: WebhookDelivery.objects.filter(status="delivered").count() == 60, "the others to arrive")
    assert Counter(seen.headers["webhook-id"] for seen in site.requests) == Counter([str(lost), *ids])
    # The claim of the killed one holds for a minute more; no test waits for that.
    WebhookDelivery.objects.filter(pk=lost).update(claimed_until=timezone.now() - timedelta(seconds=1))
    bench.wait(lambda: not WebhookDelivery.objects.pending().exists(), "the lost one to be sent again")
    again = WebhookDelivery.objects.get(pk=lost)
    assert (again.status, again.attempts) == ("delivered", 2)
    assert [seen.headers["webhook-id"] for seen in site.requests].count(str(lost)) == 2
    errors = WebhookAttempt.objects.filter(delivery=lost).order_by("number").values_list("status_code", "error")
    assert [code for code, _ in errors] == [None, 200] and "its sender was lost" in errors[0][1]
