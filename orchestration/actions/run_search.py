"""Which runs somebody means: the filters of lists and of what is done with many runs at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from orchestration.models.execution import RunQuerySet


@dataclass(frozen=True, slots=True)
class RunSearch:
    """What runs are narrowed to; what is empty narrows nothing. `q` is a text of people: see `text_condition`."""

    status: Collection[str] = ()
    trigger: str = ""
    tree: UUID | None = None
    tag: str = ""
    requested_by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    parent: UUID | None = None
    q: str = ""

    def narrow(self, runs: RunQuerySet) -> RunQuerySet:
        """Apply the filters. `since` and `until` are about the time of queueing, and include it."""
        wanted: dict[str, object] = {
            "status__in": list(self.status),
            "trigger": self.trigger,
            "tree": self.tree,
            "requested_by__username": self.requested_by,
            "queued_at__gte": self.since,
            "queued_at__lte": self.until,
            "parent_run": self.parent,
        }
        if self.tag:
            wanted["tree__tags__contains"] = [self.tag]
        runs = runs.filter(**{name: value for name, value in wanted.items() if value})
        return runs.filter(text_condition(self.q)) if self.q else runs


def text_condition(text: str) -> Q:
    """The condition of the runs that a text is about: in the tree's name or the error; a user's name; a run's id."""
    about = Q(tree_name__icontains=text) | Q(error__icontains=text) | Q(requested_by__username__iexact=text)
    key = as_uuid(text)
    return about | Q(pk=key) if key else about


def as_uuid(text: str) -> UUID | None:
    """Read an id; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
