"""Blocking code, called from the loop. Its database connection is given back as soon as it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from channels.db import DatabaseSyncToAsync

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call blocking code in a thread of the pool: outside of requests, Django's usual way is one thread for all."""
    return cast(T, await DatabaseSyncToAsync(work, thread_sensitive=False)(*args, **kwargs))


async def in_request_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call blocking code in the thread that belongs to the request."""
    return cast(T, await DatabaseSyncToAsync(work)(*args, **kwargs))
