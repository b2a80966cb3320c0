"""The beginning of a JSON column, pretty-printed and cut by the database: a page never loads a large value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, F, Func, IntegerField, JSONField, TextField, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Substr
from django.db.models.lookups import LessThanOrEqual

from orchestration.engine.masking import secret_values

#: A value that takes more bytes than this in its row is not even looked into.
MAX_STORED_BYTES: Final = 2 * 1024**2
#: What `jsonb_pretty` makes of empty values, and how people write them.
_EMPTY: Final = {"{\n}": "{}", "[\n]": "[]"}


@dataclass(frozen=True, slots=True)
class Preview:
    """A value's beginning. `text` is None when it is too large for one."""

    text: str | None
    is_cut: bool


def preview_columns(names: tuple[str, ...], chars: int) -> dict[str, Combinable]:
    """Return the annotations that `read_preview` reads, for JSON columns of these names."""
    columns: dict[str, Combinable] = {}
    for name in names:
        size = Func(F(name), function="pg_column_size", output_field=IntegerField())
        pretty = Func(F(name), function="jsonb_pretty", output_field=TextField())
        columns[f"{name}_size"] = size
        # One character more than is shown tells whether there is more.
        columns[f"{name}_text"] = Case(
            When(condition=LessThanOrEqual(size, MAX_STORED_BYTES), then=Substr(pretty, 1, chars + 1)),
            default=None,
            output_field=TextField(),
        )
    return columns


def read_preview(row: dict[str, Any], name: str, chars: int) -> Preview | None:
    """Read one column's preview of a row; None where the column is NULL."""
    if row[f"{name}_size"] is None:
        return None
    text: str | None = row[f"{name}_text"]
    if text is None:
        return Preview(None, True)
    return Preview(_EMPTY.get(text, text[:chars]), len(text) > chars)


def value_columns(names: tuple[str, ...]) -> dict[str, Combinable]:
    """Return the annotations that `redacted_previews` reads, for JSON columns of these names."""
    columns: dict[str, Combinable] = {}
    for name in names:
        size = Func(F(name), function="pg_column_size", output_field=IntegerField())
        small = When(condition=LessThanOrEqual(size, MAX_STORED_BYTES), then=F(name))
        columns |= {f"{name}_size": size, f"{name}_value": Case(small, default=None, output_field=JSONField())}
    return columns


def redacted_previews(
    row: dict[str, Any], names: tuple[str, ...], chars: int, *known: Any
) -> dict[str, Preview | None]:
    """Read the previews of a row's columns, without the secrets in any of them or in the values of `known`."""
    sizes: dict[str, int | None] = {name: row[f"{name}_size"] for name in names}
    # What was not looked into may tell of secrets in the rest.
    are_read = all(size is None or size <= MAX_STORED_BYTES for size in sizes.values())
    masker = secret_values(*known, *(row[f"{name}_value"] for name in names))

    def shown(name: str) -> Preview:
        if not are_read:
            return Preview(None, True)
        text = json.dumps(masker.redact(row[f"{name}_value"]), indent=4, ensure_ascii=False)
        return Preview(text[:chars], len(text) > chars)

    return {name: None if size is None else shown(name) for name, size in sizes.items()}
