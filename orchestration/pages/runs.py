"""The list of runs, filtered by what stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orchestration.actions.run_search import RunSearch, as_uuid
from orchestration.engine.status import Status
from orchestration.models import Run, Tree
from orchestration.models.execution import RunQuerySet

from .access import PageRequest, page
from .keyset import run_page
from .run_lines import listed_runs, run_lines
from .states import TRIGGERS, WORDS

#: Milliseconds between two looks while a run of the page is active.
REFRESH_MS: Final = 2_000
_LISTED_TREES: Final = 500


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What the list is narrowed to. Values that make no sense narrow nothing."""

    status: str = ""
    trigger: str = ""
    tree: UUID | None = None
    q: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> RunFilters:
        """Read the filters of an address."""
        status, trigger = query.get("status", ""), query.get("trigger", "")
        return cls(
            status=status if status in set(Status) else "",
            trigger=trigger if trigger in Run.Trigger.values else "",
            tree=as_uuid(query.get("tree", "")),
            q=query.get("q", "").replace("\x00", "").strip()[:200],
        )

    def __bool__(self) -> bool:
        return bool(self.status or self.trigger or self.tree or self.q)

    def narrow(self, runs: RunQuerySet) -> RunQuerySet:
        """Apply the filters."""
        search = RunSearch(status=[self.status] if self.status else [], trigger=self.trigger, tree=self.tree, q=self.q)
        return search.narrow(runs)


@require_safe
@page
def runs(request: PageRequest) -> HttpResponse:
    """List the runs, newest first."""
    filters = RunFilters.read(request.GET)
    found = run_page(filters.narrow(listed_runs(request.user)), request.GET)
    lines = run_lines(found.runs)
    trees = Tree.objects.visible_to(request.user).current().order_by("name", "id")
    context = {
        "section": "runs",
        "refresh": REFRESH_MS if any(line.is_active for line in lines) else 0,
        "filters": filters,
        "lines": lines,
        "found": found,
        "statuses": [(status.value, WORDS[status]) for status in Status],
        "triggers": TRIGGERS.items(),
        "trees": trees.values_list("pk", "name")[:_LISTED_TREES],
    }
    return render(request, "pages/runs.html", context)
