"""The thread that sends: a slow receiver does not hold up the others, and what fails does not end it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.actions import delivery_attempts
from orchestration.actions.deliveries import enqueue
from orchestration.management import sender_thread
from orchestration.management.sender_thread import MAX_AT_ONCE, MAX_FOR_ONE, SenderThread
from orchestration.models import WebhookDelivery
from tests.actions.conftest import wait_for
from tests.executors.conftest import Reply
from tests.webhook_scene import make_webhook, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sender() -> Iterator[SenderThread]:
    """A sender that is stopped whatever becomes of the test: it would send for the next one."""
    made = SenderThread(look_seconds=0.05)
    yield made
    if made.thread.is_alive():
        made.stop()


def delivered(name: str) -> int:
    return WebhookDelivery.objects.filter(webhook__name=name, status="delivered").count()


def test_a_slow_receiver_does_not_hold_up_the_others(sender: SenderThread) -> None:
    with receiving() as site:
        site.replies["/slow"] = Reply(hold=True)
        slow, quick = make_webhook(f"{site.origin}/slow", name="slow"), make_webhook(f"{site.origin}/q", name="quick")
        for number in range(MAX_AT_ONCE + 2):
            enqueue(slow.pk, "e", {}, str(number))
        for number in range(5):
            enqueue(quick.pk, "e", {}, str(number))
        sender.start()
        wait_for(lambda: delivered("quick") == 5)
        assert WebhookDelivery.objects.filter(webhook=slow, attempts=1).count() == MAX_FOR_ONE
        sender.ask_to_stop()
        site.released.set()
        sender.stop()
        # What was begun has an outcome, and nothing else was begun.
        assert WebhookDelivery.objects.exclude(claimed_until=None).count() == 0
        assert WebhookDelivery.objects.filter(webhook=slow, attempts=1).count() == MAX_FOR_ONE


def test_a_fault_does_not_end_it(monkeypatch: pytest.MonkeyPatch, sender: SenderThread) -> None:
    faults = [RuntimeError("of the database")]

    def claim(*arguments: Any) -> Any:
        if faults:
            raise faults.pop()
        return delivery_attempts.claim_next(*arguments)

    monkeypatch.setattr(sender_thread, "claim_next", claim)
    with receiving() as site:
        enqueue(make_webhook(f"{site.origin}/in").pk, "e", {}, "k")
        sender.start()
        wait_for(lambda: delivered("CRM") == 1)


def test_without_a_thread_to_be_had_it_goes_on(monkeypatch: pytest.MonkeyPatch, sender: SenderThread) -> None:
    start, refused = threading.Thread.start, []

    def refuse(self: threading.Thread) -> None:
        if self.name == "apflow-webhook":
            refused.append(self)
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with receiving() as site:
        for number in range(MAX_AT_ONCE + 2):
            enqueue(make_webhook(f"{site.origin}/{number}", name=str(number)).pk, "e", {}, "k")
        sender.start()
        wait_for(lambda: WebhookDelivery.objects.filter(status="delivered").count() == MAX_AT_ONCE + 2)
        assert sender.thread.is_alive()
        # It counts an attempt as over after it has written that.
        wait_for(lambda: sender._sending() == 0)
        sender.stop()
    assert len(refused) == MAX_AT_ONCE + 2
    assert set(WebhookDelivery.objects.values_list("attempts", flat=True)) == {1}
