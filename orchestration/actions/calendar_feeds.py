"""The address under which somebody's calendar program reads what their schedules will do."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from orchestration.models import CalendarFeed

from . import audit


def make_feed(user: User) -> str:
    """Make somebody's feed and return its token, which is stored nowhere; an earlier one opens nothing any more."""
    secret = CalendarFeed.new_secret()
    with transaction.atomic():
        feed, _ = CalendarFeed.objects.update_or_create(user=user, defaults={"digest": CalendarFeed.digest_of(secret)})
        audit.record("calendar.create", feed, user=user)
    return secret


def close_feed(user: User) -> None:
    """Close somebody's feed, if they have one."""
    with transaction.atomic():
        feed = CalendarFeed.objects.select_for_update().filter(user=user).first()
        if feed is not None:
            audit.record("calendar.delete", feed, user=user)
            feed.delete()


def user_of_feed(secret: str) -> User | None:
    """Return whose feed a token opens, if they may still come in."""
    feed = CalendarFeed.objects.select_related("user").filter(digest=CalendarFeed.digest_of(secret)).first()
    user = feed.user if feed is not None else None
    return user if isinstance(user, User) and user.is_active else None
