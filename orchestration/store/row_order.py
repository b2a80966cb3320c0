"""Places in an order of rows, for pages by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func
from django.db.models.sql.compiler import SQLCompiler


class RowBeyond(Func):
    """The condition `(a, b) > (1, 2)`, or with `<`: unlike the same with OR, an index finds the first row of it."""

    output_field = BooleanField()

    def __init__(self, columns: Sequence[F | Expression], values: Sequence[Expression], *, less: bool) -> None:
        super().__init__(*columns, *values)
        self.operator = "<" if less else ">"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Compile both rows."""
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        middle = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in half) for half in (parts[:middle], parts[middle:]))
        return f"({left}) {self.operator} ({right})", [value for _, values in parts for value in values]
