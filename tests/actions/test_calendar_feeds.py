"""The address of somebody's calendar: made and closed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orchestration.actions.calendar_feeds import close_feed, make_feed, user_of_feed
from orchestration.models import AuditEntry, CalendarFeed
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    """Somebody with a calendar."""
    return make_user("ann")


def closings() -> int:
    """Return how often the audit trail says that a feed was closed."""
    return AuditEntry.objects.filter(act="calendar.delete").count()


def test_a_feed_that_is_closed_opens_nothing(ann: User) -> None:
    secret = make_feed(ann)
    assert user_of_feed(secret) == ann
    close_feed(ann)
    close_feed(ann)
    assert user_of_feed(secret) is None
    assert closings() == 1


@pytest.mark.django_db(transaction=True)
def test_a_feed_that_two_close_is_closed_once(ann: User) -> None:
    make_feed(ann)
    act_after_waiting(CalendarFeed.objects.get(), lambda: close_feed(ann), lambda: close_feed(ann))
    assert closings() == 1
