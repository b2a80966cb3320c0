"""Pages of a list of runs, newest first, by keyset: stable while runs are added, and as fast on the last page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict

from orchestration.models import Run
from orchestration.models.execution import RunQuerySet

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two runs, named by one of them."""

    queued_at: datetime
    id: UUID

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        """Read a cursor of an address; None for what is none."""
        at, _, key = (text or "").partition("_")
        try:
            moment = datetime.fromisoformat(at)
            return None if moment.tzinfo is None else cls(moment, UUID(key))
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.queued_at.isoformat()}_{self.id}"

    def older(self) -> Q:
        """The condition of the runs that follow."""
        return Q(queued_at__lt=self.queued_at) | Q(queued_at=self.queued_at, id__lt=self.id)

    def newer(self) -> Q:
        """The condition of the runs that come before."""
        return Q(queued_at__gt=self.queued_at) | Q(queued_at=self.queued_at, id__gt=self.id)


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page: its runs, and the cursors of its neighbours where there are any."""

    runs: list[Run]
    newer: str | None = None
    older: str | None = None


def run_page(runs: RunQuerySet, query: QueryDict, size: int = PAGE_SIZE) -> RunPage:
    """Return the page that an address names with `older` or `newer`; without, or with nonsense, the first."""
    newer = Cursor.read(query.get("newer"))
    if newer is not None:
        return _page_before(runs, newer, size)
    return _page_after(runs, Cursor.read(query.get("older")), size)


def _page_after(runs: RunQuerySet, place: Cursor | None, size: int) -> RunPage:
    found = list((runs if place is None else runs.filter(place.older())).newest_first()[: size + 1])
    shown = found[:size]
    return RunPage(
        shown,
        newer=_cursor(shown[0]) if place is not None and shown else None,
        older=_cursor(shown[-1]) if len(found) > size else None,
    )


def _page_before(runs: RunQuerySet, place: Cursor, size: int) -> RunPage:
    found = list(runs.filter(place.newer()).order_by("queued_at", "id")[: size + 1])
    if len(found) <= size:  # the top is reached: show a full first page
        return _page_after(runs, None, size)
    shown = found[size - 1 :: -1]
    return RunPage(shown, newer=_cursor(shown[0]), older=_cursor(shown[-1]))


def _cursor(run: Run) -> str:
    return str(Cursor(run.queued_at, run.pk))
