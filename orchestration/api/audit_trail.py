"""The audit trail, for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from django.http import StreamingHttpResponse
from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.actions import audit
from orchestration.actions.audit_export import FORMATS, export
from orchestration.actions.audit_search import AuditSearch
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


class EntryFilter(Fields):
    """What the trail is narrowed by."""

    user: Text | None = Field(None, max_length=150, description="a user name")
    act: Text | None = Field(None, max_length=60, description="such as `tree.save`; `tree.` is all acts on trees")
    object: Text | None = Field(None, max_length=120, description="a kind of subject, `tree`, or one, `tree:ID`")
    subject: Text | None = Field(None, max_length=255, description="the id or the name of what it was done to")
    via: AuditEntry.Via | None = Field(None, description="the way it was done")
    q: Text | None = Field(None, max_length=200, description="words that stand anywhere in the entry, or begin so")
    since: Moment | None = None
    until: Moment | None = None

    def search(self) -> AuditSearch:
        """Return what is looked for."""
        texts = {"user": self.user, "act": self.act, "object": self.object, "subject": self.subject, "via": self.via}
        given = {name: text for name, text in texts.items() if text is not None}
        return AuditSearch(**given, words=self.q or "", since=self.since, until=self.until)


class EntryQuery(EntryFilter, PageQuery):
    """The same, for a page of it."""


class ExportQuery(EntryFilter):
    """The same, for a file of it."""

    format: Literal["csv", "jsonl"] = Field("jsonl", description="a table, or a JSON object a line")


@router.get("/audit", response=Page[EntryOut], summary="Read the audit trail")
def list_audit(request: ApiRequest, query: Query[EntryQuery]) -> Page[Any]:
    """List what was done, newest first."""
    _require_administrator(request)
    return _NEWEST.page(query.search().narrow(AuditEntry.objects.all()), query, _lines)


@router.get(
    "/audit/export",
    summary="The audit trail as a file",
    openapi_extra={
        "responses": {
            200: {
                "description": "The entries, newest first",
                "content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in FORMATS.values()},
            }
        }
    },
)
def export_audit(request: ApiRequest, query: Query[ExportQuery]) -> StreamingHttpResponse:
    """Send what was done as CSV or as a JSON object a line. The export has an entry of its own."""
    _require_administrator(request)
    entries = query.search().narrow(AuditEntry.objects.all())
    chosen = query.model_dump(mode="json", exclude_none=True, exclude={"format"})
    audit.record("audit.export", user=request.auth.user, detail={"format": query.format, "filter": chosen})
    headers = {"Content-Disposition": f'attachment; filename="audit.{query.format}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(export(entries, query.format), content_type=FORMATS[query.format], headers=headers)


def _require_administrator(request: ApiRequest) -> None:
    if not rules.may_administer(request.auth):
        raise forbidden("The audit trail is for administrators.")


def _lines(entries: Sequence[AuditEntry]) -> list[Any]:
    names = ("id", "at", "via", "token", "address", "act", "subject_type", "subject_id", "subject", "reason", "detail")
    return [{**{name: getattr(entry, name) for name in names}, "user": entry.username} for entry in entries]
