"""The address of incoming webhooks: programs send here, with no session and no cookie."""

from __future__ import annotations

from typing import Final

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orchestration.access.origin import client_address
from orchestration.actions.conflicts import conflict_text
from orchestration.actions.receiving import (
    BodyTooLargeError,
    Incoming,
    NotReceivedError,
    TooManyRequestsError,
    UnknownSenderError,
    UnusableRequestError,
    receive,
)
from orchestration.models.webhooks import MAX_BODY_BYTES

_SAID: Final[dict[type[NotReceivedError], tuple[int, str, str]]] = {
    UnknownSenderError: (401, "refused", "There is no such webhook, or the request is not signed as it demands."),
    BodyTooLargeError: (413, "too_large", "The body is larger than this webhook accepts."),
    TooManyRequestsError: (429, "too_many", "Too many requests; try again later."),
    UnusableRequestError: (422, "unusable", "This request starts no run; the webhook's log says why."),
}
_BUSY: Final = "Somebody is changing this webhook or its tree; try again."


@csrf_exempt
@require_POST
def hook_in(request: HttpRequest, token: str) -> JsonResponse:
    """Take a request of another program; answer with the id of its run, and with nothing else about this system."""
    incoming = Incoming(
        headers={name.lower(): value for name, value in request.headers.items()},
        query=request.GET.dict(),
        body=request.read(MAX_BODY_BYTES + 1),
        address=client_address(request),
    )
    try:
        run = receive(token, incoming)
    except NotReceivedError as error:
        status, code, message = _SAID[type(error)]
        response = JsonResponse({"error": {"code": code, "message": message}}, status=status)
        if isinstance(error, TooManyRequestsError):
            response.headers["Retry-After"] = str(error.retry_after_seconds)
    except DatabaseError as error:
        if conflict_text(error) is None:
            raise
        response = JsonResponse({"error": {"code": "busy", "message": _BUSY}}, status=503)
        response.headers["Retry-After"] = "1"
    else:
        response = JsonResponse({"run": None if run is None else str(run)}, status=202)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
