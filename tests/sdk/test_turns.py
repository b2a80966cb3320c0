"""Programs that change the same trees at once: each waits for its turn, and changes what is there then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection

from apflow import InvalidDefinitionError, TaskNotFoundError, TaskTreeNode, register_task_tree_hook
from orchestration.actions.keeping import delete_tree
from orchestration.actions.runs import start_run
from orchestration.actions.sdk.repository import TaskInUseError
from orchestration.actions.trees import save_definition, tree_spec
from orchestration.engine.definition import DependencySpec, TaskSpec
from orchestration.engine.errors import VersionConflictError
from orchestration.models import Dependency, Run, Task, Tree
from tests.lock_race import act_after_waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


class Program:
    """What programs do with stored tasks, for threads that have no event loop."""

    def __init__(self, manager: Any) -> None:
        repository = manager.task_repository
        self.create: Callable[..., Any] = async_to_sync(repository.create_task)
        self.read: Callable[..., Any] = async_to_sync(repository.get_task_by_id)
        self.read_tree: Callable[..., Any] = async_to_sync(repository.get_task_tree)
        self.tasks: Callable[..., Any] = async_to_sync(repository.list_tasks)
        self.update: Callable[..., Any] = async_to_sync(repository.update_task)
        self.delete: Callable[..., Any] = async_to_sync(repository.delete_task)
        self.run: Callable[..., Any] = async_to_sync(manager.distribute_task_tree)


@pytest.fixture
def program(manager: Any) -> Program:
    """A program that uses this installation's tasks."""
    return Program(manager)


def tree_of(task: Any) -> Tree:
    """Return the tree that a task is in now."""
    return Task.objects.get(uid=task.id).tree


def save(task: Any, *more: TaskSpec, **fields: Any) -> None:
    """Save a task's tree as the builder does, with that task changed and `more` added."""
    tree = tree_of(task)
    spec = tree_spec(tree)
    tasks = tuple(replace(old, **fields) if old.id == task.id else old for old in spec.tasks)
    save_definition(tree, replace(spec, tasks=(*tasks, *more)))


def remove(task: Any) -> None:
    """Save a task's tree as the builder does, without that task and with nothing that waits for it."""
    tree = tree_of(task)
    spec = tree_spec(tree)
    left = tuple(replace(other, dependencies=()) for other in spec.tasks if other.id != task.id)
    save_definition(tree, replace(spec, tasks=left))


def test_two_updates_of_one_task_are_both_kept(program: Program) -> None:
    task = program.create(name="a", executor="echo")

    def change() -> None:
        program.update(task.id, priority=0)

    done = act_after_waiting(tree_of(task), change, lambda: program.update(task.id, inputs={"x": 1}))
    assert (done.priority, done.inputs) == (0, {"x": 1})


def test_an_update_keeps_what_the_builder_saved(program: Program) -> None:
    task = program.create(name="a", executor="echo")

    def change() -> None:
        save(task, TaskSpec("b", "b", executor="echo"), notes="ask Ann", dependencies=(DependencySpec("b"),))

    done = act_after_waiting(tree_of(task), change, lambda: program.update(task.id, priority=0))
    assert (done.priority, done.dependencies) == (0, [{"id": "b", "required": True}])
    assert Task.objects.get(uid=task.id).notes == "ask Ann"


def test_an_update_does_not_bring_a_task_back(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    program.create(name="b", executor="echo", dependencies=[{"id": task.id}])
    with pytest.raises(TaskNotFoundError):
        act_after_waiting(tree_of(task), lambda: remove(task), lambda: program.update(task.id, priority=0))
    assert list(Task.objects.values_list("name", flat=True)) == ["b"]


def test_an_update_goes_where_the_task_went(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    program.create(name="stays", executor="echo", dependencies=[{"id": task.id}])
    other = program.create(name="other", executor="echo", id="0")

    def change() -> None:
        program.create(name="new", executor="echo", id="1", dependencies=[{"id": other.id}, {"id": task.id}])

    done = act_after_waiting(tree_of(task), change, lambda: program.update(task.id, priority=0))
    assert (done.tree_id, done.priority) == (other.tree_id, 0)
    assert Task.objects.filter(uid=task.id).count() == 1


def test_a_run_leaves_what_was_saved_meanwhile(program: Program) -> None:
    task = program.create(name="a", executor="echo", inputs={"x": 1})
    node = act_after_waiting(
        tree_of(task), lambda: save(task, inputs={"x": 2}), lambda: program.run(TaskTreeNode(task))
    )
    assert Task.objects.get(uid=task.id).inputs == {"x": 2}
    assert node.task.result["result"] == {"x": 2}


def test_a_run_does_not_bring_a_task_back(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    program.create(name="b", executor="echo", dependencies=[{"id": task.id}])
    with pytest.raises(TaskNotFoundError):
        act_after_waiting(tree_of(task), lambda: remove(task), lambda: program.run(TaskTreeNode(task)))
    assert list(Task.objects.values_list("name", flat=True)) == ["b"]
    assert not Run.objects.exists()


def test_a_run_whose_tree_is_deleted_before_it_starts_names_the_task(program: Program) -> None:
    task = program.create(name="a", executor="echo")

    @register_task_tree_hook("on_tree_created")
    def created(root: Any) -> None:
        delete_tree(Tree.objects.get())
        connection.close()

    with pytest.raises(TaskNotFoundError, match=f"Task 'a' \\({task.id}\\) was deleted or moved"):
        program.run(TaskTreeNode(task))
    assert not Run.objects.exists()


@pytest.mark.parametrize("moves", [True, False])
def test_a_run_whose_task_leaves_its_tree_before_it_starts_names_the_task(program: Program, moves: bool) -> None:
    root = TaskTreeNode(program.create(name="a", executor="echo"))
    leaf = program.create(name="b", executor="echo", dependencies=[{"id": root.task.id}])
    root.add_child(TaskTreeNode(leaf))
    other = program.create(name="other", executor="echo")

    @register_task_tree_hook("on_tree_created")
    def created(node: Any) -> None:
        if moves:
            program.create(name="c", executor="echo", dependencies=[{"id": other.id}, {"id": leaf.id}])
        else:
            remove(leaf)
        connection.close()

    with pytest.raises(TaskNotFoundError, match=f"Task 'b' \\({leaf.id}\\) was deleted or moved"):
        program.run(root)
    assert not Run.objects.exists()


def test_a_tree_is_read_where_its_task_went(program: Program, manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task = program.create(name="a", executor="echo", id="1")
    program.create(name="stays", executor="echo", dependencies=[{"id": task.id}])
    other = program.create(name="other", executor="echo", id="0")
    read = manager.session.queries.tasks_of_tree

    def read_after_a_move(tree_id: str) -> Any:
        monkeypatch.undo()
        fields = {"executor": "echo", "dependencies": [{"id": other.id}, {"id": task.id}]}
        async_to_sync(manager.task_repository.create_task)(name="new", **fields)
        return read(tree_id)

    monkeypatch.setattr(manager.session.queries, "tasks_of_tree", read_after_a_move)
    assert program.read_tree(task.id).task.tree_id == other.tree_id


def test_a_task_with_the_id_of_one_that_came_meanwhile_takes_its_place(program: Program) -> None:
    first = program.create(name="a", executor="echo")

    def create(name: str) -> Any:
        return program.create(name=name, id="b", executor="echo", dependencies=[{"id": first.id}])

    assert act_after_waiting(tree_of(first), lambda: create("b"), lambda: create("c")).name == "c"
    assert list(Task.objects.order_by("ordinal").values_list("name", flat=True)) == ["a", "c"]


def test_a_task_that_is_saved_meanwhile_is_deleted_all_the_same(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    program.create(name="b", executor="echo", dependencies=[{"id": task.id}])
    leaf = program.create(name="c", executor="echo", dependencies=[{"id": task.id}])
    assert act_after_waiting(tree_of(task), lambda: save(leaf, priority=0), lambda: program.delete(leaf.id)) is True
    assert set(Task.objects.values_list("name", flat=True)) == {"a", "b"}


def test_a_task_that_is_deleted_meanwhile_is_not_there(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    program.create(name="b", executor="echo", dependencies=[{"id": task.id}])
    assert act_after_waiting(tree_of(task), lambda: remove(task), lambda: program.delete(task.id)) is False


def test_a_task_that_others_need_by_now_is_not_deleted(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    after = TaskSpec("b", "b", executor="echo", dependencies=(DependencySpec(task.id),))
    with pytest.raises(TaskInUseError, match="depend on it"):
        act_after_waiting(tree_of(task), lambda: save(task, after), lambda: program.delete(task.id))
    assert Dependency.objects.filter(depends_on__uid=task.id).exists()


def test_a_task_that_runs_by_now_is_not_deleted(program: Program) -> None:
    task = program.create(name="a", executor="echo")
    tree = tree_of(task)
    with pytest.raises(TaskInUseError, match="going on"):
        act_after_waiting(tree, lambda: start_run(tree), lambda: program.delete(task.id))
    assert Task.objects.filter(uid=task.id).exists()


def test_a_task_moves_as_it_was_saved_in_its_tree(program: Program) -> None:
    first = program.create(name="a", executor="echo", id="0")
    moves = program.create(name="b", executor="echo", id="1")
    program.create(name="stays", executor="echo", dependencies=[{"id": moves.id}])

    def create() -> Any:
        return program.create(name="c", executor="echo", dependencies=[{"id": first.id}, {"id": moves.id}])

    made = act_after_waiting(tree_of(moves), lambda: save(moves, priority=0), create)
    moved = program.read(moves.id)
    assert (moved.tree_id, moved.priority) == (made.tree_id, 0) and made.tree_id == first.tree_id


def test_a_task_is_not_moved_from_a_tree_that_it_has_left_for_good(program: Program) -> None:
    first = program.create(name="a", executor="echo", id="0")
    moves = program.create(name="b", executor="echo", id="1")
    program.create(name="stays", executor="echo", dependencies=[{"id": moves.id}])

    def create() -> Any:
        return program.create(name="c", executor="echo", dependencies=[{"id": first.id}, {"id": moves.id}])

    with pytest.raises(InvalidDefinitionError, match="no task with the id '1'"):
        act_after_waiting(tree_of(moves), lambda: remove(moves), create)
    assert set(Task.objects.values_list("name", flat=True)) == {"a", "stays"}


def test_a_tree_that_a_task_has_left_is_at_a_new_version(program: Program) -> None:
    first = program.create(name="a", executor="echo", id="0")
    moves = program.create(name="b", executor="echo", id="1")
    stays = program.create(name="stays", executor="echo", dependencies=[{"id": moves.id}])
    tree = tree_of(stays)
    seen = tree_spec(tree)
    program.create(name="c", executor="echo", dependencies=[{"id": first.id}, {"id": moves.id}])
    with pytest.raises(VersionConflictError):
        save_definition(tree, seen, expected_version=tree.version)
    version = tree.versions.latest("number")
    assert [task["name"] for task in version.definition["tasks"]] == ["stays"]
