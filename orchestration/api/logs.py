"""Log lines of a run: behind a cursor as JSON, or all of them as a text."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Query, Router
from pydantic import ConfigDict, Field

from orchestration.models import Run
from orchestration.store.run_logs import LogFilter, LogRow, all_lines, read_last_lines, read_lines

from .door import ApiRequest
from .run_lookups import task_of, visible_run
from .schemas import Fields, Moment, TaskId, Text
from .wire import at_json

router = Router(tags=["logs"])
_LARGEST: Final = 2**63 - 1
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
#: Lines of a text that are sent at a time.
_PORTION: Final = 2_000


class LogQuery(Fields):
    """Which lines."""

    after: int = Field(default=0, ge=0, le=_LARGEST, description="lines behind the one with this id")
    before: int | None = Field(
        default=None, ge=0, le=_LARGEST, description="the last lines in front of the one with this id"
    )
    limit: int = Field(default=500, ge=1, le=5_000)
    level: Literal["debug", "info", "warning", "error", "critical"] = Field(
        default="debug", description="this level and above"
    )
    task: TaskId | None = Field(default=None, description="a task's id")
    attempt: int | None = Field(default=None, ge=1, le=2**31 - 1)
    q: Text = Field(default="", max_length=200, description="a text in the message; capitals do not matter")
    until: Moment | None = Field(default=None, description="written at this time or before")
    format: Literal["json", "text"] = Field(default="json", description="`text` is a download of all lines")


class LogLineOut(Fields):
    """One line. `level` is a number of Python's logging: 20 is INFO, 40 ERROR."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    task: str
    attempt: int
    level: int
    logger: str
    message: str
    at: datetime


class LogPage(Fields):
    """Lines in the order in which they were written, and the cursor behind the last of them."""

    items: list[LogLineOut]
    next: str | None = Field(
        description="`after` of the page that follows, `before` of the one in front; null: the end"
    )
    log_after: int = Field(description="`after` to ask for what comes later, here or in the live stream")


@router.get("/runs/{uuid:id}/logs", response=LogPage, summary="The log lines of a run")
def read_run_logs(request: ApiRequest, id: UUID, query: Query[LogQuery]) -> Any:
    """Return lines behind a cursor; with `format=text`, all of them as a file."""
    run = visible_run(request, id)
    if query.task is not None:
        task_of(run, query.task)
    which = LogFilter(_LEVELS[query.level], query.task, query.attempt, query.q, query.until)
    return _download(run, which, query.after) if query.format == "text" else _page(run, which, query)


def _page(run: Run, which: LogFilter, query: LogQuery) -> dict[str, Any]:
    if query.before is not None:
        return _page_before(run, which, query, query.before)
    found = read_lines(run.pk, which, query.after, query.limit + 1)
    shown = found[: query.limit]
    after = shown[-1].id if shown else query.after
    return {"items": shown, "next": str(after) if len(found) > query.limit else None, "log_after": after}


def _page_before(run: Run, which: LogFilter, query: LogQuery, before: int) -> dict[str, Any]:
    found = read_last_lines(run.pk, which, query.after, before, query.limit + 1)
    shown = found[-query.limit :]
    has_more = len(found) > query.limit
    return {
        "items": shown,
        "next": str(shown[0].id) if has_more else None,
        "log_after": shown[-1].id if shown else query.after,
    }


def _download(run: Run, which: LogFilter, after: int) -> HttpResponseBase:
    content = _in_portions(lambda: all_lines(run.pk, which, after, _PORTION))
    headers = {"Content-Disposition": f'attachment; filename="run-{run.pk}.log"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(content, content_type="text/plain; charset=utf-8", headers=headers)


async def _in_portions(read: Callable[[], Iterator[LogRow]]) -> AsyncIterator[str]:
    """Read and send by turns, the database in this request's own thread."""
    rows = await sync_to_async(read)()
    while text := await sync_to_async(_next_text)(rows):
        yield text


def _next_text(rows: Iterator[LogRow]) -> str:
    return "".join(_line(row) for row in islice(rows, _PORTION))


def _line(row: LogRow) -> str:
    level = logging.getLevelName(row.level)
    return f"{at_json(row.at)} {level:<8} [{row.task} #{row.attempt}] {row.message}\n"
