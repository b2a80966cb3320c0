"""The WebSockets of runs and of the overview: plain ASGI applications, because each frame goes to many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final
from urllib.parse import parse_qsl

from autobahn.exception import Disconnected

from .asgi import Receive, Scope, Send
from .door import door
from .errors import StreamError
from .frames import error_frame
from .messages import hear
from .origin import is_own_origin
from .parameters import cursor_of, logs_of
from .reader import DATABASE_AWAY
from .threads import in_thread
from .visitor import Visitor, run_id_for, visitor_of_scope
from .watch import Watch
from .window import Window

_ACCEPT: Final = {"type": "websocket.accept"}
#: Before an accept it is a refused handshake: HTTP 403.
_REFUSE: Final = {"type": "websocket.close"}


async def run_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve /ws/runs/{id}/."""
    await _serve(scope, receive, send, _watch_run)


async def overview_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve /ws/overview/."""
    await _serve(scope, receive, send, _watch_overview)


async def no_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket of an address that is none."""
    await receive()
    await send(_REFUSE)


@asynccontextmanager
async def _watch_run(scope: Scope) -> AsyncIterator[Watch]:
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    after, logs = cursor_of(query), logs_of(query)
    visitor, run_id = await in_thread(_run_visitor, scope)
    async with door().enter(visitor) as hub, hub.watch_run(visitor, run_id, after, Window()) as watch:
        watch.select_logs(logs)
        yield watch


def _run_visitor(scope: Scope) -> tuple[Visitor, str]:
    visitor = visitor_of_scope(scope)
    return visitor, run_id_for(visitor, scope["url_route"]["kwargs"]["run_id"])


@asynccontextmanager
async def _watch_overview(scope: Scope) -> AsyncIterator[Watch]:
    visitor = await in_thread(visitor_of_scope, scope)
    async with door().enter(visitor) as hub, hub.watch_overview(visitor) as watch:
        yield watch


Opening = Callable[[Scope], AbstractAsyncContextManager[Watch]]


async def _serve(scope: Scope, receive: Receive, send: Send, opening: Opening) -> None:
    # A client may be gone before a frame reaches it, while what tells us so is still on its way.
    with suppress(Disconnected):
        await _serve_visitor(scope, receive, send, opening)


async def _serve_visitor(scope: Scope, receive: Receive, send: Send, opening: Opening) -> None:
    await receive()
    if not is_own_origin(scope):
        await send(_REFUSE)
        return
    is_accepted = False
    try:
        async with opening(scope) as watch:
            await send(_ACCEPT)
            is_accepted = True
            await _talk(watch, receive, send)
        await send({"type": "websocket.close"})
    except DATABASE_AWAY:
        # Before anything was accepted; the browser tries again.
        await send(_REFUSE)
    except StreamError as error:
        if not is_accepted:
            # A browser is told nothing about a refused handshake; a close code it can read.
            await send(_ACCEPT)
        await send({"type": "websocket.send", "text": error_frame(error.error).text})
        await send({"type": "websocket.close", "code": error.close_code})


async def _talk(watch: Watch, receive: Receive, send: Send) -> None:
    """Send frames and listen to what the client says, until either ends."""
    hearing = asyncio.create_task(_hear(watch, receive), name="live-hear")
    hearing.add_done_callback(lambda _: watch.hang_up())
    try:
        async for frame in watch.frames():
            await send({"type": "websocket.send", "text": frame.text})
        if hearing.done():
            hearing.result()
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def _hear(watch: Watch, receive: Receive) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        try:
            hear(watch, message.get("text"))
        except StreamError as error:
            watch.refuse(error)
            return
