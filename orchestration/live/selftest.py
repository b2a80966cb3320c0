"""What the self-test page asks for: does each of the three ways come through whatever is in front of this site?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from orchestration.access.identify import header_of

from .asgi import Receive, Scope, Send
from .errors import StreamError, signed_out
from .event_streams import event_stream
from .limits import MESSAGE_CHARS
from .origin import is_own_origin
from .reader import DATABASE_AWAY
from .threads import in_request_thread, in_thread
from .views import endpoint
from .visitor import visitor_of_request, visitor_of_scope

#: What a proxy should pass on, or add.
_TOLD: Final = ("host", "origin", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "connection", "upgrade")
_EVENTS: Final = 3
_APART_SECONDS: Final = 0.5
#: A test takes seconds; nobody keeps this socket.
_SOCKET_SECONDS: Final = 60.0


@endpoint
async def poll(request: HttpRequest) -> HttpResponseBase:
    """Serve /api/v1/selftest/poll: the time, so that a copy is noticed, and the headers that have come through."""
    await in_request_thread(visitor_of_request, request)
    headers = {name: request.headers[name] for name in _TOLD if name in request.headers}
    body = json.dumps({"now": timezone.now().isoformat(), "headers": headers})
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})


@endpoint
async def events(request: HttpRequest) -> HttpResponseBase:
    """Serve /api/v1/selftest/sse: three messages, half a second apart."""
    await in_request_thread(visitor_of_request, request)
    return event_stream(request, _three_messages())


async def _three_messages() -> AsyncIterator[bytes]:
    for number in range(1, _EVENTS + 1):
        yield f'data: {{"number": {number}}}\n\n'.encode()
        await asyncio.sleep(_APART_SECONDS)


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve /ws/selftest/: the headers that have come through, then every message back."""
    await receive()
    try:
        if not is_own_origin(scope):
            raise signed_out()
        await in_thread(visitor_of_scope, scope)
    except (StreamError, *DATABASE_AWAY):
        await send({"type": "websocket.close"})
        return
    headers = {name: value for name in _TOLD if (value := header_of(scope["headers"], name.encode()))}
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps({"type": "hello", "headers": headers})})
    try:
        async with asyncio.timeout(_SOCKET_SECONDS):
            await _echo(receive, send)
    except TimeoutError:
        pass
    await send({"type": "websocket.close"})


async def _echo(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text") or ""
        if len(text) > MESSAGE_CHARS:
            return
        await send({"type": "websocket.send", "text": text})
