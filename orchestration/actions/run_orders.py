"""In which order runs are listed, and places in it that survive in an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import DateTimeField, DurationField, Expression, F, Field, TextField, UUIDField, Value

from orchestration.engine.status import Status
from orchestration.models import Run
from orchestration.models.execution import DURATION, RunQuerySet
from orchestration.store.row_order import RowBeyond

Place = tuple[Any, ...]

_SEPARATOR: Final = "~"
_FIELDS: Final[dict[str, Field[Any, Any]]] = {
    "status": TextField(),
    "duration": DurationField(),
    "queued_at": DateTimeField(),
    "id": UUIDField(),
}
_COLUMNS: Final = {
    "queued_at": ("queued_at", "id"),
    "duration": ("duration", "id"),
    "status": ("status", "queued_at", "id"),
}


@dataclass(frozen=True, slots=True)
class RunOrder:
    """An order: `queued_at`, `duration` or `status`. Runs that have no duration yet count as the shortest."""

    key: str = "queued_at"
    descending: bool = True

    @classmethod
    def read(cls, name: str) -> RunOrder | None:
        """Read `duration` or `-duration`; None for what is no order."""
        key = name.removeprefix("-")
        return cls(key, name.startswith("-")) if key in _COLUMNS else None

    def __str__(self) -> str:
        return f"-{self.key}" if self.descending else self.key

    def sort(self, runs: RunQuerySet, *, backwards: bool = False) -> RunQuerySet:
        """Put runs into this order, or the other way round."""
        sign = "-" if self.descending != backwards else ""
        return self._with_duration(runs).order_by(*(f"{sign}{column}" for column in _COLUMNS[self.key]))

    def beyond(self, runs: RunQuerySet, place: Place, *, backwards: bool = False) -> RunQuerySet:
        """Keep the runs that follow a place, or that come before it."""
        columns: list[F | Expression] = [DURATION if name == "duration" else F(name) for name in _COLUMNS[self.key]]
        fields = (_FIELDS[name] for name in _COLUMNS[self.key])
        values = [Value(value, output_field=field) for value, field in zip(place, fields, strict=True)]
        return runs.filter(RowBeyond(columns, values, less=self.descending != backwards))

    def place_of(self, run: Run) -> str:
        """Name the place of a run that `sort` has loaded."""
        values = (_write(getattr(run, name)) for name in _COLUMNS[self.key])
        return _SEPARATOR.join(values)

    def read_place(self, text: str) -> Place | None:
        """Read the name of a place; None for what names none in this order."""
        names, parts = _COLUMNS[self.key], text.split(_SEPARATOR)
        if len(names) != len(parts):
            return None
        try:
            return tuple(_READ[name](part) for name, part in zip(names, parts, strict=True))
        except (ValueError, OverflowError):
            return None

    def _with_duration(self, runs: RunQuerySet) -> RunQuerySet:
        return runs.annotate(duration=DURATION) if self.key == "duration" else runs


NEWEST_FIRST: Final = RunOrder()
ORDER_NAMES: Final = tuple(sign + key for key in _COLUMNS for sign in ("-", ""))


def _write(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value // timedelta(microseconds=1)) if isinstance(value, timedelta) else str(value)


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("has no time zone")
    return value.astimezone(UTC)


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "status": lambda text: Status(text).value,
    "duration": lambda text: timedelta(microseconds=int(text)),
    "queued_at": _moment,
    "id": UUID,
}
