"""What the form of a schedule refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from orchestration.models import Schedule

from .scene import make_tree, make_user

pytestmark = pytest.mark.django_db

FORM: dict[str, Any] = {
    "name": "Nightly",
    "kind": "interval",
    "expression": "3600",
    "timezone": "UTC",
    "parameters": "",
    "priority": "2",
    "overlap": "skip",
    "misfire": "once",
    "catch_up": "1",
    "jitter_seconds": "0",
}


@pytest.fixture
def browser(db: None) -> Client:
    edda = make_user("edda")
    edda.groups.add(Group.objects.get(name="editor"))
    browser = Client()
    browser.force_login(edda)
    return browser


def test_a_limit_below_what_has_fired_is_refused_at_its_field(browser: Client) -> None:
    schedule = Schedule.objects.create(
        tree=make_tree(), name="Nightly", kind="interval", expression="3600", enabled=False, run_count=3
    )
    answer = browser.post(schedule.get_absolute_url(), FORM | {"max_runs": "2"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"max_runs": ["It must not be less than 3: so often it has fired."]}
    assert browser.post(schedule.get_absolute_url(), FORM | {"max_runs": "3"}).status_code == 302


def test_nobody_overwrites_what_they_have_not_seen(browser: Client) -> None:
    schedule = Schedule.objects.create(
        tree=make_tree(), name="Nightly", kind="interval", expression="3600", enabled=False, parameters={}
    )
    address = schedule.get_absolute_url()
    shown = browser.get(address)
    seen = {"seen": shown.context["form"]["seen"].value()}
    assert 'name="seen"' in shown.content.decode()
    assert browser.post(address, FORM | seen | {"expression": "60"}).status_code == 302
    answer = browser.post(address, FORM | seen | {"name": "Mine"})
    assert answer.status_code == 422 and "Expression is “60”" in answer.content.decode()
    schedule.refresh_from_db()
    assert (schedule.name, schedule.expression) == ("Nightly", "60")
    again = {"seen": answer.context["form"]["seen"].value()}
    assert browser.post(address, FORM | again | {"name": "Mine"}).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.name, schedule.expression) == ("Mine", "3600")
    assert "seen" not in browser.get("/schedules/new/").context["form"].fields
