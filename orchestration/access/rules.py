"""The rules, one function each. What may not be seen does not exist for the one who asks: callers answer 404.

| act | who |
| --- | --- |
| see a tree | its owner, everyone or a group it is shared with, administrators |
| change a tree, archive it | editors who see it |
| delete, share, give away a tree | its owner, if an editor; administrators |
| see a run | who sees its tree, who started it |
| start a run | operators who see the tree |
| steer a run | operators who see it; who started it |
| delete a run | who may delete its tree; editors: runs that they started |
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from orchestration.models import Run, Tree
from orchestration.models.definition import TreeQuerySet, sees_all
from orchestration.models.execution import RunQuerySet

from .actor import Actor


def trees_of(actor: Actor) -> TreeQuerySet:
    """Trees that the actor may see."""
    return Tree.objects.visible_to(actor.user)


def runs_of(actor: Actor) -> RunQuerySet:
    """Runs that the actor may see."""
    return Run.objects.visible_to(actor.user)


def find_tree(actor: Actor, pk: UUID | str) -> Tree | None:
    """Return a tree that the actor may see."""
    return trees_of(actor).select_related("owner").filter(pk=pk).first()


def find_run(actor: Actor, pk: UUID | str) -> Run | None:
    """Return a run that the actor may see."""
    return runs_of(actor).select_related("requested_by", "owner", "parent_run").filter(pk=pk).first()


def may_create_trees(actor: Actor) -> bool:
    """Tell whether the actor may make trees."""
    return actor.can("add_tree")


def may_edit_tree(actor: Actor, tree: Tree) -> bool:
    """Tell whether the actor may change the definition of a tree that they see."""
    return actor.can("change_tree")


def may_manage_tree(actor: Actor, tree: Tree) -> bool:
    """Tell whether the actor may delete a tree, share it, or give it away."""
    return actor.can("delete_tree") and (tree.owner_id == actor.user.pk or actor.can("manage_all_trees"))


def may_start(actor: Actor) -> bool:
    """Tell whether the actor may start runs of the trees that they see."""
    return actor.can("add_run")


def may_steer(actor: Actor, run: Run) -> bool:
    """Tell whether the actor may cancel, pause, resume, retry, skip or reorder in a run that they see."""
    own = run.requested_by_id == actor.user.pk and actor.within_scope("change_run")
    return own or actor.can("change_run")


def may_delete_run(actor: Actor, run: Run) -> bool:
    """Tell whether the actor may delete a finished run that they see. `run.tree` is loaded."""
    if not actor.can("delete_run"):
        return False
    owns = run.tree is not None and run.tree.owner_id == actor.user.pk
    return owns or run.requested_by_id == actor.user.pk or actor.can("manage_all_trees")


def steerable(actor: Actor) -> Q:
    """The condition, within the runs that the actor sees, of those that `may_steer` allows."""
    if actor.can("change_run"):
        return Q()
    return Q(requested_by=actor.user.pk) if actor.within_scope("change_run") else Q(pk__in=())


def deletable(actor: Actor) -> Q:
    """The condition, within the runs that the actor sees, of those that `may_delete_run` allows."""
    if not actor.can("delete_run"):
        return Q(pk__in=())
    if actor.can("manage_all_trees"):
        return Q()
    return Q(tree__owner=actor.user.pk) | Q(requested_by=actor.user.pk)


def may_administer(actor: Actor) -> bool:
    """Tell whether the actor sees and manages everybody's trees, runs and tokens."""
    return actor.within_scope("manage_all_trees") and sees_all(actor.user)
