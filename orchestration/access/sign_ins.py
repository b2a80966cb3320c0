"""Signing in and out: written into the audit trail, and slowed down for those who guess passwords (django-axes)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from axes.models import AccessAttempt
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from orchestration.actions import audit

from .origin import client_address

_SIGN_ON: Final = "signed_on_by"


def record_sign_ins() -> None:
    """Connect the receivers; called when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit.sign_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.sign_out")
    user_login_failed.connect(_refused, dispatch_uid="audit.refused")
    user_locked_out.connect(_locked_out, dispatch_uid="audit.locked_out")


def _signed_in(sender: Any, user: User, request: HttpRequest | None = None, **_: Any) -> None:
    issuer = getattr(request, _SIGN_ON, None)
    audit.record("session.sign_in", user, user=user, detail={"sign_on": issuer} if issuer else None)


def note_sign_on(request: HttpRequest, issuer: str) -> None:
    """Say by whose word the one whom this request lets in comes; the entry of the sign-in has it."""
    setattr(request, _SIGN_ON, issuer)


def note_refused_sign_on(code: str, issuer: str, *, username: str = "", detail: dict[str, Any]) -> None:
    """Record that somebody whom a provider has vouched for was not let in, or that its word was not to be trusted."""
    audit.record("session.refused", username=username, reason=code, detail={"sign_on": issuer, **detail})


def _signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record("session.sign_out", user, user=user)


def _refused(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    # Whoever is locked out already could fill the trail at will; the lock itself has its entry.
    if not _was_locked(request):
        audit.record("session.refused", username=_name(credentials.get("username")))


def _locked_out(sender: Any, request: HttpRequest, username: str | None, **_: Any) -> None:
    if not _was_locked(request):
        audit.record(
            "session.locked", username=_name(username), detail={"minutes": settings.APFLOW_LOGIN_PAUSE_MINUTES}
        )


def _was_locked(request: HttpRequest | None) -> bool:
    """Tell whether this very request met a lock that an earlier one had brought about."""
    return getattr(request, "axes_failures_since_start", None) is None and getattr(request, "axes_locked_out", False)


def _name(username: Any) -> str:
    return username if isinstance(username, str) else ""


def locked_until(request: HttpRequest, username: str) -> datetime | None:
    """Return when somebody may try again from this address; None when there is nothing to wait for."""
    attempts = AccessAttempt.objects.filter(username=username, ip_address=client_address(request))
    last = attempts.aggregate(last=Max("attempt_time"))["last"]
    return None if last is None else last + pause()


def pause() -> timedelta:
    """How long somebody has to wait after too many wrong passwords."""
    return timedelta(minutes=settings.APFLOW_LOGIN_PAUSE_MINUTES)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """Answer who has guessed too often: how long to wait, as a page and as `Retry-After`.

    The credentials are taken from the request: the asynchronous middleware of django-axes 8.3 hands them over in the
    place of another argument.
    """
    username = _name((getattr(request, "axes_credentials", None) or {}).get("username"))
    until = locked_until(request, username) or timezone.now() + pause()
    seconds = max(round((until - timezone.now()).total_seconds()), 1)
    context = {"minutes": -(-seconds // 60), "until": until, "username": username}
    response = render(request, "pages/locked.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response
