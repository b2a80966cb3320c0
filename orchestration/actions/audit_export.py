"""The audit trail as a file: CSV for a table, or a JSON object a line for programs. Made piece by piece."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from orchestration.models import AuditEntry

#: The formats, with what they are called on the way.
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
#: The fields of an entry, in the order of the columns.
FIELDS: Final = (
    *("id", "at", "username", "via", "token", "address", "act"),
    *("subject_type", "subject_id", "subject", "reason", "detail"),
)
_AT_A_TIME: Final = 2_000
#: A table program takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


async def export(entries: QuerySet[AuditEntry], form: str) -> AsyncIterator[str]:
    """Yield a file of entries, newest first, in portions. `form` is one of FORMATS."""
    if form == "csv":
        yield _csv([FIELDS])
    before: int | None = None
    while rows := await sync_to_async(_portion)(entries, before):
        before = rows[-1]["id"]
        yield "".join(_csv([_cells(row)]) if form == "csv" else _json_line(row) for row in rows)


def _portion(entries: QuerySet[AuditEntry], before: int | None) -> list[dict[str, Any]]:
    rows = entries if before is None else entries.filter(id__lt=before)
    return list(rows.order_by("-id").values(*FIELDS)[:_AT_A_TIME])


def _csv(rows: Iterator[Any] | list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _cells(row: dict[str, Any]) -> list[str]:
    return [_cell(value) for value in _plain(row).values()]


def _cell(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json_line(row: dict[str, Any]) -> str:
    return json.dumps(_plain(row), ensure_ascii=False) + "\n"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": row["at"].astimezone(UTC).isoformat()}
