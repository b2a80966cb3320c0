"""Programs and copies of trees, whose tasks have the same ids: tasks that are named together are of one tree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from apflow import TaskNotFoundError, TaskTreeNode, create_task
from orchestration.actions.keeping import copy_tree, delete_tree
from orchestration.actions.trees import save_definition, tree_spec
from orchestration.engine.definition import DependencySpec, TaskSpec
from orchestration.models import Dependency, Run, Task, Tree
from orchestration.store.queries import StoredQueries, StoredTask
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_user
from tests.sdk.test_turns import Program, program

__all__ = ["program"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


class Pair:
    """A tree of `a` and `b`, which depends on it, and a copy: `b` was changed last there, `a` in the original."""

    def __init__(self, program: Program) -> None:
        program.create(name="a", id="a", executor="echo")
        program.create(name="b", id="b", executor="echo", dependencies=[{"id": "a"}])
        self.original = Task.objects.get(uid="a").tree
        self.copy = copy_tree(self.original, make_user("ann"), "copy")
        change(self.original, "a")

    def tasks(self) -> tuple[str, str]:
        """Return the ids of the original's and of the copy's tasks."""
        return ids(self.original), ids(self.copy)


def ids(tree: Tree) -> str:
    """Return the ids of a tree's tasks in one text."""
    return "".join(tree.tasks.order_by("uid").values_list("uid", flat=True))


def change(tree: Tree, uid: str) -> None:
    """Change a task as the builder does."""
    spec = tree_spec(tree)
    tasks = tuple(replace(task, notes=task.notes + "!") if task.id == uid else task for task in spec.tasks)
    save_definition(tree, replace(spec, tasks=tasks))


def put(tree: Tree, uid: str) -> None:
    """Add a task as the builder does."""
    spec = tree_spec(tree)
    save_definition(tree, replace(spec, tasks=(*spec.tasks, TaskSpec(uid, uid, executor="echo"))))


def take_out(tree: Tree, uid: str) -> None:
    """Remove a task as the builder does."""
    spec = tree_spec(tree)
    save_definition(tree, replace(spec, tasks=tuple(task for task in spec.tasks if task.id != uid)))


def edges(tree: Tree) -> list[tuple[str, str]]:
    """Return a tree's edges."""
    found = Dependency.objects.filter(tree=tree).values_list("task__uid", "depends_on__uid")
    return sorted(found)


@pytest.fixture
def pair(program: Program) -> Pair:
    """A tree and its copy."""
    return Pair(program)


def stored(tree: Tree, uid: str) -> StoredTask:
    """Return a tree's task as programs see it."""
    return next(task for task in StoredQueries().tasks_of_tree(str(tree.pk)) if task.id == uid)


def test_an_update_stays_in_the_tree_of_its_task(program: Program, pair: Pair) -> None:
    assert program.update("b", priority=0).tree_id == str(pair.copy.pk)
    assert pair.tasks() == ("ab", "ab")
    assert edges(pair.original) == edges(pair.copy) == [("b", "a")]
    assert pair.original.tasks.get(uid="b").priority == 2


def test_an_update_takes_what_is_named_from_the_tree_of_its_task(program: Program, pair: Pair) -> None:
    change(pair.original, "b")
    change(pair.copy, "a")
    assert program.update("b", dependencies=[], parent_id="a").tree_id == str(pair.original.pk)
    assert pair.tasks() == ("ab", "ab")
    assert (edges(pair.original), edges(pair.copy)) == ([], [("b", "a")])


@pytest.mark.parametrize("fields", [{"dependencies": ["x"]}, {"dependencies": [], "parent_id": "x"}])
def test_an_update_means_the_tree_that_has_all_it_names(program: Program, pair: Pair, fields: dict[str, Any]) -> None:
    put(pair.copy, "x")
    change(pair.original, "b")
    assert program.update("b", **fields).tree_id == str(pair.copy.pk)
    assert pair.tasks() == ("ab", "abx")


def test_what_an_update_answers_is_what_it_changed(program: Program, pair: Pair) -> None:
    put(pair.copy, "x")
    Task.objects.filter(tree=pair.original, uid="b").update(updated_at="2999-01-01T00:00:00Z")
    changed = program.update("b", dependencies=["x"])
    assert (changed.tree_id, [edge["id"] for edge in changed.dependencies]) == (str(pair.copy.pk), ["x"])


def test_an_update_that_waited_for_a_copy_changes_one_tree(program: Program, pair: Pair) -> None:
    def make_copy() -> None:
        copy_tree(pair.copy, make_user("eve"), "copy of the copy")

    done = act_after_waiting(pair.copy, make_copy, lambda: program.update("b", priority=0))
    assert done.tree_id == str(Tree.objects.get(name="copy of the copy").pk)
    assert pair.tasks() == ("ab", "ab")


@pytest.mark.parametrize(
    ("fields", "joined"),
    [
        ({"dependencies": ["a", "b"]}, "original"),
        ({"dependencies": ["b", "a"]}, "copy"),
        ({"dependencies": ["b"], "parent_id": "a"}, "copy"),
        ({"parent_id": "a"}, "original"),
    ],
)
def test_a_task_joins_the_tree_of_what_it_names_first(
    program: Program, pair: Pair, fields: dict[str, Any], joined: str
) -> None:
    made = program.create(name="c", id="c", executor="echo", **fields)
    assert made.tree_id == str(getattr(pair, joined).pk)
    assert pair.tasks() == (("abc", "ab") if joined == "original" else ("ab", "abc"))


def test_a_task_joins_the_tree_that_has_all_it_names(program: Program, pair: Pair) -> None:
    put(pair.copy, "x")
    change(pair.original, "a")
    program.create(name="c", id="c", executor="echo", dependencies=["a", "x"])
    assert pair.tasks() == ("ab", "abcx")


def test_a_task_with_a_stored_ones_id_takes_its_place_in_the_tree_that_has_all_it_names(
    program: Program, pair: Pair
) -> None:
    put(pair.copy, "x")
    change(pair.original, "b")
    made = program.create(name="new", id="b", executor="echo", dependencies=["x"])
    assert (made.name, made.tree_id) == ("new", str(pair.copy.pk))
    assert pair.tasks() == ("ab", "abx")


def test_what_moves_together_comes_from_one_tree(program: Program, pair: Pair) -> None:
    other = program.create(name="y", id="y", executor="echo")
    program.create(name="c", id="c", executor="echo", dependencies=["y", "a", "b"])
    tree = Tree.objects.get(pk=other.tree_id)
    assert ids(tree) == "abcy" and ("b", "a") in edges(tree)
    assert ids(pair.copy) == "ab" and edges(pair.copy) == [("b", "a")]
    assert not Tree.objects.filter(pk=pair.original.pk).exists()


def test_what_a_moved_task_depends_on_comes_from_its_own_tree(program: Program, pair: Pair) -> None:
    root = TaskTreeNode(program.create(name="y", id="y", executor="echo"))
    root.add_child(TaskTreeNode(stored(pair.copy, "b")))
    program.run(root)
    assert ids(Tree.objects.get(pk=root.task.tree_id)) == "aby"
    assert ids(pair.original) == "ab" and edges(pair.original) == [("b", "a")]


def test_a_run_stays_in_the_tree_of_its_task(program: Program, pair: Pair) -> None:
    node = program.run(program.read_tree("b"))
    assert (node.task.status, node.task.tree_id) == ("completed", str(pair.copy.pk))
    assert Run.objects.get().tree == pair.copy
    assert pair.tasks() == ("ab", "ab")
    assert edges(pair.original) == edges(pair.copy) == [("b", "a")]


@pytest.mark.parametrize("changed", ["ab", "ba"])
def test_a_task_that_was_read_runs_where_it_was_read(program: Program, pair: Pair, changed: str) -> None:
    root = TaskTreeNode(stored(pair.original, "a"))
    root.add_child(TaskTreeNode(stored(pair.original, "b")))
    for uid in changed:
        change(pair.copy, uid)
    program.run(root)
    assert Run.objects.get().tree == pair.original
    assert pair.tasks() == ("ab", "ab")


def test_a_tree_that_runs_uses_its_own_task_of_an_id(program: Program, pair: Pair) -> None:
    root = TaskTreeNode(stored(pair.original, "a"))
    root.add_child(TaskTreeNode(stored(pair.copy, "b")))
    program.run(root)
    assert [node.task.tree_id for node in root] == [str(pair.original.pk)] * 2
    assert pair.tasks() == ("ab", "ab")


def test_new_tasks_join_the_tree_of_those_that_were_read(program: Program, pair: Pair) -> None:
    change(pair.copy, "a")
    root = TaskTreeNode(create_task(name="a", id="a", executor="echo"))
    root.add_child(TaskTreeNode(stored(pair.original, "b")))
    root.add_child(TaskTreeNode(create_task(name="c", id="c", executor="echo", dependencies=[{"id": "a"}])))
    program.run(root)
    assert pair.tasks() == ("abc", "ab")


@pytest.mark.parametrize("whole", [True, False])
def test_a_deleted_task_does_not_run_as_its_copy(program: Program, pair: Pair, whole: bool) -> None:
    root = TaskTreeNode(stored(pair.original, "b"))
    root.add_child(TaskTreeNode(stored(pair.original, "a")))
    if whole:
        delete_tree(pair.original)
    else:
        take_out(pair.original, "b")
    with pytest.raises(TaskNotFoundError, match="no task 'b'"):
        program.run(root)
    assert ids(pair.copy) == "ab" and not Run.objects.exists()


def test_a_task_that_moved_is_told_from_its_copy(program: Program) -> None:
    program.create(name="y", id="y", executor="echo")
    b = program.create(name="b", id="b", executor="echo")
    made = program.create(name="c", id="c", executor="echo", dependencies=["y", "b"])
    tree = Tree.objects.get(pk=made.tree_id)
    copy = copy_tree(tree, make_user("ann"), "copy")
    assert program.run(TaskTreeNode(b)).task.tree_id == str(tree.pk)
    assert (ids(tree), ids(copy)) == ("bcy", "bcy")


def test_a_list_has_every_trees_task(program: Program, pair: Pair) -> None:
    listed = [(task.tree_id, task.id) for task in program.tasks()]
    trees = [str(pair.copy.pk)] * 2 + [str(pair.original.pk)] * 2
    assert listed == list(zip(trees, "baba", strict=True))


def test_a_chain_keeps_its_edges_when_its_ends_were_changed_in_different_trees(program: Program, pair: Pair) -> None:
    spec = tree_spec(pair.original)
    after = TaskSpec("z", "z", executor="echo", dependencies=(DependencySpec("b"),))
    save_definition(pair.original, replace(spec, tasks=(*spec.tasks, after)))
    copy = copy_tree(pair.original, make_user("eve"), "second")
    change(pair.original, "b")
    program.update("z", priority=0)
    assert (ids(pair.original), ids(pair.copy), ids(copy)) == ("abz", "ab", "abz")
    assert edges(copy) == edges(pair.original) == [("b", "a"), ("z", "b")]


def test_of_tasks_that_were_changed_at_once_reads_and_updates_mean_the_same(program: Program, pair: Pair) -> None:
    Dependency.objects.all().delete()
    # The copy's row comes after the original's where it is stored, and before it by its key.
    Task.objects.filter(tree=pair.copy, uid="b").update(id=-1)
    Task.objects.filter(uid="b").update(updated_at="2999-01-01T00:00:00Z")
    assert program.read("b").tree_id == program.update("b", priority=0).tree_id == str(pair.original.pk)
