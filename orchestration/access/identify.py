"""From a request to its actor: a bearer token, or else the session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest

from orchestration.actions.audit import add_token
from orchestration.engine.json_values import text_problem
from orchestration.models import ApiToken

from .actor import Actor

#: `last_used_at` is written at most this often, so that a busy program writes no row at each request.
USED_EVERY: Final = timedelta(minutes=1)


class Refused(Exception):
    """The request brings no identity, or one that is not valid: sign in, or send `Authorization: Bearer TOKEN`."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


def actor_of_token(secret: str) -> Actor | None:
    """Return the actor of a token's text; None when there is no such token, or it is over."""
    if text_problem(secret) is not None:
        return None
    token = ApiToken.objects.usable().select_related("user").filter(digest=ApiToken.digest_of(secret)).first()
    if token is None:
        return None
    unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - USED_EVERY)
    ApiToken.objects.filter(unused, pk=token.pk).update(last_used_at=Now())
    return Actor(token.user, token)


def actor_of_headers(authorization: str) -> Actor:
    """Return the actor that an Authorization header names, and note the token as this request's. Raises Refused."""
    kind, _, secret = authorization.partition(" ")
    actor = actor_of_token(secret.strip()) if kind.lower() == "bearer" else None
    if actor is None or actor.token is None:
        raise Refused("The token is not valid: it is unknown, revoked or expired. Make a new one on your account page.")
    add_token(str(actor.token))
    return actor


def actor_of_request(request: HttpRequest) -> Actor:
    """Return who sends a request. Raises Refused. CSRF is the caller's business: it concerns sessions only."""
    authorization = request.headers.get("Authorization", "")
    if authorization:
        return actor_of_headers(authorization)
    user = request.user
    if isinstance(user, User) and user.is_active:
        return Actor(user)
    raise Refused


def actor_of_session(session: SessionBase) -> Actor:
    """Return who is signed in with a session. Raises Refused."""
    carrier = HttpRequest()
    carrier.session = session
    user = get_user(carrier)
    if isinstance(user, User) and user.is_active:
        return Actor(user)
    raise Refused


def is_still_valid(actor: Actor, session: SessionBase | None) -> bool:
    """Tell whether an actor who was let in a while ago would be let in now: still active, signed in, not revoked."""
    if actor.token is not None:
        return ApiToken.objects.usable().filter(pk=actor.token.pk).exists()
    if session is None or session.session_key is None:
        return False
    now = type(session)(session.session_key)
    if now.get(SESSION_KEY) != str(actor.user.pk):
        return False
    try:
        return actor_of_session(now).user.pk == actor.user.pk
    except Refused:
        return False


def actor_now(actor: Actor, session: SessionBase | None) -> Actor | None:
    """Return an actor who was let in a while ago with the permissions that they have now; None when they have to go."""
    if not is_still_valid(actor, session):
        return None
    user = User.objects.filter(pk=actor.user.pk, is_active=True).first()
    return None if user is None else Actor(user, actor.token)


def header_of(headers: Mapping[bytes, bytes] | list[tuple[bytes, bytes]], name: bytes) -> str:
    """Return a header of an ASGI scope, or the empty text."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return next((value.decode("latin-1") for key, value in pairs if key == name), "")
