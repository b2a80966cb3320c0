"""Server-sent events: the same frames as a WebSocket's, over plain HTTP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from .door import door
from .errors import StreamError, unavailable
from .frames import Frame, error_frame
from .limits import SSE_BYTES, SSE_SECONDS
from .reader import DATABASE_AWAY
from .visitor import Visitor

#: Sent at once, so that the client and every proxy know that the stream is open.
_HELLO = b":\n\n"


def event_stream(request: HttpRequest, chunks: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """Build the response that hands out chunks as they come. Raises StreamError where that is impossible."""
    if not isinstance(request, ASGIRequest):
        raise StreamError(
            "not_possible", "This server can't stream: it does not speak ASGI.", status=503, close_code=1011
        )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(chunks, content_type="text/event-stream", headers=headers)


async def run_events(visitor: Visitor, run_id: str, after: int | None) -> AsyncIterator[bytes]:
    """Yield a run's frames."""
    yield _HELLO
    try:
        async with door().enter(visitor) as hub, hub.watch_run(visitor, run_id, after) as watch:
            async for chunk in _bounded(watch.frames()):
                yield chunk
    except (StreamError, *DATABASE_AWAY) as error:
        yield _farewell(error)


async def overview_events(visitor: Visitor) -> AsyncIterator[bytes]:
    """Yield the overview's frames."""
    yield _HELLO
    try:
        async with door().enter(visitor) as hub, hub.watch_overview(visitor) as watch:
            async for chunk in _bounded(watch.frames()):
                yield chunk
    except StreamError as error:
        yield _farewell(error)


def _farewell(error: Exception) -> bytes:
    """Return the last frame of a stream that an error ends."""
    return error_frame((error if isinstance(error, StreamError) else unavailable()).error).sse


async def _bounded(frames: AsyncIterator[Frame]) -> AsyncIterator[bytes]:
    """Yield frames until the stream is long enough; the client comes back with its cursor."""
    until, left = time.monotonic() + SSE_SECONDS, SSE_BYTES
    async for frame in frames:
        yield frame.sse
        left -= len(frame.sse)
        if left <= 0 or time.monotonic() >= until:
            return
