"""The addresses of the WebSockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from channels.routing import URLRouter
from django.urls import path

from . import selftest, sockets
from .asgi import Application

# Django's types know views alone; its patterns lead to ASGI applications just as well.
_route: Callable[[str, Application], Any] = cast(Any, path)

websockets = URLRouter(
    [
        _route("ws/runs/<str:run_id>/", sockets.run_socket),
        _route("ws/overview/", sockets.overview_socket),
        _route("ws/selftest/", selftest.socket),
        _route("<path:anything>", sockets.no_socket),
        _route("", sockets.no_socket),
    ]
)
