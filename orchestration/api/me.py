"""The caller."""

from __future__ import annotations

from typing import Any

from ninja import Router

from .door import ApiRequest
from .schemas import Fields

router = Router(tags=["people"])


class TokenOut(Fields):
    """The token that the caller came with."""

    name: str
    scope: str


class Me(Fields):
    """Who asks, and what they may."""

    username: str
    roles: list[str]
    permissions: list[str]
    token: TokenOut | None


@router.get("/me", response=Me, summary="Who am I, and what may I")
def me(request: ApiRequest) -> dict[str, Any]:
    """Return the caller: user name, groups, and the permissions that are left after the token's scope."""
    actor = request.auth
    held = sorted(
        name.partition(".")[2] for name in actor.user.get_all_permissions() if name.startswith("orchestration.")
    )
    return {
        "username": actor.user.get_username(),
        "roles": sorted(actor.user.groups.values_list("name", flat=True)),
        "permissions": [name for name in held if actor.within_scope(name)],
        "token": {"name": actor.token.name, "scope": actor.token.scope} if actor.token else None,
    }
