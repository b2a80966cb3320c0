"""Errors that never reach a route, in the API's shape: unknown addresses, wrong methods, faults of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from .errors import ApiError

_PREFIX: Final = "/api/"

_SAID: Final = {
    400: ("unreadable", "The request can't be read."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address; /api/v1/docs lists what there is."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The request is too large."),
    429: ("too_many", "Too many requests; try again later."),
    503: ("database_away", "The service is not ready; try again in a moment."),
}
_FAULT: Final = ("internal", "Something went wrong here; the log of the server says what.")

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def api_errors_middleware(get_response: SyncHandler | AsyncHandler) -> SyncHandler | AsyncHandler:
    """Turn answers under `/api/` that are errors and not JSON into the one shape."""
    if iscoroutinefunction(get_response):
        answer_async = cast(AsyncHandler, get_response)

        async def in_shape_async(request: HttpRequest) -> HttpResponseBase:
            return _in_shape(request, await answer_async(request))

        return in_shape_async

    answer = cast(SyncHandler, get_response)

    def in_shape(request: HttpRequest) -> HttpResponseBase:
        return _in_shape(request, answer(request))

    return in_shape


def _in_shape(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path.startswith(_PREFIX) or response.status_code < 400:
        return response
    if response.headers.get("Content-Type", "").startswith("application/json"):
        return response
    code, message = _SAID.get(response.status_code, _FAULT)
    error = ApiError(response.status_code, code, message)
    shaped = JsonResponse(error.as_json(), status=error.status)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response.headers:
            shaped.headers[name] = response.headers[name]
    return shaped
