"""The rules, one function each. What may not be seen does not exist for the one who asks: callers answer 404.

| act | who |
| --- | --- |
| see a tree | its owner, everyone or a group it is shared with, administrators |
| change a tree, archive it | editors who see it |
| delete, share, give away a tree | its owner, if an editor; administrators |
| see a run | who sees its tree, who started it |
| see the secrets in inputs, parameters and results | editors who see the tree or the run |
| start a run | operators who see the tree |
| steer a run | operators who see it; who started it |
| run a tree that is not stored, run again with other inputs | operators who may make trees, or change them |
| run again | operators who see the run, and its tree if there is one |
| see a schedule, run it now or for moments of the past, cancel that | operators who see its tree |
| make, change, delete a schedule, switch it on or off | editors who see its tree |
| pause all schedules | administrators |
| make, change, delete, test webhooks of both kinds, read their logs | administrators |
| see, make, change and delete secrets, read who used them; never a value | administrators; who has the permission |
| see and make executors here, change and delete them | administrators |
| arrange hooks, try them out | administrators |
| drain and resume workers | administrators |
| use an executor, in whatever they start | everybody; of one that is for groups, its groups and administrators |
| see the executors, and what is decided about them | everybody |
| decide about executors, close their circuit breakers | administrators |
| try an executor | who may run a tree that is not stored, and may use it |
| delete a run | who may delete its tree; editors: runs that they started |
| make and revoke tokens of their own | everybody, in a session or with a token of the scope admin |
| keep views of the list of runs | everybody, in a session or with a token of the scope admin |
| list and end sessions of their own | everybody, in a session or with a token of the scope admin |
| revoke other people's tokens, end their sessions, link them to single sign-on | administrators |
| see users and groups | administrators; who has the permission |
| make, change and delete users and groups, see where people are signed in | administrators |
| read the audit trail, unlock sign-ins | administrators |
| enter the admin pages | staff, administrators |
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from orchestration.models import ApiToken, ExecutorConfig, Run, RunView, Schedule, TaskRun, Tree
from orchestration.models.definition import TreeQuerySet, sees_all
from orchestration.models.execution import RunQuerySet
from orchestration.models.identity import ApiTokenQuerySet
from orchestration.models.schedule import ScheduleQuerySet

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


def may_see_values(actor: Actor) -> bool:
    """Tell whether the actor is shown literal secrets of what they see: those who may change trees are."""
    return actor.can("change_tree")


def may_manage_tree(actor: Actor, tree: Tree) -> bool:
    """Tell whether the actor may delete a tree, share it, or give it away."""
    return actor.can("delete_tree") and (tree.owner_id == actor.user.pk or actor.can("manage_all_trees"))


def may_start(actor: Actor) -> bool:
    """Tell whether the actor may start runs of the trees that they see."""
    return actor.can("add_run")


def may_start_unstored(actor: Actor) -> bool:
    """Tell whether the actor may run a definition of their own: that is as much as making a tree and running it."""
    return may_start(actor) and may_create_trees(actor)


def may_run_again(actor: Actor, run: Run) -> bool:
    """Tell whether the actor may start a run after one that they see."""
    return may_start(actor) and (run.tree_id is None or trees_of(actor).filter(pk=run.tree_id).exists())


def rerunnable(actor: Actor) -> Q:
    """The condition, within the runs that the actor sees, of those that `may_run_again` allows."""
    return Q(tree__isnull=True) | Q(tree__in=trees_of(actor)) if may_start(actor) else Q(pk__in=())


def schedules_of(actor: Actor) -> ScheduleQuerySet:
    """Schedules that the actor may see: of trees that they see and may run."""
    return Schedule.objects.visible_to(actor.user) if may_start(actor) else Schedule.objects.none()


def find_schedule(actor: Actor, pk: UUID | str) -> Schedule | None:
    """Return a schedule of a tree that the actor sees; whether they may see it too says `may_start`."""
    found = Schedule.objects.visible_to(actor.user).select_related("tree", "responsible")
    return found.filter(pk=pk).first()


def may_edit_schedules(actor: Actor) -> bool:
    """Tell whether the actor may make schedules of trees that they see, and change those that they see."""
    return may_start(actor) and actor.can("change_tree")


def may_pause_schedules(actor: Actor) -> bool:
    """Tell whether the actor may pause all schedules."""
    return may_administer(actor)


def may_manage_webhooks(actor: Actor) -> bool:
    """Tell whether the actor may make and change webhooks, and read what was sent and received."""
    return may_administer(actor)


def may_see_secrets(actor: Actor) -> bool:
    """Tell whether the actor may see which secrets there are, and who may use them; nobody sees a value."""
    return actor.can("view_secret") or actor.can("change_secret")


def may_manage_secrets(actor: Actor, act: Literal["add", "change", "delete"]) -> bool:
    """Tell whether the actor may make secrets, change or delete them."""
    return actor.can(f"{act}_secret")


def may_see_secret_uses(actor: Actor) -> bool:
    """Tell whether the actor may read who has used which secret."""
    return actor.can("view_secretuse")


def may_make_executors(actor: Actor) -> bool:
    """Tell whether the actor may see how executors were made here, make them, change and delete them."""
    return may_administer(actor)


def may_arrange_hooks(actor: Actor) -> bool:
    """Tell whether the actor may look at hooks, make, change, order and delete them, and try them out."""
    return may_administer(actor)


def find_task_run(actor: Actor, pk: int) -> TaskRun | None:
    """Return a task run, with its run and tree, of a run that the actor may see."""
    return TaskRun.objects.select_related("run__tree").filter(pk=pk, run__in=runs_of(actor)).first()


def closed_executors(actor: Actor) -> set[str]:
    """Executors that are for groups which the actor is not in; every start is refused that would use one."""
    return set(ExecutorConfig.objects.closed_to(actor.user).values_list("executor", flat=True))


def may_try_executor(actor: Actor, executor: str) -> bool:
    """Tell whether the actor may run one executor by itself."""
    return may_start_unstored(actor) and executor not in closed_executors(actor)


def may_decide_about_executors(actor: Actor) -> bool:
    """Tell whether the actor may switch executors on and off, limit them, and close their circuit breakers."""
    return may_administer(actor)


def may_change_inputs(actor: Actor) -> bool:
    """Tell whether the actor may run a task with other inputs than its author has given it."""
    return actor.can("change_tree")


def may_steer_any(actor: Actor) -> bool:
    """Tell whether there can be runs that the actor may steer; of each, `steerable` says whether it is one."""
    return actor.within_scope("change_run")


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


def may_delete_any(actor: Actor) -> bool:
    """Tell whether there can be runs that the actor may delete; of each, `deletable` says whether it is one."""
    return actor.can("delete_run")


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


def may_steer_workers(actor: Actor) -> bool:
    """Tell whether the actor may drain and resume workers."""
    return may_administer(actor)


def may_see_people(actor: Actor, model: type[Model]) -> bool:
    """Tell whether the actor may look at users, or at groups."""
    name = model._meta.model_name
    held = (actor.user.has_perm(f"auth.{act}_{name}") for act in ("view", "change"))
    return actor.within_scope(f"view_{name}") and any(held)


def may_manage_people(actor: Actor, act: Literal["add", "change", "delete"], model: type[Model]) -> bool:
    """Tell whether the actor may make, change or delete users, or groups.

    It takes an administrator: whoever may make somebody one is as good as one of them.
    """
    return may_administer(actor) and actor.user.has_perm(f"auth.{act}_{model._meta.model_name}")


def may_enter_admin(actor: Actor) -> bool:
    """Tell whether the admin pages let the actor in; what they may do there is asked piece by piece."""
    return actor.user.is_active and actor.token is None and (actor.user.is_staff or sees_all(actor.user))


def may_see_in_admin(actor: Actor, model: type[Model]) -> bool:
    """Tell whether the admin pages show the actor rows of a model."""
    names = (f"{model._meta.app_label}.{act}_{model._meta.model_name}" for act in ("view", "change"))
    return may_enter_admin(actor) and any(actor.user.has_perm(name) for name in names)


def may_manage_tokens(actor: Actor) -> bool:
    """Tell whether the actor may make and revoke their own tokens. A narrow token makes none, not even a narrow one."""
    return actor.within_scope("add_apitoken")


def may_keep_views(actor: Actor) -> bool:
    """Tell whether the actor may keep views of the list of runs; they are seen by their owner alone."""
    return actor.within_scope("add_runview")


def run_views_of(actor: Actor) -> QuerySet[RunView]:
    """Views of the list of runs that the actor keeps."""
    return RunView.objects.filter(user=actor.user.pk)


def may_revoke(actor: Actor, token: ApiToken) -> bool:
    """Tell whether the actor may revoke a token."""
    return may_manage_tokens(actor) and (token.user_id == actor.user.pk or may_administer(actor))


def tokens_of(actor: Actor) -> ApiTokenQuerySet:
    """Tokens that the actor may list here: their own."""
    return ApiToken.objects.filter(user=actor.user.pk)


def may_manage_sessions(actor: Actor) -> bool:
    """Tell whether the actor may list and end their own sessions."""
    return actor.within_scope("delete_signedin")


def token_scopes(actor: Actor) -> tuple[str, ...]:
    """The scopes that the actor may give a token: those that reach further than the one before, for them."""
    needs = {"read": None, "run": "add_run", "edit": "change_tree", "admin": "manage_all_trees"}
    return tuple(scope for scope, codename in needs.items() if codename is None or actor.can(codename))
