"""Pages of a list by keyset: nothing is shown twice and nothing is missed while rows come and go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from pydantic import Field

from orchestration.actions.run_orders import RunOrder
from orchestration.engine.json_values import text_problem
from orchestration.models import Run
from orchestration.models.execution import RunQuerySet

from .errors import ApiError
from .schemas import Fields

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")


class PageQuery(Fields):
    """What every list takes."""

    cursor: str | None = Field(None, max_length=1000, description="`next` of the page before")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class Page(Fields, Generic[T]):
    """A page of a list. `next` is the cursor of the page that follows; null on the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order of rows: names of columns, `-` before those that fall. The last one is unique."""

    columns: tuple[str, ...]

    def page(self, rows: models.QuerySet[M], query: PageQuery, show: Callable[[Sequence[M]], list[T]]) -> Page[T]:
        """Return the page that a query asks for, `show` making what is sent of its rows."""
        if query.cursor is not None:
            rows = rows.filter(self._after(self._read(query.cursor, rows.model)))
        found = list(rows.order_by(*self.columns)[: query.limit + 1])
        shown = found[: query.limit]
        return Page(items=show(shown), next=self._cursor(shown[-1]) if len(found) > query.limit else None)

    def _names(self) -> list[str]:
        return [column.removeprefix("-") for column in self.columns]

    def _cursor(self, row: models.Model) -> str:
        values = [getattr(row, name) for name in self._names()]
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain, default=str).encode()).decode().rstrip("=")

    def _read(self, cursor: str, model: type[models.Model]) -> list[Any]:
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            columns = {field.name: field for field in model._meta.concrete_fields}
            return [_value(columns[name], value) for name, value in zip(self._names(), values, strict=True)]
        except (ValueError, TypeError, OverflowError, RecursionError, ValidationError) as error:
            raise _unknown_cursor() from error

    def _after(self, values: list[Any]) -> Q:
        """Rows behind a place: equal in the first columns, and further in the next."""
        condition, equal = Q(), Q()
        for column, value in zip(self.columns, values, strict=True):
            name = column.removeprefix("-")
            condition |= equal & Q((f"{name}__{'lt' if column.startswith('-') else 'gt'}", value))
            equal &= Q((name, value))
        return condition


def run_page(runs: RunQuerySet, order: RunOrder, query: PageQuery, show: Callable[[Sequence[Run]], list[T]]) -> Page[T]:
    """Return the page of runs that a query asks for, in one of their orders."""
    if query.cursor is not None:
        place = order.read_place(query.cursor)
        if place is None:
            raise _unknown_cursor()
        runs = order.beyond(runs, place)
    found = list(order.sort(runs)[: query.limit + 1])
    shown = found[: query.limit]
    return Page(items=show(shown), next=order.place_of(shown[-1]) if len(found) > query.limit else None)


def _value(column: models.Field[Any, Any], written: Any) -> Any:
    """Read a column's value, which anybody may have written. Raises ValueError and others."""
    if not isinstance(written, str | int) or (isinstance(written, str) and text_problem(written)):
        raise ValueError("is no value of a cursor")
    value = column.to_python(written)
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("has no time zone")
    return value.astimezone(UTC)


def _unknown_cursor() -> ApiError:
    return ApiError(400, "unreadable", "is no cursor of this list", path="$.cursor", hint="Begin again without one.")
