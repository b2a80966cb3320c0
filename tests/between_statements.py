"""What somebody else does between two statements of one who takes no lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def once_before(words: str, act: Callable[[], Any], *, times: int = 1) -> Iterator[None]:
    """Do `act` right before the next SELECT that holds `words`; `times` is for the next ones too."""
    left, acting = times, False

    def between(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left, acting
        if left and not acting and sql.startswith("SELECT") and words in sql:
            left, acting = left - 1, True
            act()
            acting = False
        return execute(sql, params, many, context)

    with connection.execute_wrapper(between):
        yield
    assert left < times, f"nobody asked for {words}"
