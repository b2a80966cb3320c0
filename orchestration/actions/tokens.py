"""Acts on API tokens: make one, revoke one. Callers ask `orchestration.access.rules` first who may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import text_problem
from orchestration.models import ApiToken

from . import audit

#: The scopes from the narrowest to the widest.
SCOPES: Final = tuple(ApiToken.Scope.values)
#: Usable tokens that one person may have at a time.
MAX_TOKENS: Final = 100
#: Days that a token may last, besides for ever.
MAX_DAYS: Final = 3660
_NAME_CHARS: Final = 100
_HINT_CHARS: Final = 8


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and its secret, which is stored nowhere."""

    token: ApiToken
    secret: str


def create_token(
    user: User, name: str, scope: str, *, expires_at: datetime | None = None, maker: ApiToken | None = None
) -> NewToken:
    """Make a token of `user`; `maker` is the token that the request itself came with, if it came with one.

    Raises InvalidDefinitionError: a name or a scope that can't be, an expiry that has passed, a token that would reach
    further or last longer than its maker, or too many tokens.
    """
    name = name.strip()
    with transaction.atomic():
        # One at a time for each person, or two at once could pass the limit.
        User.objects.select_for_update().get(pk=user.pk)
        problems = [*_problems(user, name, scope, expires_at), *_beyond_maker(scope, expires_at, maker)]
        if problems:
            raise InvalidDefinitionError(problems)
        secret = ApiToken.new_secret()
        token = ApiToken.objects.create(
            user=user,
            name=name,
            scope=scope,
            hint=secret[:_HINT_CHARS],
            digest=ApiToken.digest_of(secret),
            expires_at=expires_at,
        )
        detail = {"scope": scope, "expires_at": expires_at.isoformat() if expires_at else None}
        audit.record("token.create", token, user=user, detail=detail)
    return NewToken(token, secret)


def revoke_token(token: ApiToken, *, user: AbstractBaseUser, reason: str = "") -> bool:
    """Close a token for good; False when it was closed before."""
    with transaction.atomic():
        if not ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=Now()):
            return False
        audit.record("token.revoke", token, user=user, reason=reason, detail={"owner": token.user.get_username()})
    token.refresh_from_db(fields=["revoked_at"])
    return True


def _problems(user: User, name: str, scope: str, expires_at: datetime | None) -> list[Problem]:
    problems = []
    if not 0 < len(name) <= _NAME_CHARS:
        problems.append(Problem("$.name", f"must have 1 to {_NAME_CHARS} characters"))
    elif text_problem(name) is not None:
        problems.append(Problem("$.name", "has a character that can't be stored"))
    if scope not in SCOPES:
        problems.append(Problem("$.scope", f"must be one of {', '.join(SCOPES)}"))
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + timedelta(days=MAX_DAYS):
        problems.append(Problem("$.expires_at", f"must be in the future, and at most {MAX_DAYS} days away"))
    if ApiToken.objects.usable().filter(user=user).count() >= MAX_TOKENS:
        problems.append(Problem("$", f"nobody has more than {MAX_TOKENS} tokens at a time; revoke one first"))
    return problems


def _beyond_maker(scope: str, expires_at: datetime | None, maker: ApiToken | None) -> list[Problem]:
    if maker is None:
        return []
    problems = []
    if scope in SCOPES and SCOPES.index(scope) > SCOPES.index(maker.scope):
        problems.append(Problem("$.scope", f"reaches further than the token that asks, which is for {maker.scope}"))
    if maker.expires_at is not None and (expires_at is None or expires_at > maker.expires_at):
        problems.append(Problem("$.expires_at", "is after the end of the token that asks"))
    return problems
