"""A client of the HTTP API, for scripts: `with Client(url, token) as client: client.start("Nightly import")`.

It needs httpx and nothing of the server. Its reference is docs/reference/client.md.
"""

from __future__ import annotations

from .client import Client
from .cursor import End, Event, Item, Snapshot
from .errors import AmbiguousError, ApiError, ClientError, MissingError, NoAnswerError, UnexpectedAnswerError

__all__ = [
    "AmbiguousError",
    "ApiError",
    "Client",
    "ClientError",
    "End",
    "Event",
    "Item",
    "MissingError",
    "NoAnswerError",
    "Snapshot",
    "UnexpectedAnswerError",
]
