"""From a definition and values to the request that is sent. Values stay values: none of them can change its form.

A value in the URL is percent-encoded to its last character, so that it adds no part, no field and no host; one in JSON
is put into the structure, never into its text; one in a header may have no line break.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import httpx

from orchestration.engine.binding import bind, bind_encoded
from orchestration.engine.errors import BindingError
from orchestration.engine.json_values import encode, path_join

from .exchange import OWN_HEADERS, as_text, header_value_problem
from .http_definition import HttpDefinition

MAX_URL_CHARS: Final = 8_000
#: Stands for a value that is empty until it is known where it stands. Nothing else in a URL can be it.
_EMPTY: Final = "\x00"
#: Scheme and host stand in the template as they are, without a user and a password.
URL_FORM: Final = re.compile(r"(?P<origin>https?://[^\s/?#\\@{}%]+)(?P<rest>[/?].*)?\Z", re.DOTALL | re.IGNORECASE)
_CONTENT_TYPES: Final = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request in all its parts. `headers` are those that the definition asks for."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None

    def as_request(self) -> httpx.Request:
        """Return it as the client takes it. Raises BindingError when there can be no such request."""
        try:
            content = None if self.body is None else self.body.encode()
            headers = httpx.Headers(OWN_HEADERS)
            headers.update(self.headers)
            return httpx.Request(self.method, self.url, headers=headers, content=content)
        except (httpx.InvalidURL, ValueError) as error:
            raise BindingError(f"the request can't be made: {error}") from error


def render(definition: HttpDefinition, inputs: Mapping[str, Any], context: Mapping[str, object]) -> Rendered:
    """Return the request for these inputs; `context` holds `secrets`, `run` and `task`.

    An input that is not given has the default of the schema, or is null. Raises BindingError naming the place.
    """
    values: dict[str, object] = {**context, "inputs": definition.own(inputs)}
    body = _body(definition, values)
    headers = _headers(definition, values)
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _CONTENT_TYPES[definition.body_kind]
    return Rendered(definition.method, _url(definition, values), headers, body)


def _inside(value: object) -> str:
    """Write a value that stands inside other text."""
    if isinstance(value, str | int | float):
        return as_text(value)
    if value is None:
        raise ValueError("an expression inside text is null; give the input a default, or make it required")
    str(value)  # what is undefined says here that it is
    raise ValueError(f"an expression inside text must be a text, a number or a boolean, not {type(value).__name__}")


def _in_url(value: object) -> str:
    return quote(_inside(value), safe="") or _EMPTY


def _url(definition: HttpDefinition, values: Mapping[str, object]) -> str:
    form = URL_FORM.match(definition.url)
    if form is None:
        raise BindingError("$.url: must begin with http:// or https:// and a host that is written out")
    path, _, query = bind_encoded(form["rest"] or "/", values, "$.url", _in_url).partition("?")
    if _EMPTY in path:
        raise BindingError("$.url: a value in the path is empty, which would lead to another address")
    if has_dot_segment(path):
        raise BindingError("$.url: a part of the path would be . or .., which leads elsewhere")
    pairs = _fields(definition.query, values, "$.query")
    query = "&".join(filter(None, [query.replace(_EMPTY, ""), urlencode(pairs, quote_via=quote, safe="")]))
    url = form["origin"] + path + (f"?{query}" if query else "")
    if len(url) > MAX_URL_CHARS:
        raise BindingError(f"$.url: has {len(url):,} characters; servers take {MAX_URL_CHARS:,} at most")
    return url


def has_dot_segment(path: str) -> bool:
    """Tell whether a server that decodes the path, even twice, would find `.` or `..` in it."""
    decoded = unquote(unquote(path))
    return any(part in (".", "..") for part in re.split(r"[/\\]", decoded))


def _fields(template: Mapping[str, Any], values: Mapping[str, object], path: str) -> list[tuple[str, str]]:
    """Return the pairs of a query or a form: a list gives a pair for each item, null none."""
    pairs: list[tuple[str, str]] = []
    for name, value in bind(dict(template), values, path, _inside).items():
        items = value if isinstance(value, list) else [] if value is None else [value]
        for item in items:
            if not isinstance(item, str | int | float):
                raise BindingError(f"{path_join(path, name)}: must be a text, a number, a boolean, or a list of them")
            pairs.append((name, as_text(item)))
    return pairs


def _headers(definition: HttpDefinition, values: Mapping[str, object]) -> dict[str, str]:
    headers = {}
    for name, value in bind(definition.headers, values, "$.headers", _inside).items():
        if value is None:
            continue
        where = path_join("$.headers", name)
        if not isinstance(value, str | int | float):
            raise BindingError(f"{where}: must be a text, a number or a boolean")
        text = as_text(value)
        problem = header_value_problem(text)
        if problem is not None:
            raise BindingError(f"{where}: {problem}")
        headers[name] = text
    return headers


def _body(definition: HttpDefinition, values: Mapping[str, object]) -> str | None:
    kind, template = definition.body_kind, definition.body
    if kind == "none":
        return None
    if kind == "json":
        return encode(bind(template, values, "$.body", _inside), "the body")
    if kind == "form":
        pairs = _fields(template if isinstance(template, dict) else {}, values, "$.body")
        return urlencode(pairs, quote_via=quote, safe="")
    return bind_encoded(template if isinstance(template, str) else "", values, "$.body", _inside)
