"""Who is signed in where: the caller's own sessions, and for administrators everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.access.browser_words import browser_in_words
from orchestration.actions.sessions import end_session, end_sessions
from orchestration.models import SignedIn

from .door import ApiRequest, own_session_key
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Fields, Moment, Text, Username

router = Router(tags=["people"])

_NEWEST: Final = Order(("-last_seen_at", "-id"))
SessionId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class SessionLine(Fields):
    """Where somebody is signed in. The key of the session is a secret and is not sent."""

    id: int = Field(examples=[12])
    user: Username
    browser: str = Field(description="what the browser says of itself, in words", examples=["Firefox 145 on Linux"])
    address: str | None = Field(examples=["192.0.2.7"])
    signed_in_at: Moment
    last_seen_at: Moment = Field(description="a minute late at most")
    ends_at: Moment = Field(description="when it ends by itself")
    is_this: bool = Field(description="whether the request came with this session")


class SessionQuery(PageQuery):
    """What the list is narrowed by."""

    user: Text | None = Field(None, max_length=150, description="a user name")


class EndedOut(Fields):
    """How many sessions have ended."""

    ended: int = Field(examples=[2])


@router.get("/me/sessions", response=Page[SessionLine], summary="Where am I signed in")
def list_my_sessions(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List your open sessions, the last seen first."""
    _require_right(request)
    return _page(request, query, request.auth.user.get_username())


@router.delete("/me/sessions", response=EndedOut, summary="Sign me out everywhere else")
def end_my_sessions(request: ApiRequest) -> dict[str, int]:
    """End your sessions, but the one that the request came with."""
    _require_right(request)
    user = request.auth.user
    return {"ended": end_sessions(user, user=user, but=own_session_key(request))}


@router.delete("/me/sessions/{int:id}", response={204: None}, summary="Sign me out somewhere")
def end_my_session(request: ApiRequest, id: SessionId) -> Status[None]:
    """End one of your sessions."""
    _require_right(request)
    return _end(request, SignedIn.objects.open().filter(user=request.auth.user.pk, pk=id).first())


@router.get("/sessions", response=Page[SessionLine], summary="Who is signed in where")
def list_sessions(request: ApiRequest, query: Query[SessionQuery]) -> Page[Any]:
    """List everybody's open sessions, the last seen first."""
    _require_administrator(request)
    return _page(request, query, query.user)


@router.delete("/sessions/{int:id}", response={204: None}, summary="Sign somebody out")
def end_somebodys_session(request: ApiRequest, id: SessionId) -> Status[None]:
    """End a session of anybody. What they look at closes within seconds."""
    _require_administrator(request)
    return _end(request, SignedIn.objects.open().filter(pk=id).first())


def _require_right(request: ApiRequest) -> None:
    if not rules.may_manage_sessions(request.auth):
        raise forbidden("Sessions are managed in a session, or with a token of the scope admin.")


def _require_administrator(request: ApiRequest) -> None:
    if not rules.may_administer(request.auth):
        raise forbidden("Other people's sessions are for administrators.")


def _end(request: ApiRequest, found: SignedIn | None) -> Status[None]:
    if found is None:
        raise not_found("session")
    end_session(found, user=request.auth.user)
    return Status(204, None)


def _page(request: ApiRequest, query: PageQuery, username: str | None) -> Page[Any]:
    rows = SignedIn.objects.open().select_related("user", "session")
    if username is not None:
        rows = rows.filter(user__username=username)
    key = own_session_key(request)

    def lines(found: Sequence[SignedIn]) -> list[Any]:
        return [_line(row, row.session_id == key) for row in found]

    return _NEWEST.page(rows, query, lines)


def _line(row: SignedIn, is_this: bool) -> dict[str, Any]:
    return {
        "id": row.pk,
        "user": row.user.get_username(),
        "browser": browser_in_words(row.user_agent),
        "address": row.address,
        "signed_in_at": row.signed_in_at,
        "last_seen_at": row.last_seen_at,
        "ends_at": row.session.expire_date,
        "is_this": is_this,
    }
