"""Acts on sessions: end one, end all of a person. Callers ask `orchestration.access.rules` first who may."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction

from orchestration.models import SignedIn

from . import audit


def end_session(signed_in: SignedIn, *, user: AbstractBaseUser, reason: str = "") -> None:
    """Sign somebody out in one place. Open streams of that session close within the seconds of a re-check."""
    with transaction.atomic():
        detail = {"session": signed_in.pk, "address": signed_in.address, "user_agent": signed_in.user_agent}
        audit.record("session.end", signed_in.user, user=user, reason=reason, detail=detail)
        Session.objects.filter(signed_in=signed_in.pk).delete()


def end_sessions(person: User, *, user: AbstractBaseUser, but: str | None = None, reason: str = "") -> int:
    """Sign somebody out everywhere, but for the session of the key `but`; return how many sessions have ended."""
    with transaction.atomic():
        count = close_sessions(person, but)
        if count:
            audit.record("session.end_all", person, user=user, reason=reason, detail={"sessions": count})
    return count


def close_sessions(person: User, but: str | None = None) -> int:
    """Do the same as a part of another act, which has an entry of its own."""
    keys = list(SignedIn.objects.filter(user=person).exclude(session_id=but).values_list("session_id", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return len(keys)
