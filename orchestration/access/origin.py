"""From a request to where it comes from, for the audit trail and the throttle of sign-ins."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final, cast

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from orchestration.actions.audit import Origin, writing_from
from orchestration.models import AuditEntry

_VIAS: Final = (
    ("/api/", AuditEntry.Via.API),
    ("/admin/", AuditEntry.Via.ADMIN),
    ("/hooks/in/", AuditEntry.Via.WEBHOOK),
)

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def origin_of(request: HttpRequest) -> Origin:
    """Return where a request comes from. The token is added when it has been checked."""
    via = next((via for prefix, via in _VIAS if request.path_info.startswith(prefix)), AuditEntry.Via.PAGE)
    return Origin(via, client_address(request))


def client_address(request: HttpRequest) -> str | None:
    """Return the visitor's address: the other end of the connection, or what the trusted proxies say it is.

    Each proxy adds the address it hears from at the end of X-Forwarded-For, so that with n proxies the n-th from the
    end was written by the outermost of ours; what stands before it is the visitor's own tale.
    """
    proxies: int = settings.APFLOW_PROXIES
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(told) >= proxies and (address := _address(told[-proxies])):
        return address
    return _address(request.META.get("REMOTE_ADDR") or "")


def _address(text: str) -> str | None:
    """Return a plain address; a port and brackets, which some proxies add, are left out."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


@sync_and_async_middleware
def origin_middleware(get_response: SyncHandler | AsyncHandler) -> SyncHandler | AsyncHandler:
    """Let every write of a request know where it comes from."""
    if iscoroutinefunction(get_response):
        answer_async = cast(AsyncHandler, get_response)

        async def with_origin_async(request: HttpRequest) -> HttpResponseBase:
            with writing_from(origin_of(request)):
                return await answer_async(request)

        return with_origin_async

    answer = cast(SyncHandler, get_response)

    def with_origin(request: HttpRequest) -> HttpResponseBase:
        with writing_from(origin_of(request)):
            return answer(request)

    return with_origin
