"""Strict JSON, in and out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from pydantic import BaseModel

from orchestration.engine.definition import MAX_DOCUMENT_BYTES
from orchestration.engine.errors import NotStorableError
from orchestration.engine.json_values import parse_document, text_problem

from .errors import ApiError, too_large


class StrictParser(Parser):
    """Reads bodies as the documents of trees are read: strict JSON, or a clear word on what is wrong."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body's value. Raises ApiError."""
        if request.content_type != "application/json":
            hint = "Send the header Content-Type: application/json."
            raise ApiError(415, "not_json", f"The body is {request.content_type or 'of no type'}.", hint=hint)
        # Django looks at Content-Length, which a body sent in chunks has not.
        if len(request.body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise too_large()
        try:
            return parse_document(request.body, MAX_DOCUMENT_BYTES)
        except NotStorableError as error:
            raise ApiError(400, "unreadable", str(error)) from error

    def parse_querydict(self, data: Any, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        """Return the parameters of the address. Raises ApiError for text that can't be stored."""
        for name in data:
            if any(text_problem(value) for value in data.getlist(name)):
                raise ApiError(400, "unreadable", "has characters that can't be stored", path=f"$.{name}")
        return super().parse_querydict(data, list_fields, request)


def at_json(moment: datetime) -> str:
    """Return a time as the API and the stream write it: ISO 8601 in UTC with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return at_json(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_ENCODER: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain)


def encoded(value: Any) -> str:
    """Return a value as answers have it: compact JSON without NaN."""
    return _ENCODER.encode(value)


class StrictRenderer(BaseRenderer):
    """Writes answers."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """Return the body's bytes."""
        return encoded(data).encode()
