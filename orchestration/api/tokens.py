"""The caller's own API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from django.utils import timezone
from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.tokens import MAX_DAYS, create_token, revoke_token
from orchestration.models import ApiToken

from .door import ApiRequest
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Fields, Moment, Text

router = Router(tags=["people"])

_NEWEST: Final = Order(("-created_at", "-id"))
_LARGEST: Final = 2**63 - 1


class TokenLine(Fields):
    """A token; its secret is stored nowhere."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["nightly build"])
    scope: str = Field(examples=["run"])
    hint: str = Field(description="how the secret begins", examples=["apf_Zm9v"])
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class NewTokenOut(TokenLine):
    """A token that was just made. Nobody can read its secret again."""

    secret: str = Field(examples=["apf_Zm9vYmFy…"])


class NewToken(Fields):
    """The token that is wanted. Without `expires_in_days` it does not expire."""

    name: Text = Field(min_length=1, max_length=100, examples=["nightly build"])
    scope: Literal["read", "run", "edit", "admin"]
    expires_in_days: Annotated[int, Field(strict=True, ge=1, le=MAX_DAYS)] | None = Field(None, examples=[90])


@router.get("/tokens", response=Page[TokenLine], summary="List my tokens")
def list_tokens(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List your tokens, newest first, those that are over too."""
    _require_right(request)
    return _NEWEST.page(rules.tokens_of(request.auth), query, _lines)


@router.post("/tokens", response={201: NewTokenOut}, summary="Make a token")
def make_token(request: ApiRequest, body: NewToken) -> Status[Any]:
    """Make a token. Its `secret` is shown this once."""
    _require_right(request)
    days = body.expires_in_days
    expires_at = None if days is None else timezone.now() + timedelta(days=days)
    made = create_token(request.auth.user, body.name, body.scope, expires_at=expires_at, maker=request.auth.token)
    return Status(201, {**_line(made.token), "secret": made.secret})


@router.delete("/tokens/{int:id}", response={204: None}, summary="Revoke a token")
def delete_token(request: ApiRequest, id: Annotated[int, Path(ge=1, le=_LARGEST)]) -> Status[None]:
    """Close a token for good. Closing it again changes nothing."""
    _require_right(request)
    token = rules.tokens_of(request.auth).select_related("user").filter(pk=id).first()
    if token is None:
        raise not_found("token")
    revoke_token(token, user=request.auth.user)
    return Status(204, None)


def _require_right(request: ApiRequest) -> None:
    if not rules.may_manage_tokens(request.auth):
        raise forbidden("Tokens are managed in a session, or with a token of the scope admin.")


def _lines(tokens: Sequence[ApiToken]) -> list[Any]:
    return [_line(token) for token in tokens]


def _line(token: ApiToken) -> dict[str, Any]:
    names = ("id", "name", "scope", "hint", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {name: getattr(token, name) for name in names}
