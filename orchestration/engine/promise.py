"""What the engine owes to those who wait for it."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Promise(Future[T]):
    """A future that only its maker ends.

    `asyncio.wrap_future` cancels what it wraps when the waiter gives up, and a cancelled future raises at who would
    answer it: the engine's own loop. Here the waiter alone is gone, and the answer always finds its place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_running_or_notify_cancel()
