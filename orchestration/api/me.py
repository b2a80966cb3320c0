"""The caller."""

from __future__ import annotations

from typing import Any

from ninja import Router
from pydantic import Field

from .door import ApiRequest
from .schemas import Fields

router = Router(tags=["people"])


class TokenOut(Fields):
    """The token that the caller came with."""

    name: str = Field(examples=["nightly build"])
    scope: str = Field(examples=["run"])


class Me(Fields):
    """Who asks, and what they may."""

    username: str = Field(examples=["ada"])
    roles: list[str] = Field(description="names of groups", examples=[["editor"]])
    permissions: list[str] = Field(examples=[["add_run", "change_tree"]])
    token: TokenOut | None


@router.get("/me", response=Me, summary="Who am I, and what may I")
def read_me(request: ApiRequest) -> dict[str, Any]:
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
