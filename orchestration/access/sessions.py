"""Who is signed in where: noted at each sign-in, and kept up to date by what comes later, once a minute at most."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

from orchestration.engine.json_values import storable_text
from orchestration.models import SignedIn

from .origin import client_address
from .session_store import SIGNED_IN_AT

#: Seconds between two notes that somebody was seen.
SEEN_EVERY: Final = 60.0
_AGENT_CHARS: Final = 300
#: Sessions of which this process knows when it noted them last; the oldest are forgotten.
_REMEMBERED: Final = 10_000

#: When a session was noted last by this process, on the monotonic clock.
_noted: OrderedDict[str, float] = OrderedDict()

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def note_sign_ins() -> None:
    """Connect the receiver; called when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="sessions.signed_in")


def _signed_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    request.session[SIGNED_IN_AT] = timezone.now().timestamp()
    request.session.save()
    _write(request, user)


def note_seen(request: HttpRequest) -> None:
    """Note that a request of somebody who is signed in has come; most requests find that it is noted already.

    A session that began before there were notes, or got another key because of a new password, gets its note here.
    """
    if _is_due(request) and isinstance(request.user, User) and request.user.is_active:
        _write(request, request.user)


def _is_due(request: HttpRequest) -> bool:
    """Tell whether a request's session has to be noted; asks the memory alone."""
    key = request.session.session_key
    noted = _noted.get(key) if key is not None else None
    return key is not None and (noted is None or time.monotonic() - noted >= SEEN_EVERY)


def _write(request: HttpRequest, user: User) -> None:
    session = request.session
    key = cast(str, session.session_key)
    agent = storable_text(request.headers.get("User-Agent", ""), _AGENT_CHARS)[:_AGENT_CHARS]
    facts = {"user": user, "address": client_address(request), "user_agent": agent, "last_seen_at": Now()}
    if settings.APFLOW_SESSION_IDLE_MINUTES:
        # What ends for want of requests ends later now; a session that is gone in the meantime stays gone.
        Session.objects.filter(session_key=key).update(expire_date=session.get_expiry_date())
    if not SignedIn.objects.filter(session_id=key).update(**facts):
        try:
            with transaction.atomic():
                SignedIn.objects.create(session_id=key, **facts, **_beginning(session))
        except IntegrityError:
            return
    _noted[key] = time.monotonic()
    _noted.move_to_end(key)
    if len(_noted) > _REMEMBERED:
        _noted.popitem(last=False)


def _beginning(session: SessionBase) -> dict[str, Any]:
    began = session.get(SIGNED_IN_AT)
    return {"signed_in_at": datetime.fromtimestamp(began, tz=UTC)} if began else {}


@sync_and_async_middleware
def sessions_middleware(get_response: SyncHandler | AsyncHandler) -> SyncHandler | AsyncHandler:
    """Note who is seen; it stands behind the middleware that says who is asking."""
    if iscoroutinefunction(get_response):
        answer_async = cast(AsyncHandler, get_response)

        async def noted_async(request: HttpRequest) -> HttpResponseBase:
            if _is_due(request):
                await sync_to_async(note_seen)(request)
            return await answer_async(request)

        return noted_async

    answer = cast(SyncHandler, get_response)

    def noted(request: HttpRequest) -> HttpResponseBase:
        note_seen(request)
        return answer(request)

    return noted
