"""Who may come in: a bearer token, or a session whose writes bring the CSRF token."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from orchestration.access import Actor, actor_of_request

from .errors import ApiError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: How Django writes a part of a route that stands for a value: `<uuid:id>`.
_CONVERTER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


class ApiRequest(HttpRequest):
    """A request that came in: `auth` is who asks."""

    auth: Actor


class Door(AuthBase):
    """Lets known actors in, and refuses parameters that the route does not have."""

    openapi_type: str = "http"
    openapi_scheme: str = "bearer"

    def __call__(self, request: HttpRequest) -> Actor:
        """Return who asks. Raises Refused (401) and ApiError."""
        actor = actor_of_request(request)
        if actor.token is None and request.method not in _SAFE and check_csrf(request) is not None:
            hint = "Send the cookie csrftoken's value as X-CSRFToken, from a page of this site; programs use a token."
            raise ApiError(403, "csrf", "The CSRF token is missing or wrong.", hint=hint)
        _refuse_unknown_parameters(request)
        return actor


def own_session_key(request: ApiRequest) -> str | None:
    """Return the key of the session that a request came with; None: it came with a token."""
    return None if request.auth.token is not None else request.session.session_key


def _refuse_unknown_parameters(request: HttpRequest) -> None:
    """A filter that is misspelt must not be a filter that is left out."""
    match = request.resolver_match
    if match is None or not request.GET:
        return
    route = _CONVERTER.sub(r"{\1}", f"/{match.route}")
    known = parameters_by_route().get((route, (request.method or "").lower()), frozenset())
    unknown = sorted(set(request.GET) - known)
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        raise ApiError(400, "unreadable", f"There is no parameter {unknown[0]!r} here; there is: {listed}.")


@cache
def parameters_by_route() -> dict[tuple[str, str], frozenset[str]]:
    """Return the query parameters of each operation, by path and method, from the API's own schema."""
    from .app import api

    return {
        (path, method): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method, operation in operations.items()
    }
