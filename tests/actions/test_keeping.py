"""Copying, restoring, archiving, deleting, sharing and giving away trees; deleting runs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from orchestration.actions.deletions import Deleted, delete_runs
from orchestration.actions.keeping import (
    VersionNotFoundError,
    archive_tree,
    copy_tree,
    delete_tree,
    give_tree,
    restore_version,
    share_tree,
)
from orchestration.actions.trees import create_tree, export_tree, save_definition, tree_spec
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, VersionConflictError
from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun, Tree
from tests.pages.scene import make_run, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("ann")


@pytest.fixture
def tree(ann: User) -> Tree:
    tasks = (TaskSpec("a", "Fetch", "echo"), TaskSpec("b", "Load", "echo", dependencies=(DependencySpec("a"),)))
    return create_tree(TreeSpec("Nightly", tasks, tags=("etl",)), user=ann)


def test_a_save_names_the_version_that_it_starts_from(tree: Tree, ann: User) -> None:
    mine, theirs = Tree.objects.get(pk=tree.pk), Tree.objects.get(pk=tree.pk)
    spec = TreeSpec("Renamed", tree_spec(tree).tasks)
    assert save_definition(mine, spec, user=ann, expected_version=1).number == 2
    with pytest.raises(VersionConflictError) as error:
        save_definition(theirs, TreeSpec("Lost", ()), user=ann, expected_version=1)
    assert (error.value.current, error.value.expected) == (2, 1)
    tree.refresh_from_db()
    assert (tree.name, tree.version, tree.tasks.count(), tree.versions.count()) == ("Renamed", 2, 2, 2)
    # Without an expected version the last one wins.
    assert save_definition(theirs, TreeSpec("Last", spec.tasks)).number == 3


def test_a_copy_belongs_to_who_makes_it(tree: Tree) -> None:
    ben = make_user("ben")
    copy = copy_tree(tree, ben, "Mine")
    assert (copy.name, copy.owner, copy.version, copy.visibility) == ("Mine", ben, 1, "everyone")
    original, copied = export_tree(tree), export_tree(copy)
    assert copied["tasks"] == original["tasks"]
    origins = copy.tasks.order_by("ordinal").values_list("uid", "origin", "source_uid")
    assert list(origins) == [("a", "copy", "a"), ("b", "copy", "b")]


@pytest.mark.parametrize("visibility", ["private", "groups"])
def test_a_copy_of_what_not_everyone_sees_is_private(tree: Tree, ann: User, visibility: str) -> None:
    share_tree(tree, visibility, [Group.objects.get(name="viewer")] if visibility == "groups" else [], ann)
    copy = copy_tree(tree, make_user("ben"), "Mine")
    assert Tree.objects.get(pk=copy.pk).visibility == "private"


def test_an_earlier_version_comes_back_as_a_new_one(tree: Tree, ann: User) -> None:
    save_definition(tree, TreeSpec("Other", (TaskSpec("c", "Only", "echo"),)), user=ann)
    version = restore_version(tree, 1, ann, expected_version=2)
    assert (version.number, version.message, tree.name) == (3, "Version 1 restored", "Nightly")
    assert [task.id for task in tree_spec(tree).tasks] == ["a", "b"]
    with pytest.raises(VersionNotFoundError, match="no version 9"):
        restore_version(tree, 9, ann)
    with pytest.raises(VersionConflictError):
        restore_version(tree, 1, ann, expected_version=2)


def test_into_the_archive_and_out_of_it(tree: Tree, ann: User) -> None:
    archive_tree(tree, ann)
    first = Tree.objects.get(pk=tree.pk).archived_at
    assert first is not None
    archive_tree(tree, ann)
    assert Tree.objects.get(pk=tree.pk).archived_at == first
    archive_tree(tree, ann, archived=False)
    assert Tree.objects.get(pk=tree.pk).archived_at is None


def test_a_deleted_tree_leaves_its_runs(tree: Tree, ann: User) -> None:
    live, ended = make_run(tree, Status.IN_PROGRESS, tasks=2), make_run(tree, tasks=2)
    delete_tree(tree, ann, "not needed")
    assert not Tree.objects.exists()
    assert {run.pk: (run.tree, run.tree_name) for run in Run.objects.all()} == {
        live.pk: (None, "Nightly"),
        ended.pk: (None, "Nightly"),
    }
    assert TaskRun.objects.count() == 4


def test_sharing_with_groups_names_some(tree: Tree, ann: User) -> None:
    viewers = Group.objects.get(name="viewer")
    share_tree(tree, "groups", [viewers], ann)
    assert (tree.visibility, list(tree.shared_with.all())) == ("groups", [viewers])
    for visibility in ("groups", "nobody"):
        with pytest.raises(InvalidDefinitionError):
            share_tree(tree, visibility, [], ann)
    tree.refresh_from_db()
    assert tree.visibility == "groups"
    share_tree(tree, "private", [], ann)
    assert list(tree.shared_with.all()) == []


def test_a_tree_is_given_to_who_can_sign_in(tree: Tree, ann: User) -> None:
    ben = make_user("ben")
    give_tree(tree, ben, ann)
    assert Tree.objects.get(pk=tree.pk).owner == ben
    with pytest.raises(InvalidDefinitionError, match="deactivated"):
        give_tree(tree, make_user("gone", is_active=False), ann)
    assert Tree.objects.get(pk=tree.pk).owner == ben


def test_only_runs_that_have_ended_are_deleted(tree: Tree, ann: User) -> None:
    ended = [make_run(tree, status, tasks=2) for status in ("completed", "failed", "cancelled")]
    live = [make_run(tree, status, tasks=2) for status in ("pending", "in_progress")]
    other = make_run(tree, tasks=1)
    chosen = Run.objects.filter(pk__in=[run.pk for run in (*ended, *live)])
    assert delete_runs(chosen, ann) == Deleted(deleted=3, active=2)
    assert set(Run.objects.values_list("pk", flat=True)) == {live[0].pk, live[1].pk, other.pk}
    assert TaskRun.objects.count() == 5
    assert delete_runs(chosen, ann) == Deleted(deleted=0, active=2)


def test_many_runs_are_deleted_in_batches(tree: Tree, ann: User) -> None:
    for _ in range(120):
        make_run(tree)
    assert delete_runs(Run.objects.all(), ann) == Deleted(deleted=120, active=0)


def test_what_took_results_over_from_a_deleted_run_keeps_them(tree: Tree, ann: User) -> None:
    first = make_run(tree, tasks=1)
    second = make_run(tree, tasks=1, parent_run=first)
    TaskRun.objects.filter(run=second).update(reused_from=first.task_runs.get(), result={"n": 1})
    delete_runs(Run.objects.filter(pk=first.pk), ann)
    row = TaskRun.objects.get()
    assert (row.run_id, row.result, row.reused_from) == (second.pk, {"n": 1}, None)
