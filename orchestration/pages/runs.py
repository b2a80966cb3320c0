"""The list of runs, filtered by what stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from orchestration.access import Actor, rules
from orchestration.actions.run_search import as_uuid
from orchestration.engine.status import Status
from orchestration.models import Run, RunView, Tree

from .access import PageRequest, page
from .boot import boot_of
from .keyset import count_before, run_page
from .run_filters import PERIODS, RunFilters
from .run_lines import listed_runs, run_lines
from .states import TRIGGERS, WORDS

_LISTED_TREES: Final = 500
#: Rows that are asked for again at once; a page never has more.
_MAX_ROWS: Final = 200
#: New runs are counted as far as this.
_MAX_NEW: Final = 100


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A view that somebody keeps, as a link."""

    view: RunView
    query: str
    is_shown: bool


@require_safe
@page
def runs(request: PageRequest) -> HttpResponse:
    """List the runs. Without anything in the address, the view that the user has made their default is opened."""
    views = list(rules.run_views_of(Actor(request.user)))
    default = next((view for view in views if view.is_default), None)
    if default is not None and not request.GET:
        return redirect(f"{reverse('runs')}?{RunFilters.read(QueryDict(default.query)).query() or 'view=all'}")
    now = timezone.now()
    filters = RunFilters.read(request.GET)
    search = filters.search(request.user.get_username(), now)
    found = run_page(search.narrow(listed_runs(request.user)), request.GET, filters.order)
    lines = run_lines(found.runs, now)
    # New runs are announced where they would stand: at the top of the first page of the newest.
    is_top = found.before is None and str(filters.order) == "-queued_at"
    links = _view_links(views, filters)
    boot = boot_of(request)
    boot["runs"] = {
        "filter": filters.for_api(now),
        "query": filters.query(),
        "rows": reverse("run-rows"),
        "compare": reverse("run-compare"),
        "top": filters.order.place_of(found.runs[0]) if is_top and found.runs else ("" if is_top else None),
        "view": next((link.view.pk for link in links if link.is_shown), None),
    }
    context = {
        "section": "runs",
        "filters": filters,
        "lines": lines,
        "found": found,
        "statuses": [(status.value, WORDS[status]) for status in Status],
        "triggers": TRIGGERS.items(),
        "periods": [(name, word) for name, (_, word) in PERIODS.items()],
        "views": links,
        "boot": boot,
        **_trees_and_tags(request),
    }
    return render(request, "pages/runs.html", context)


@require_safe
@page
def run_rows(request: PageRequest) -> HttpResponse:
    """Show again the runs of a list that go on (`ids`), and say which of those that have ended (`ended`) are gone.

    The answer also has the number of runs of the list's filters that are newer than its `top`.
    """
    ended = _ids(request, "ended")
    seen = Run.objects.visible_to(request.user)
    context = {
        "lines": run_lines(listed_runs(request.user).filter(pk__in=_ids(request, "ids"))),
        "with_tree": request.GET.get("with_tree") != "0",
        "selectable": True,
        "new": _count_new(request, RunFilters.read(request.GET)),
        "gone": ended - set(seen.filter(pk__in=ended).values_list("pk", flat=True)) if ended else (),
    }
    return render(request, "pages/run_rows.html", context)


def _ids(request: PageRequest, name: str) -> set[UUID]:
    return {key for key in map(as_uuid, request.GET.get(name, "").split(",")[:_MAX_ROWS]) if key}


def _count_new(request: PageRequest, filters: RunFilters) -> int:
    top = request.GET.get("top")
    if top is None:
        return 0
    search = filters.search(request.user.get_username())
    seen = search.narrow(Run.objects.visible_to(request.user))
    place = filters.order.read_place(top)
    return seen[:_MAX_NEW].count() if place is None else count_before(seen, filters.order, place, _MAX_NEW)


def _view_links(views: list[RunView], filters: RunFilters) -> list[ViewLink]:
    queries = {view: RunFilters.read(QueryDict(view.query)).query() for view in views}
    return [ViewLink(view, query, query == filters.query()) for view, query in queries.items()]


def _trees_and_tags(request: PageRequest) -> dict[str, Any]:
    trees = Tree.objects.visible_to(request.user).current().order_by("name", "id")
    listed: list[tuple[UUID, str, list[str]]] = list(trees.values_list("pk", "name", "tags")[:_LISTED_TREES])
    return {
        "trees": [(pk, name) for pk, name, _ in listed],
        "tags": sorted({tag for *_, tags in listed for tag in tags}),
    }
