"""Lists, which come in pages, as iterators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .errors import UnexpectedAnswerError
from .transport import Query, Transport

_LIMIT: Final = 200


def pages(transport: Transport, path: str, query: Query) -> Iterator[dict[str, Any]]:
    """Yield the items of a list, asking for the next page when it is needed. Raises ClientError."""
    cursor = None
    while True:
        page = transport.get(path, {**query, "cursor": cursor, "limit": _LIMIT})
        if not isinstance(page, dict) or "items" not in page:
            raise UnexpectedAnswerError("The answer is not a list.")
        yield from page["items"]
        cursor = page.get("next")
        if cursor is None:
            return
