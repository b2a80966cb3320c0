"""Django's sessions in the database, with an end that is counted from the sign-in, and from the last request.

Django counts a session's end from its last write. Here it is `APFLOW_SESSION_HOURS` after the sign-in, whatever is
written later, and, where `APFLOW_SESSION_IDLE_MINUTES` is set, so long after the last request at the latest.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

#: Where a session keeps when it began, in seconds since 1970.
SIGNED_IN_AT = "signed_in_at"


class SessionStore(DatabaseStore):
    """A session whose row says when it ends; who comes later is signed out."""

    def get_expiry_age(self, **_: Any) -> int:
        """Return how many seconds the browser keeps the cookie: until the sign-in is too long ago."""
        return max(round((self._last_moment() - timezone.now()).total_seconds()), 0)

    def get_expiry_date(self, **_: Any) -> datetime:
        """Return when the session ends if nothing more comes."""
        idle = timedelta(minutes=settings.APFLOW_SESSION_IDLE_MINUTES)
        last = self._last_moment()
        return min(last, timezone.now() + idle) if idle else last

    def _last_moment(self) -> datetime:
        began = self.get(SIGNED_IN_AT)
        start = datetime.fromtimestamp(began, tz=UTC) if began else timezone.now()
        return start + timedelta(hours=settings.APFLOW_SESSION_HOURS)
