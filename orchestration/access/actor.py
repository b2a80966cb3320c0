"""The one who asks: a person, or a program with a person's token."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from orchestration.models import ApiToken
from orchestration.models.roles import SCOPE_PERMISSIONS


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, and the token that narrows what they may here (None: a session, which narrows nothing)."""

    user: User
    token: ApiToken | None = None

    def can(self, codename: str) -> bool:
        """Tell whether a permission of this app is theirs, and within the token's scope."""
        return self.within_scope(codename) and self.user.has_perm(f"orchestration.{codename}")

    def within_scope(self, codename: str) -> bool:
        """Tell whether the token, if there is one, is for such acts."""
        if self.token is None:
            return True
        scope = SCOPE_PERMISSIONS[self.token.scope]
        return scope is None or codename in scope
