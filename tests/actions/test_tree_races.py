"""Trees that are saved or deleted while others start their runs: nobody gets a half of each, and nobody hangs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.deletions import delete_runs
from orchestration.actions.firing import fire_due
from orchestration.actions.incoming_webhooks import create_incoming
from orchestration.actions.keeping import copy_tree, delete_tree, lock_for_deletion
from orchestration.actions.partial_runs import Only, start_part
from orchestration.actions.reruns import rerun
from orchestration.actions.runs import RunRequest, start_run
from orchestration.actions.schedules import create_schedule, run_schedule_now
from orchestration.actions.trees import (
    MAX_READS,
    TreeGoneError,
    create_tree,
    export_tree,
    lock_tree,
    save_definition,
    tree_spec,
)
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError
from orchestration.engine.partial import Mode
from orchestration.engine.rerun import Scope, Wish
from orchestration.models import Backfill, Run, Schedule, ScheduleFire, Tree
from tests.between_statements import once_before
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db(transaction=True)

EDGES = "orchestration_dependency"


def definition(number: int) -> TreeSpec:
    """A definition of two tasks whose every part tells its version; the second waits for the first in odd ones."""
    edges = (DependencySpec("a"),) if number % 2 else ()
    return TreeSpec(
        f"Tree {number}", (TaskSpec("a", f"a{number}", "echo"), TaskSpec("b", f"b{number}", "echo", dependencies=edges))
    )


@pytest.fixture
def owner() -> User:
    user = make_user("olga")
    user.groups.add(Group.objects.get(name="editor"))
    return user


@pytest.fixture
def tree(owner: User) -> Tree:
    return create_tree(definition(1), user=owner)


def hourly(tree: Tree, owner: User) -> Schedule:
    return create_schedule(tree, {"name": "Hourly", "kind": "interval", "expression": "3600"}, user=owner)


def backfill(tree: Tree, owner: User) -> Backfill:
    now = timezone.now()
    times = {"since": now, "until": now, "created_at": now}
    return Backfill.objects.create(schedule=hourly(tree, owner), asked_by=owner, count=1, at_once=1, **times)


def webhook(tree: Tree, owner: User) -> Model:
    return create_incoming({"name": "Orders", "tree": tree, "responsible": owner}, user=owner).webhook


def elsewhere(act: Callable[[], Any]) -> Any:
    """Do something in another session, which must not have to wait for this one."""

    def session() -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(session).result()


# --- deleted --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hourly, backfill, webhook])
def test_a_deletion_waits_for_what_starts_a_run(tree: Tree, owner: User, make: Callable[[Tree, User], Model]) -> None:
    starter = make(tree, owner)
    act_after_waiting(starter, lambda: start_run(tree), lambda: delete_tree(tree, owner))
    assert not Tree.objects.exists() and not type(starter)._default_manager.exists()
    assert (Run.objects.get().tree, Run.objects.get().tree_name) == (None, "Tree 1")


def test_a_deletion_waits_for_a_deletion_of_runs(tree: Tree, owner: User) -> None:
    run, now = start_run(tree), timezone.now()
    ScheduleFire.objects.create(schedule=hourly(tree, owner), due_at=now, at=now, outcome="started", run=run)
    Run.objects.update(status="completed", started_at=now, finished_at=now)
    act_after_waiting(run, lambda: delete_runs(Run.objects.all(), owner), lambda: delete_tree(tree, owner))
    assert not Tree.objects.exists() and not Run.objects.exists()


def test_what_is_due_is_left_alone_while_its_tree_is_being_deleted(tree: Tree, owner: User) -> None:
    schedule = hourly(tree, owner)
    now = timezone.now()
    Schedule.objects.update(next_fire_at=now, next_due_at=now)
    with transaction.atomic():
        lock_for_deletion([tree.pk])
        elsewhere(fire_due)
        delete_tree(tree, owner)
    fire_due()
    assert not Run.objects.exists() and not Schedule.objects.filter(pk=schedule.pk).exists()


def test_a_start_that_waited_for_a_deletion_is_refused(tree: Tree, owner: User) -> None:
    with pytest.raises(TreeGoneError) as error:
        act_after_waiting(tree, lambda: delete_tree(tree, owner), lambda: start_run(tree))
    assert isinstance(error.value, Tree.DoesNotExist) and isinstance(error.value, InvalidDefinitionError)
    assert str(error.value) == "$.tree: was deleted in the meantime"
    assert not Run.objects.exists()


def test_a_schedule_that_is_run_by_hand_may_be_gone_with_its_tree(tree: Tree, owner: User) -> None:
    schedule = hourly(tree, owner)
    with pytest.raises(Schedule.DoesNotExist):
        act_after_waiting(schedule, lambda: delete_tree(tree, owner), lambda: run_schedule_now(schedule, user=owner))
    assert not Run.objects.exists()


def test_a_start_does_not_wait_for_a_save(tree: Tree) -> None:
    with transaction.atomic():
        lock_tree(tree)
        run = elsewhere(lambda: start_run(tree))
    assert run.tree_version == 1


# --- saved ----------------------------------------------------------------------------------------------------------


def start_all(tree: Tree) -> Run:
    return start_run(tree)


def start_some(tree: Tree) -> Run:
    return start_part(tree, Only(Mode.UP_TO, "b", Run.objects.all()), RunRequest())


def save_meanwhile(tree: Tree) -> None:
    now = Tree.objects.get(pk=tree.pk)
    save_definition(now, definition(now.version + 1))


@pytest.mark.parametrize("start", [start_all, start_some])
def test_a_run_is_of_one_version(tree: Tree, start: Callable[[Tree], Run]) -> None:
    with once_before(EDGES, lambda: save_meanwhile(tree)):
        run = start(tree)
    assert_of_second(run)


def test_a_run_again_is_of_one_version(tree: Tree) -> None:
    run, now = start_run(tree), timezone.now()
    ended = {"status": "completed", "started_at": now, "finished_at": now}
    Run.objects.update(**ended)
    run.task_runs.update(**ended)
    run = Run.objects.select_related("tree").get(pk=run.pk)
    with once_before(EDGES, lambda: save_meanwhile(tree)):
        assert_of_second(rerun(run, Wish(Scope.ALL), latest=True))


def assert_of_second(run: Run) -> None:
    task = run.task_runs.get(task_uid="b")
    assert (run.tree_version, run.tree_name, task.name, task.dependencies) == (2, "Tree 2", "b2", [])


def test_a_copy_and_an_export_are_of_one_version(tree: Tree, owner: User) -> None:
    with once_before(EDGES, lambda: save_meanwhile(tree)):
        copy = copy_tree(tree, owner, "Tree 2")
    assert tree_spec(copy) == definition(2)
    with once_before(EDGES, lambda: save_meanwhile(tree)):
        exported = export_tree(tree)
    assert exported == definition(3).as_json()


def test_a_tree_that_never_rests_is_given_up(tree: Tree) -> None:
    with once_before(EDGES, lambda: save_meanwhile(tree), times=MAX_READS - 1):
        assert start_run(tree).tree_version == MAX_READS
    with (
        pytest.raises(NotPossibleError, match="again and again"),
        once_before(EDGES, lambda: save_meanwhile(tree), times=MAX_READS),
    ):
        start_run(tree)
    assert Run.objects.count() == 1


def test_a_tree_that_goes_while_it_is_read_is_gone(tree: Tree) -> None:
    with pytest.raises(TreeGoneError), once_before(EDGES, lambda: delete_tree(tree)):
        start_run(tree)
    assert not Run.objects.exists()
