"""Static files under ASGI: WhiteNoise's file table and headers, answered without a detour through a thread.

WhiteNoise's own middleware is sync-only: in an async chain it would push every request through a thread, and Django
warns about its synchronous file iterator at each file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from whitenoise.middleware import WhiteNoiseMiddleware

CHUNK_BYTES = 256 * 1024

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class _FileTable(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise is untyped
    """WhiteNoise's table of files, without its warning about a STATIC_ROOT that nobody has collected into."""

    def add_files(self, root: str | Path, prefix: str | None = None) -> None:
        """Add a folder's files to the table; a folder that does not exist holds none."""
        if Path(root).is_dir():
            super().add_files(root, prefix=prefix)


@sync_and_async_middleware
def static_files_middleware(get_response: SyncHandler | AsyncHandler) -> SyncHandler | AsyncHandler:
    """Answer requests for static files; pass on all others."""
    table = _FileTable(get_response)
    if iscoroutinefunction(get_response):
        answer_async = cast(AsyncHandler, get_response)

        async def static_or_next_async(request: HttpRequest) -> HttpResponseBase:
            static_file = table.files.get(request.path_info)
            if static_file is None:
                return await answer_async(request)
            return _stream(table.serve(static_file, request))

        return static_or_next_async

    # WhiteNoise's own middleware is exactly right here.
    return cast(SyncHandler, table)


def _stream(response: HttpResponseBase) -> HttpResponseBase:
    """The same response with an asynchronous iterator over its file; no file (HEAD, 304) is an empty one."""
    streaming = cast(StreamingHttpResponse, response)
    streaming.streaming_content = _chunks(getattr(response, "file_to_stream", None))
    return streaming


async def _chunks(file: BufferedIOBase | None) -> AsyncIterator[bytes]:
    if file is None:
        return
    # Closed by the response itself, which Django closes when it has been sent or the client has gone.
    while chunk := await sync_to_async(file.read, thread_sensitive=False)(CHUNK_BYTES):
        yield chunk
