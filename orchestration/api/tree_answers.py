"""Trees as the API shows them, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from pydantic import Field

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.actions.executor_rights import executor_problems
from orchestration.actions.trees import consistent_spec
from orchestration.engine.definition import TreeSpec
from orchestration.engine.errors import Problem
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import tree_problems
from orchestration.models import Run, Task, Tree
from orchestration.models.definition import TreeQuerySet

from .documents import TreeDocument
from .schemas import Fields, Moment, Name, Username


class ProblemOut(Fields):
    """One thing that keeps a tree from running."""

    path: str = Field(examples=["$.tasks[0].executor"])
    message: str = Field(examples=["there is no executor 'ghost' here; install it or choose another"])


class LastRun(Fields):
    """The newest run of a tree."""

    id: UUID
    status: str = Field(examples=["completed"])
    queued_at: Moment
    finished_at: Moment | None


class TreeLine(Fields):
    """A tree in a list."""

    id: UUID
    name: Name
    description: str
    tags: list[str] = Field(examples=[["nightly"]])
    owner: Username | None = Field(description="a user name; null when nobody owns it")
    visibility: str = Field(examples=["everyone"])
    shared_with: list[str] = Field(description="names of groups", examples=[[]])
    version: int = Field(examples=[7])
    archived: bool = Field(examples=[False])
    task_count: int = Field(examples=[2])
    last_run: LastRun | None
    created_at: Moment
    updated_at: Moment


class May(Fields):
    """What the caller may do with a tree."""

    edit: bool = Field(examples=[True])
    manage: bool = Field(examples=[True])
    run: bool = Field(examples=[True])


class TreeOut(TreeLine):
    """A tree with its definition."""

    definition: TreeDocument
    problems: list[ProblemOut] = Field(description="what keeps it from running", examples=[[]])
    may: May


def with_counts(trees: TreeQuerySet) -> TreeQuerySet:
    """Add what a line of a list needs; who sees a tree sees all its runs."""
    tasks = Task.objects.filter(tree=OuterRef("pk")).order_by().values("tree").annotate(n=Count("pk")).values("n")
    last = Run.objects.filter(tree=OuterRef("pk")).newest_first().values("pk")[:1]
    counted = trees.annotate(tasks_in_all=Coalesce(Subquery(tasks), 0), last_run_id=Subquery(last))
    return counted.select_related("owner").prefetch_related("shared_with")


def tree_lines(trees: Sequence[Tree]) -> list[Any]:
    """Return trees of `with_counts` as they are listed."""
    rows: Sequence[Any] = trees
    runs = Run.objects.only("id", "status", "queued_at", "finished_at").in_bulk(
        [row.last_run_id for row in rows if row.last_run_id]
    )
    return [_line(row, row.tasks_in_all, runs.get(row.last_run_id)) for row in rows]


@dataclass(frozen=True, slots=True)
class Definition:
    """A tree's definition, and what keeps it from running."""

    spec: TreeSpec
    problems: list[Problem]

    @classmethod
    def stored(cls, tree: Tree) -> Definition:
        """Return the present definition of a tree, which is at its version then."""
        spec = consistent_spec(tree)
        return cls(spec, tree_problems(spec, default_registry))


def whole_tree(actor: Actor, shown: Tree, saved: Definition | None = None) -> dict[str, Any]:
    """Return one tree with its definition; the actor sees it. `saved` is what was just stored, where it is known.

    Version and definition belong together, whatever somebody else has saved since: `shown` is at that of `saved`.
    """
    tree = with_counts(Tree.objects.filter(pk=shown.pk)).get()
    definition = saved or Definition.stored(tree)
    spec = definition.spec
    return {
        **tree_lines([tree])[0],
        "version": shown.version if saved else tree.version,
        "name": spec.name,
        "description": spec.description,
        "tags": list(spec.tags),
        "task_count": len(spec.tasks),
        "definition": shown_value(actor, spec.as_json()),
        "problems": listed_problems([*definition.problems, *executor_problems(spec, actor.user)]),
        "may": {
            "edit": rules.may_edit_tree(actor, tree),
            "manage": rules.may_manage_tree(actor, tree),
            "run": rules.may_start(actor) and tree.archived_at is None,
        },
    }


def listed_problems(problems: Sequence[Problem]) -> list[Any]:
    """Return problems as they are sent."""
    return [{"path": problem.path, "message": problem.message} for problem in problems]


def _line(tree: Tree, task_count: int, last: Run | None) -> dict[str, Any]:
    plain = ("id", "name", "description", "tags", "visibility", "version", "created_at", "updated_at")
    return {
        **{name: getattr(tree, name) for name in plain},
        "owner": tree.owner.get_username() if tree.owner else None,
        "shared_with": sorted(group.name for group in tree.shared_with.all()),
        "archived": tree.archived_at is not None,
        "task_count": task_count,
        "last_run": last
        and {
            "id": last.pk,
            "status": last.status,
            "queued_at": last.queued_at,
            "finished_at": last.finished_at,
        },
    }
