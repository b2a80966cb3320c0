"""Lists without rows say what to do next, or how to see what is there."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("httpexecutor", "add HTTP executor</a>"),
        ("outgoingwebhook", "add outgoing webhook</a>"),
        ("webhookdelivery", "deliveries come from hooks that tell a webhook"),
        ("webhookreceipt", "each request to an incoming webhook"),
        ("schedule", "They are made under Schedules"),
        ("secretuse", "No secret was used yet"),
        ("apitoken", "under Your account"),
        ("worker", "There is nothing here yet."),
    ],
)
def test_an_empty_list_says_what_to_do(browser: Client, model: str, words: str) -> None:
    shown = browser.get(reverse(f"admin:orchestration_{model}_changelist")).content.decode()
    assert words in shown
    assert 'name="action"' not in shown


def test_a_search_that_finds_nothing_leads_back(browser: Client) -> None:
    shown = browser.get(reverse("admin:auth_user_changelist"), {"q": "nobody-of-that-name"}).content.decode()
    assert 'Nothing fits. <a href="?">Show everything</a>' in shown
