"""What lists of runs, and acts on many of them, are narrowed to."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from orchestration.access import Actor
from orchestration.actions.run_orders import ORDER_NAMES
from orchestration.actions.run_search import RunSearch
from orchestration.engine.status import Status
from orchestration.models import Run

from .paging import PageQuery
from .schemas import Fields, Moment, Text


class RunFilter(Fields):
    """Which runs; what is absent narrows nothing."""

    status: list[Status] = Field(default=[], max_length=len(Status), description="one or several")
    tree: UUID | None = Field(default=None, description="a tree's id")
    tag: Text = Field(default="", max_length=50, description="a tag of the tree as it is now")
    trigger: Run.Trigger | None = None
    requested_by: Text = Field(default="", max_length=150, description="a user name, or `me`")
    since: Moment | None = Field(default=None, description="queued at this time or later")
    until: Moment | None = Field(default=None, description="queued at this time or before")
    parent: UUID | None = Field(default=None, description="the run that they were started after")
    q: Text = Field(
        default="", max_length=200, description="in the tree's name or the error, or a user name, or a run's id"
    )

    def search(self, actor: Actor) -> RunSearch:
        """Return what is looked for."""
        by_me = self.requested_by == "me"
        return RunSearch(
            status=self.status,
            trigger=self.trigger or "",
            tree=self.tree,
            tag=self.tag,
            requested_by=actor.user.get_username() if by_me else self.requested_by,
            since=self.since,
            until=self.until,
            parent=self.parent,
            q=self.q.strip(),
        )


class RunQuery(RunFilter, PageQuery):
    """A page of runs."""

    sort: Literal[ORDER_NAMES] = "-queued_at"  # type: ignore[valid-type]
