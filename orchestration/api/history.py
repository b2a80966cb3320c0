"""The whole event log of a run, page by page: what time travel and charts of the past are made from."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from orchestration.store.stream import tail_of

from .door import ApiRequest
from .errors import not_found
from .run_lookups import visible_run
from .schemas import Fields

router = Router(tags=["runs"])


class HistoryQuery(Fields):
    """Which events."""

    after: int = Field(default=0, ge=0, le=2**62, description="events behind the one with this `seq`")
    limit: int = Field(default=1_000, ge=1, le=5_000)


class EventOut(Fields):
    """One event; see docs/events.md. `task` is the id of the task that it is about, or null."""

    seq: int
    type: str
    task: str | None
    data: dict[str, Any]
    at: datetime


class HistoryPage(Fields):
    """Events in order, without a hole."""

    items: list[EventOut]
    next: str | None = Field(description="`after` of the page that follows; null when this is the end for now")


@router.get("/runs/{uuid:id}/history", response=HistoryPage, summary="The events of a run")
def read_history(request: ApiRequest, id: UUID, query: Query[HistoryQuery]) -> HttpResponse:
    """Return events behind a cursor. To follow a run that goes on, use the live stream."""
    run = visible_run(request, id)
    tail = tail_of(str(run.pk), query.after, query.limit)
    if tail is None:
        raise not_found("run")
    end = query.after + len(tail.events)
    following = f'"{end}"' if tail.events and end < tail.last_seq else "null"
    # PostgreSQL has written the JSON of each event; a run has many.
    return HttpResponse(f'{{"items":[{",".join(tail.events)}],"next":{following}}}', content_type="application/json")
