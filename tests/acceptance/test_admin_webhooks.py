"""Webhooks in a real browser: made, tried, received, looked at; light and dark, wide and narrow."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import expect

from orchestration.actions.deliveries import deliver_now, enqueue
from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.models import IncomingWebhook, OutgoingWebhook, Run, WebhookReceipt
from tests.acceptance.support.looks import grave
from tests.executors.conftest import Reply, Site
from tests.pages.scene import HOSTILE, Scene
from tests.webhook_scene import make_secret, make_webhook, receiving

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def receiver() -> Iterator[Site]:
    with receiving() as site:
        yield site


def deliver(webhook: OutgoingWebhook, event: str, facts: dict[str, Any]) -> str:
    """Send an event, in a thread: in this one, the browser's event loop runs."""

    def send() -> str:
        try:
            return deliver_now(webhook.pk, event, facts, event, 5).delivery_id
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(send).result()


def pick(page: Any, label: str, text: str) -> None:
    """Choose in a field that completes what is typed."""
    page.locator(f".field-{label} .select2-selection").click()
    page.locator(".select2-search__field").fill(text)
    page.locator(".select2-results__option", has_text=text).first.click()


def test_a_webhook_is_made_tried_and_rotated(visit: Any, scene: Scene, receiver: Site) -> None:  # noqa: F811
    receiver.replies["/in"] = Reply(500, body=b'{"problem": "not today"}')
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go("/admin/")
    page.locator("#content-main").get_by_role("link", name="Outgoing webhooks", exact=True).click()
    page.get_by_role("link", name="Add outgoing webhook").first.click()
    page.get_by_label("Name").fill("CRM")
    page.get_by_label("URL").fill("crm.example.org")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-url .errorlist")).to_contain_text("begins with https://")
    page.get_by_label("URL").fill(f"{receiver.origin}/in")
    page.get_by_role("button", name="Save", exact=True).click()
    first = page.locator("#secret").inner_text()
    assert first.startswith("whsec_")
    assert not grave(page)
    page.get_by_role("link", name="To the webhook").click()
    assert first not in page.content()
    page.get_by_role("link", name="New signing secret").click()
    page.get_by_role("button", name="New signing secret").press("Enter")
    assert page.locator("#secret").inner_text() != first
    page.get_by_role("link", name="To the webhook").click()
    page.get_by_role("link", name="Send a test").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator(".messagelist")).to_contain_text("Not delivered: answered 500")
    expect(page.locator(".webhook-attempt")).to_contain_text("not today")
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 2
    page.get_by_role("link", name="Send again").click()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".messagelist")).to_contain_text("A worker sends it again")
    expect(page.locator(".field-state")).to_contain_text("pending")
    assert not grave(page)
    visitor.check()


def test_a_program_starts_a_run_as_the_page_shows_it(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go(reverse("admin:orchestration_incomingwebhook_add"))
    page.get_by_label("Name").fill("Orders")
    pick(page, "tree", scene.tree.name)
    page.get_by_role("button", name="Save", exact=True).click()
    example = page.locator("#example").inner_text()
    assert not grave(page)
    visitor.picture("incoming-new")
    visitor.check()
    missing = [tool for tool in ("curl", "openssl", "base64", "od") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"NO {' '.join(missing).upper()}: the page's example was not run; install the packages")
    done = subprocess.run(["sh", "-c", example], capture_output=True, text=True, timeout=60, check=True)  # noqa: S607 - a shell is what the example is for
    run = Run.objects.get(trigger="webhook")
    assert json.loads(done.stdout) == {"run": str(run.pk)}
    visitor.go(reverse("admin:orchestration_webhookreceipt_changelist"))
    expect(page.locator("#result_list")).to_contain_text("started a run")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name=str(run.pk)).click()
    page.wait_for_url(f"**/runs/{run.pk}/")
    visitor.check()


def test_the_pages_look_right(visit: Any, scene: Scene, receiver: Site) -> None:  # noqa: F811
    webhook = make_webhook(f"{receiver.origin}/in", headers={"Authorization": "Bearer {{ secrets.CRM_TOKEN }}"})
    make_webhook("https://chat.example.org/hooks/1", name=HOSTILE)
    make_secret("CRM_TOKEN", "value-of-the-crm", webhook)
    facts: dict[str, Any] = {
        "run": {"id": "0b5d3c52-6f0e-4d0f-8f5e-0a3c6c1b7a10", "status": "completed", "tree": "Nightly import"}
    }
    deliver(webhook, "run.completed", facts)
    receiver.replies["/in"] = Reply(404, headers={"Content-Type": "text/html"}, body=HOSTILE.encode() * 20)
    failed = deliver(webhook, "run.failed", facts)
    enqueue(webhook.pk, "run.completed", facts, "k3")
    owner = scene.tree.owner
    assert owner is not None
    values = {"name": "Orders", "tree": scene.tree, "responsible": owner, "parameters": {"day": "{{ body.day }}"}}
    incoming = create_incoming(values | {"only_when": "body.action == 'opened'"}, user=owner).webhook
    made = {"webhook": incoming, "at": scene.failed.queued_at, "last_at": scene.failed.queued_at, "body_bytes": 120}
    for outcome, reason in (("started", ""), ("refused", "The signature is not right"), ("refused", HOSTILE)):
        WebhookReceipt.objects.create(outcome=outcome, reason=reason, body_digest="ab" * 32, **made)
    visitor = visit()
    visitor.sign_in("admin")
    for name, path in (
        ("webhooks", reverse("admin:orchestration_outgoingwebhook_changelist")),
        ("webhook", reverse("admin:orchestration_outgoingwebhook_change", args=[webhook.pk])),
        ("webhook-act", reverse("admin:orchestration_outgoingwebhook_secret", args=[webhook.pk])),
        ("deliveries", reverse("admin:orchestration_webhookdelivery_changelist")),
        ("delivery", reverse("admin:orchestration_webhookdelivery_change", args=[failed])),
        ("incoming", reverse("admin:orchestration_incomingwebhook_change", args=[incoming.pk])),
        ("receipts", reverse("admin:orchestration_webhookreceipt_changelist")),
    ):
        visitor.go(path)
        assert "value-of-the-crm" not in visitor.page.content()
        for theme, width in (("light", 390), ("light", 1280), ("dark", 1280), ("dark", 390)):
            visitor.page.emulate_media(color_scheme=theme)
            visitor.page.set_viewport_size({"width": width, "height": 800})
            visitor.picture(f"{name}-{width}-{theme}")
            visitor.check()
            # Lists are Django's own: their colours are looked at elsewhere.
            if width == 1280 and (theme == "light" or name in ("webhook", "delivery", "incoming")):
                assert not grave(visitor.page), (name, theme)
    assert OutgoingWebhook.objects.count() == 2 and IncomingWebhook.objects.count() == 1
