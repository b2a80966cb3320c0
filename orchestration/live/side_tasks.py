"""Side tasks: what is done again and again beside the streams, and must not end because it failed once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from .reader import DATABASE_AWAY

logger = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0


async def repeat(what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Take a step again and again until cancelled. While the database is away, and after a failure, pause."""
    me = asyncio.current_task()
    while True:
        try:
            await step()
        except DATABASE_AWAY:
            await asyncio.sleep(_PAUSE_SECONDS)
        except asyncio.CancelledError:
            if me is None or me.cancelling():
                raise
            # Something that it waited for was cancelled, and not the task itself.
            logger.warning("%s was cut off; trying again", what)
            await asyncio.sleep(_PAUSE_SECONDS)
        except Exception:
            # Streams must not go on unfed or unwatched for one failure.
            logger.exception("%s failed; trying again", what)
            await asyncio.sleep(_PAUSE_SECONDS)
