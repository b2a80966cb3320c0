"""JSON columns that may be large: with their size, and left out where they are over it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import Case, F, Func, IntegerField, JSONField, TextField, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.db.models.lookups import LessThanOrEqual

#: Bytes of JSON that are sent without being asked for.
MAX_SHOWN_BYTES: Final = 64 * 1024


def sized_columns(names: Iterable[str], *, most: int | None = MAX_SHOWN_BYTES) -> dict[str, Combinable]:
    """Return the annotations that `read_sized` reads; values over `most` bytes are left out, None sends them all."""
    columns: dict[str, Combinable] = {}
    for name in names:
        size = Func(Cast(F(name), TextField()), function="octet_length", output_field=IntegerField())
        small = Case(When(condition=LessThanOrEqual(size, most), then=F(name)), default=None, output_field=JSONField())
        columns |= {f"shown_{name}": F(name) if most is None else small, f"size_{name}": size}
    return columns


def read_sized(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return each value (None where it is too large) and, as `NAME_bytes`, its size (None where there is none)."""
    values: dict[str, Any] = {}
    for name in names:
        values |= {name: row[f"shown_{name}"], f"{name}_bytes": row[f"size_{name}"]}
    return values
