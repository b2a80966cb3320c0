"""Where the page of a row leads to: its own page on the site, what belongs to it, and who changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from orchestration.models import (
    ApiToken,
    AuditEntry,
    ExecutorConfig,
    Run,
    Schedule,
    ScheduleFire,
    Secret,
    SecretUse,
    SignedIn,
    Task,
    TaskRun,
    Tree,
    Worker,
)

from .audit_links import trail_of
from .links import list_url


class Way(NamedTuple):
    """A list that belongs to a row: those of `model` whose `lookup` is the row's `field`."""

    words: str
    model: type[Model]
    lookup: str
    field: str = "pk"


#: By model, in the order in which they are shown.
WAYS: Final[Mapping[type[Model], Sequence[Way]]] = {
    Tree: (
        Way("Tasks", Task, "tree__id__exact"),
        Way("Runs", Run, "tree__id__exact"),
        Way("Schedules", Schedule, "tree__id__exact"),
    ),
    Task: (Way("All tasks of its tree", Task, "tree__id__exact", "tree_id"),),
    Run: (
        Way("Task runs", TaskRun, "run__id__exact"),
        Way("Runs after it", Run, "parent_run__id__exact"),
        Way("Runs of its tree", Run, "tree__id__exact", "tree_id"),
    ),
    TaskRun: (Way("All of its run", TaskRun, "run__id__exact", "run_id"),),
    Worker: (Way("Runs that it owns", Run, "owner__id__exact"),),
    Schedule: (Way("Its fires", ScheduleFire, "schedule__id__exact"),),
    ExecutorConfig: (
        Way("Tasks that name it", Task, "executor__exact", "executor"),
        Way("Task runs", TaskRun, "executor__exact", "executor"),
    ),
    Secret: (Way("Its uses", SecretUse, "name__exact", "name"),),
    User: (
        Way("Trees", Tree, "owner__id__exact"),
        Way("Runs", Run, "requested_by__id__exact"),
        Way("Schedules", Schedule, "responsible__id__exact"),
        Way("Tokens", ApiToken, "user__id__exact"),
        Way("Sessions", SignedIn, "user__id__exact"),
        Way("What they did", AuditEntry, "user", "username"),
    ),
    Group: (Way("Who is in it", User, "groups__id__exact"),),
}


def links_of(request: HttpRequest, row: Model) -> list[tuple[str, str]]:
    """Return words and address of each place that the one who asks may go to from a row's page."""
    return list(_links(request, row))


def _links(request: HttpRequest, row: Model) -> Iterator[tuple[str, str]]:
    page = _page_of(row)
    if page:
        yield "Open its page", page
    for way in WAYS.get(type(row), ()):
        value = getattr(row, way.field)
        url = list_url(request, way.model, **{way.lookup: value}) if value is not None else None
        if url:
            yield way.words, url
    changes = trail_url(request, row)
    if changes:
        yield "Who changed this", changes


def trail_url(request: HttpRequest, row: Model) -> str | None:
    """Return the address of the audit entries about a row; None for those who may not read them."""
    if isinstance(row, AuditEntry):
        return None
    return trail_of(row) if list_url(request, AuditEntry) else None


def _page_of(row: Any) -> str | None:
    if isinstance(row, TaskRun):
        return reverse("task-run", args=[row.run_id, row.pk])
    return row.get_absolute_url() if hasattr(row, "get_absolute_url") else None
