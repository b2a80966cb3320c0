"""What the executors that speak HTTP share: which headers may be sent, and what an answer comes to."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

from .envelope import failed
from .http import Answer

Scalar = str | int | float | bool

#: Sent with every request, unless it brings its own.
OWN_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "apflow-dashboard"}
#: They belong to the connection, which is the client's business.
_FORBIDDEN_HEADERS: Final = frozenset(
    {"connection", "content-length", "host", "proxy-authorization", "te", "transfer-encoding", "upgrade"}
)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_NOT_IN_HEADERS: Final = re.compile(r"[^\t\x20-\x7e]")
#: Answers that may be different a moment later, besides 5xx.
_RETRYABLE_STATUSES: Final = frozenset({408, 425, 429})


def header_name_problem(name: str) -> str | None:
    """Say why a header can't be sent under this name, or None."""
    if name.strip().lower() in _FORBIDDEN_HEADERS:
        return "may not be set; the client sets it"
    return None if _HEADER_NAME.match(name) else "is a name that no header can have"


def header_value_problem(value: str) -> str | None:
    """Say why a header can't have this value, or None. The value itself is not repeated."""
    if _NOT_IN_HEADERS.search(value):
        return "has a line break or another character that no header can have"
    return None


def as_text(value: Scalar) -> str:
    """Write a value as URLs, forms and headers do."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def refused_answer(answer: Answer, where: str, result: Any) -> dict[str, Any]:
    """Build the failure for an answer whose status code is no success; some may be different a moment later."""
    retryable = answer.status_code >= 500 or answer.status_code in _RETRYABLE_STATUSES
    said = f"{answer.status_code} {answer.reason}".strip()
    return failed(f"{where}: the server answered {said}", "http_status", retryable=retryable, result=result)


def read_body(answer: Answer) -> dict[str, Any]:
    """Return the body under `json`, `text` or `base64`, whichever can hold it truly."""
    try:
        text = _decode(answer.body, answer.encoding)
    except UnicodeError:
        return {"base64": base64.b64encode(answer.body).decode("ascii")}
    if "json" in answer.headers.get("content-type", "").lower():
        try:
            return {"json": json.loads(text, parse_constant=_refuse_constant)}
        except (ValueError, RecursionError):
            pass  # What calls itself JSON and isn't is text.
    if "\x00" in text:
        return {"base64": base64.b64encode(answer.body).decode("ascii")}
    return {"text": text}


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except LookupError:
        return body.decode("utf-8")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
