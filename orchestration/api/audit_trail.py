"""The audit trail, for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Q, QuerySet
from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.models import AuditEntry

from .door import ApiRequest
from .errors import forbidden
from .paging import Order, Page, PageQuery
from .schemas import Fields, Json, Moment, Text, Username

router = Router(tags=["people"])

_NEWEST: Final = Order(("-id",))


class EntryOut(Fields):
    """Who did what, from where, and why."""

    id: int = Field(examples=[4711])
    at: Moment
    user: Username = Field(description="the user name at that time; empty for commands and workers")
    via: str = Field(examples=["api"])
    token: str = Field(description="the token it was done with", examples=[""])
    address: str | None = Field(examples=["192.0.2.7"])
    act: str = Field(examples=["tree.save"])
    subject_type: str = Field(examples=["tree"])
    subject_id: str = Field(examples=["3f0c0f4e-3b8a-4bb2-9a53-0c4be4f6a3b1"])
    subject: str = Field(description="its name at that time", examples=["Nightly import"])
    reason: str
    detail: dict[str, Json] = Field(examples=[{"version": 7}])


class EntryQuery(PageQuery):
    """What the trail is narrowed by."""

    user: Text | None = Field(None, max_length=150, description="a user name")
    act: Text | None = Field(None, max_length=60, description="such as `tree.save`; `tree.` is all acts on trees")
    subject: Text | None = Field(None, max_length=255, description="the id or the name of what it was done to")
    since: Moment | None = None
    until: Moment | None = None


@router.get("/audit", response=Page[EntryOut], summary="Read the audit trail")
def list_audit(request: ApiRequest, query: Query[EntryQuery]) -> Page[Any]:
    """List what was done, newest first."""
    if not rules.may_administer(request.auth):
        raise forbidden("The audit trail is for administrators.")
    return _NEWEST.page(_narrowed(AuditEntry.objects.all(), query), query, _lines)


def _narrowed(entries: QuerySet[AuditEntry], query: EntryQuery) -> QuerySet[AuditEntry]:
    conditions = Q()
    if query.user is not None:
        conditions &= Q(username=query.user)
    if query.act is not None:
        conditions &= Q(act__startswith=query.act) if query.act.endswith(".") else Q(act=query.act)
    if query.subject is not None:
        conditions &= Q(subject_id=query.subject) | Q(subject=query.subject)
    if query.since is not None:
        conditions &= Q(at__gte=query.since)
    if query.until is not None:
        conditions &= Q(at__lt=query.until)
    return entries.filter(conditions)


def _lines(entries: Sequence[AuditEntry]) -> list[Any]:
    names = ("id", "at", "via", "token", "address", "act", "subject_type", "subject_id", "subject", "reason", "detail")
    return [{**{name: getattr(entry, name) for name in names}, "user": entry.username} for entry in entries]
