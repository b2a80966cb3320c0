"""The list of trees, one tree, and the button that runs it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from orchestration.access import Actor, rules
from orchestration.actions.run_orders import NEWEST_FIRST
from orchestration.actions.runs import start_run
from orchestration.actions.tree_history import tree_history
from orchestration.actions.tree_search import TreeSearch
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import Dependency, Run, Task, Tree
from orchestration.models.definition import TreeQuerySet

from . import run_form
from .access import PageRequest, may_see_values, may_start, page, shown_to, visible_tree
from .boot import boot_of
from .run_form import RunForm
from .run_lines import RunLine, listed_runs, run_lines
from .schedule_lines import tree_schedules
from .tree_trend import trend_of

TREES_PER_PAGE: Final = 50
TASKS_PER_PAGE: Final = 200
RECENT_RUNS: Final = 10
_SHOWN_DEPENDENCIES: Final = 12
#: Trees whose tags are offered.
_LOOKED_AT: Final = 500


@dataclass(frozen=True, slots=True)
class TreeFilters:
    """What the list is narrowed to, as it stands in the address."""

    q: str = ""
    tag: str = ""
    owner: str = ""
    archived: bool = False

    @classmethod
    def read(cls, query: QueryDict) -> TreeFilters:
        """Read the filters of an address."""
        q, tag, owner = (query.get(name, "").replace("\x00", "").strip()[:200] for name in ("q", "tag", "owner"))
        return cls(q, tag, owner, archived=query.get("archived") == "true")

    def __bool__(self) -> bool:
        return bool(self.q or self.tag or self.owner)

    def narrow(self, visible: TreeQuerySet, username: str) -> TreeQuerySet:
        """Apply the filters; `username` is who `me` stands for."""
        owner = username if self.owner == "me" else self.owner
        return TreeSearch(q=self.q, tag=self.tag, owner=owner, archived=self.archived).narrow(visible)


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One tree of the list, its number of tasks, the last run that the user may see, and when it starts by itself."""

    tree: Tree
    task_count: int
    last: RunLine | None
    next_due_at: datetime | None


@require_safe
@page
def trees(request: PageRequest) -> HttpResponse:
    """List the trees."""
    filters = TreeFilters.read(request.GET)
    visible = Tree.objects.visible_to(request.user)
    found = filters.narrow(visible, request.user.get_username())
    listing = Paginator(_with_counts(found, request), TREES_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "trees",
        "filters": filters,
        "tags": _tags(visible),
        "boot": boot_of(request),
        "listing": listing,
        "lines": _tree_lines(listing, request),
        "may_start": may_start(request.user),
        "key": run_form.new_key(),
    }
    return render(request, "pages/trees.html", context)


def _tags(visible: TreeQuerySet) -> list[str]:
    tagged = visible.current().exclude(tags=[]).order_by().values_list("tags", flat=True)[:_LOOKED_AT]
    return sorted({tag for tags in tagged for tag in tags})


def _with_counts(found: QuerySet[Tree], request: PageRequest) -> QuerySet[Tree]:
    tasks = Task.objects.filter(tree=OuterRef("pk")).order_by().values("tree").annotate(n=Count("pk")).values("n")
    last = Run.objects.visible_to(request.user).filter(tree=OuterRef("pk")).newest_first().values("pk")[:1]
    schedules = rules.schedules_of(Actor(request.user)).upcoming().filter(tree=OuterRef("pk"))
    due = Subquery(schedules.values("next_due_at")[:1])
    return found.annotate(task_count=Coalesce(Subquery(tasks), 0), last_run_id=Subquery(last), due_at=due)


def _tree_lines(listing: Page[Tree], request: PageRequest) -> list[TreeLine]:
    rows: list[Any] = list(listing)
    last_ids = [tree.last_run_id for tree in rows if tree.last_run_id]
    lines = {line.run.pk: line for line in run_lines(listed_runs(request.user).filter(pk__in=last_ids))}
    return [TreeLine(tree, tree.task_count, lines.get(tree.last_run_id), tree.due_at) for tree in rows]


@require_safe
@page
def tree(request: PageRequest, pk: UUID) -> HttpResponse:
    """Show one tree."""
    found = visible_tree(request.user, pk)
    return _tree_page(request, found, RunForm())


@require_POST
@page
def tree_run(request: PageRequest, pk: UUID) -> HttpResponse:
    """Start a run, and go to its page; what is wrong is shown on the tree's page."""
    found = visible_tree(request.user, pk)
    if not may_start(request.user):
        raise PermissionDenied("Your account may look at runs but not start them. An administrator can change that.")
    form = RunForm(request.POST)
    if found.archived_at is not None:
        form.add_error(None, "This tree is archived. Take it out of the archive to run it.")
    if form.is_valid():
        try:
            run = start_run(
                found,
                user=request.user,
                parameters=form.cleaned_data["parameters"],
                idempotency_key=_own_key(request, form.cleaned_data["key"]),
            )
            return redirect("run-live", run.pk)
        except InvalidDefinitionError as error:
            form.refuse(error)
    return _tree_page(request, found, form, status=422)


def _own_key(request: PageRequest, key: str) -> str | None:
    """Make a key that is of no use to anybody else."""
    return f"page-{request.user.pk}-{key}" if key else None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task of a tree, with the dependencies that fit into a line."""

    task: Task
    edges: Sequence[Dependency]
    more: int

    @property
    def retry(self) -> str:
        """The retry policy in words; nothing for a single attempt."""
        if self.task.retry_max_attempts == 1:
            return ""
        return f"{self.task.retry_max_attempts} attempts, {self.task.retry_backoff}"


def _tree_page(request: PageRequest, found: Tree, form: RunForm, status: int = 200) -> HttpResponse:
    tasks = Paginator(_tasks(found), TASKS_PER_PAGE).get_page(request.GET.get("page"))
    schema = shown_to(request.user, found.parameters)
    with_secrets = may_see_values(request.user)
    history = tree_history(found, listed_runs(request.user))
    boot = boot_of(request, treeId=str(found.pk))
    boot["runs"] = {
        "filter": {"tree": str(found.pk)},
        "query": f"tree={found.pk}",
        "rows": reverse("run-rows"),
        "compare": reverse("run-compare"),
        "top": NEWEST_FIRST.place_of(history.runs[0]) if history.runs else "",
        "view": None,
    }
    schedules, more_schedules = tree_schedules(Actor(request.user), found)
    context = {
        "section": "trees",
        "tree": found,
        "listing": tasks,
        "tasks": _task_lines(tasks),
        "recent": run_lines(history.runs[:RECENT_RUNS]),
        "trend": trend_of(history),
        "boot": boot,
        "schedules": schedules,
        "more_schedules": more_schedules,
        "may_start": may_start(request.user) and found.archived_at is None,
        "form": form,
        "key": run_form.new_key(),
        "schema": None if schema is None else json.dumps(schema, indent=2, ensure_ascii=False),
        "parameters": form.data.get("parameters") or run_form.defaults(found, with_secrets=with_secrets),
    }
    return render(request, "pages/tree.html", context, status=status)


def _tasks(found: Tree) -> QuerySet[Task]:
    edges = Dependency.objects.select_related("depends_on").order_by("ordinal", "id")
    edges = edges.only("task", "required", "depends_on__name", "depends_on__uid")
    tasks = found.tasks.order_by("ordinal", "id").select_related("parent")
    return tasks.defer("inputs", "params", "schemas", "pinned", "position").prefetch_related(
        Prefetch("dependencies", edges)
    )


def _task_lines(tasks: Iterable[Task]) -> list[TaskLine]:
    lines = []
    for task in tasks:
        edges = list(task.dependencies.all())
        lines.append(TaskLine(task, edges[:_SHOWN_DEPENDENCIES], max(len(edges) - _SHOWN_DEPENDENCIES, 0)))
    return lines
