"""The version of a definition, as `ETag` and `If-Match`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from django.http import HttpResponse
from ninja import Header

from orchestration.models import HttpExecutor, Tree

from .errors import ApiError

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='the version that the change is for: `"7"` or `7`; `*` is whatever there is',
        examples=["*"],
    ),
]
#: The largest number that the column holds.
_LARGEST: Final = 2**31 - 1
_VERSION: Final = re.compile(r'(?a:"(\d{1,10})"|(\d{1,10}))\Z')


def expected_version(header: str | None) -> int | None:
    """Return the version that a write is for; None is any. Raises ApiError 428 and 400."""
    if header is None:
        hint = 'Send If-Match with the ETag that you read, such as If-Match: "7", or * to overwrite.'
        raise ApiError(428, "version_missing", "A write of a definition says which version it is for.", hint=hint)
    if header.strip() == "*":
        return None
    match = _VERSION.match(header.strip())
    number = int(match[1] or match[2]) if match else 0
    if not 0 < number <= _LARGEST:
        raise ApiError(400, "unreadable", 'If-Match must be a version such as "7", or *.', path="$.If-Match")
    return number


def set_etag(response: HttpResponse, shown: Tree | HttpExecutor) -> None:
    """Say which version an answer shows, or which one it made."""
    response.headers["ETag"] = f'"{shown.version}"'
