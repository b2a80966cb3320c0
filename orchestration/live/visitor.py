"""Who is at the other end of a stream, and whether they may still be. Everything here blocks."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, parse_cookie

from orchestration.access import Actor, rules
from orchestration.access.identify import (
    Refused,
    actor_now,
    actor_of_headers,
    actor_of_request,
    actor_of_session,
    header_of,
)

from .errors import StreamError, bad_token, no_such_run, signed_out


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a session, or a program with a token."""

    actor: Actor
    session: SessionBase | None

    @property
    def identity(self) -> Hashable:
        """What two streams share that one look at the database settles for both."""
        token, session = self.actor.token, self.session
        return self.actor.user.pk, token and token.pk, session and session.session_key


def visitor_of_request(request: HttpRequest) -> Visitor:
    """Return who sends a request. Raises StreamError."""
    try:
        actor = actor_of_request(request)
    except Refused as refused:
        raise bad_token(str(refused)) if request.headers.get("Authorization") else signed_out() from None
    return Visitor(actor, None if actor.token is not None else request.session)


def visitor_of_scope(scope: dict[str, Any]) -> Visitor:
    """Return who opens a WebSocket. Raises StreamError."""
    authorization = header_of(scope["headers"], b"authorization")
    try:
        if authorization:
            return Visitor(actor_of_headers(authorization), None)
        session = _session_of(header_of(scope["headers"], b"cookie"))
        return Visitor(actor_of_session(session), session)
    except Refused as refused:
        raise bad_token(str(refused)) if authorization else signed_out() from None


def _session_of(cookie: str) -> SessionBase:
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store(parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME))


def run_id_for(visitor: Visitor, run_id: str) -> str:
    """Return the run's id as the database writes it. Raises StreamError when the visitor may not see such a run."""
    try:
        pk = UUID(run_id)
    except ValueError:
        raise no_such_run() from None
    if not rules.runs_of(visitor.actor).filter(pk=pk).exists():
        raise no_such_run()
    return str(pk)


def objection_to(visitor: Visitor, run_id: str | None) -> StreamError | None:
    """Return why somebody who was let in would not be let in now; None when they would."""
    actor = actor_now(visitor.actor, visitor.session)
    if actor is None:
        return signed_out()
    if run_id is None or rules.runs_of(actor).filter(pk=run_id).exists():
        return None
    return no_such_run()
