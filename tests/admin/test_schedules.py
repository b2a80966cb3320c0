"""Schedules in the administration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.models import Schedule
from tests.pages.scene import make_tree

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"enabled": True, "is_due": True}, "on"),
        ({"enabled": False, "is_due": True}, "off"),
        ({"enabled": True}, "over: nothing is to come"),
        ({"enabled": False}, "off"),
        ({"enabled": False, "problem": "It never fires"}, "switched off by itself"),
    ],
)
def test_the_list_and_the_page_say_whether_anything_is_to_come(
    browser: Client, fields: dict[str, Any], said: str
) -> None:
    soon = timezone.now() + timedelta(hours=1) if fields.pop("is_due", False) else None
    schedule = Schedule.objects.create(
        tree=make_tree(), name="Once", kind="once", expression="2027-03-01T08:30", next_due_at=soon, next_fire_at=soon,
        **fields,
    )  # fmt: skip
    listed = browser.get(reverse("admin:orchestration_schedule_changelist")).content.decode()
    assert f'<td class="field-state">{said}</td>' in listed
    shown = browser.get(reverse("admin:orchestration_schedule_change", args=[schedule.pk])).content.decode()
    assert f'<div class="readonly">{said}</div>' in shown
