"""Whether watchers may keep their streams: asked here, for all of them, every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable

from .errors import StreamError
from .limits import RECHECK_SECONDS
from .side_tasks import repeat
from .threads import in_thread
from .visitor import Visitor, objection_to
from .watch import Watch


async def keep_watch(watches: Collection[Watch]) -> None:
    """Look after all streams until cancelled."""

    async def step() -> None:
        await asyncio.sleep(RECHECK_SECONDS)
        await recheck(list(watches))

    await repeat("looking at the permissions of streams", step)


async def recheck(watches: Collection[Watch]) -> None:
    """End the streams of those who have to go: signed out, deactivated, token revoked, run no longer theirs to see."""
    alike = {_key(watch): (watch.visitor, watch.run_id) for watch in watches}
    objections = await in_thread(_objections, alike)
    for watch in watches:
        if (error := objections.get(_key(watch))) is not None:
            watch.refuse(error)


def _key(watch: Watch) -> Hashable:
    return watch.visitor.identity, watch.run_id


def _objections(alike: dict[Hashable, tuple[Visitor, str | None]]) -> dict[Hashable, StreamError]:
    found = {key: objection_to(visitor, run_id) for key, (visitor, run_id) in alike.items()}
    return {key: error for key, error in found.items() if error is not None}
