"""Watchers of the overview, and the one look for all of them: at most once a second, and only when something moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Hashable
from datetime import datetime

from orchestration.access import rules
from orchestration.access.identify import actor_now
from orchestration.actions.overview import Overview, overview_of

from .frames import Frame, overview_frame
from .limits import IDLE_OVERVIEW_SECONDS, OVERVIEW_SECONDS
from .side_tasks import repeat
from .threads import in_thread
from .visitor import Visitor
from .watch import Watch


class OverviewWatch(Watch):
    """One watcher of the overview. Only the newest counts, so nothing ever waits for a slow one."""

    def __init__(self, visitor: Visitor, clock: Callable[[], datetime]) -> None:
        super().__init__(visitor, clock)
        self._is_new = False
        self.shown: Overview | None = None

    def show(self, overview: Overview) -> None:
        """Send an overview, unless it is the one that was sent last."""
        if overview != self.shown:
            self.shown = overview
            self._is_new = True
            self.wake()

    async def next_frame(self) -> Frame | None:
        """Return the overview when it is new, or a sign of life."""
        if self._is_new and self.shown is not None:
            self._is_new = False
            return overview_frame(self._clock(), self.shown)
        return self.ping_if_due()


class OverviewBoard:
    """Looks for all watchers of the overview."""

    def __init__(self) -> None:
        self._watches: set[OverviewWatch] = set()
        self._joined = asyncio.Event()
        self._has_moved = True
        self._looked_at = 0.0

    def add(self, watch: OverviewWatch) -> None:
        """Begin to show the overview to a watcher."""
        self._watches.add(watch)
        self._joined.set()

    def remove(self, watch: OverviewWatch) -> None:
        """Show it no longer."""
        self._watches.discard(watch)

    def moved(self) -> None:
        """Some run has moved."""
        self._has_moved = True

    async def keep_fresh(self) -> None:
        """Look again and again until cancelled."""
        await repeat("looking at the overview", self._step)

    async def _step(self) -> None:
        self._joined.clear()
        await self._look(self._due())
        await self._pause()

    async def _pause(self) -> None:
        """Wait for the next look, or for somebody who has seen nothing yet."""
        try:
            async with asyncio.timeout(OVERVIEW_SECONDS):
                await self._joined.wait()
        except TimeoutError:
            pass

    def _due(self) -> Collection[OverviewWatch]:
        since = time.monotonic() - self._looked_at
        if since < OVERVIEW_SECONDS or not (self._has_moved or since >= IDLE_OVERVIEW_SECONDS):
            return [watch for watch in self._watches if watch.shown is None]
        self._looked_at = time.monotonic()
        self._has_moved = False
        return list(self._watches)

    async def _look(self, watches: Collection[OverviewWatch]) -> None:
        if not watches:
            return
        visitors = {watch.visitor.identity: watch.visitor for watch in watches}
        seen = await in_thread(_look_for, visitors)
        for watch in watches:
            if (overview := seen.get(watch.visitor.identity)) is not None:
                watch.show(overview)


def _look_for(visitors: dict[Hashable, Visitor]) -> dict[Hashable, Overview]:
    """Return what each sees now; nothing for those who have to go, which the guard will tell them."""
    actors = {key: actor_now(visitor.actor, visitor.session) for key, visitor in visitors.items()}
    return {key: overview_of(rules.runs_of(actor)) for key, actor in actors.items() if actor is not None}
