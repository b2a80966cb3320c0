"""Pages of a list of runs by keyset: stable while runs are added, and as fast on the last page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from orchestration.actions.run_orders import NEWEST_FIRST, Place, RunOrder
from orchestration.models import Run
from orchestration.models.execution import RunQuerySet

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page: its runs, and the places of its neighbours where there are any."""

    runs: list[Run]
    before: str | None = None
    after: str | None = None


def run_page(runs: RunQuerySet, query: QueryDict, order: RunOrder = NEWEST_FIRST, size: int = PAGE_SIZE) -> RunPage:
    """Return the page that an address names with `after` or `before`; without, or with nonsense, the first."""
    before = order.read_place(query.get("before", ""))
    if before is not None:
        return _page_before(runs, order, before, size)
    return _page_after(runs, order, order.read_place(query.get("after", "")), size)


def count_before(runs: RunQuerySet, order: RunOrder, place: Place, most: int) -> int:
    """Count the runs that come before a place, as far as `most`."""
    return len(order.beyond(runs, place, backwards=True).order_by().values_list("pk")[:most])


def _page_after(runs: RunQuerySet, order: RunOrder, place: Place | None, size: int) -> RunPage:
    found = list(order.sort(runs if place is None else order.beyond(runs, place))[: size + 1])
    shown = found[:size]
    return RunPage(
        shown,
        before=order.place_of(shown[0]) if place is not None and shown else None,
        after=order.place_of(shown[-1]) if len(found) > size else None,
    )


def _page_before(runs: RunQuerySet, order: RunOrder, place: Place, size: int) -> RunPage:
    found = list(order.sort(order.beyond(runs, place, backwards=True), backwards=True)[: size + 1])
    if len(found) <= size:  # the top is reached: show a full first page
        return _page_after(runs, order, None, size)
    shown = found[size - 1 :: -1]
    return RunPage(shown, before=order.place_of(shown[0]), after=order.place_of(shown[-1]))
