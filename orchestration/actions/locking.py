"""Locking a row and reading it, with rows that it refers to."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def locked(rows: QuerySet[Row], pk: Any) -> Row:
    """Lock a row until the transaction ends, and return it with what `rows` joins to it. Raises Row.DoesNotExist.

    These are two statements. PostgreSQL reads a row that it has waited for anew, but not what it had joined to it: a
    row that refers to another one since then would come without any, or not at all.
    Source: PostgreSQL's documentation, "Read Committed Isolation Level".
    """
    list(rows.model._default_manager.select_for_update().filter(pk=pk).values_list("pk"))
    return rows.get(pk=pk)
