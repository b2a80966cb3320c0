"""What hooks and programs read of their own run, whatever becomes of its tree, of a copy and of later runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import connection

from apflow import TaskNotFoundError, TaskTreeNode, create_task, get_hook_repository, register_pre_hook
from orchestration.actions.keeping import delete_tree
from orchestration.actions.runs import start_run
from orchestration.models import Run, Task, Tree
from orchestration.store import queries
from orchestration.store.queries import StoredQueries, StoredTask
from tests.sdk.test_copies import Pair, change, ids, pair, stored
from tests.sdk.test_turns import Program, program

__all__ = ["pair", "program"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def during(act: Callable[[], object]) -> None:
    """Do something once while the task `a` runs."""

    @register_pre_hook
    def hook(task: Any) -> None:
        if task.id == "a":
            act()
            connection.close()


def asked(ask: Callable[[Any, Any], Awaitable[Any]]) -> list[Any]:
    """Return the list that gets what a hook of `a` is answered when it asks the repository."""
    answers: list[Any] = []

    @register_pre_hook
    async def hook(task: Any) -> None:
        if task.id == "a":
            answers.append(await ask(get_hook_repository(), task))

    return answers


def nodes_of(tree: Tree, uids: str = "ab") -> TaskTreeNode:
    """Return a tree's tasks for a run of them, the later ones under the first."""
    root, *others = (TaskTreeNode(stored(tree, uid)) for uid in uids)
    for other in others:
        root.add_child(other)
    return root


def keys(tasks: list[StoredTask]) -> list[tuple[str, str | None, str]]:
    """Return of which tree, run and id tasks are."""
    return [(task.tree_id, task.run_id, task.id) for task in tasks]


@pytest.fixture
def later(pair: Pair) -> Pair:
    """A tree and its copy, whose tasks are changed last, in a run of the original."""

    def change_both() -> None:
        for uid in "ab":
            change(pair.copy, uid)

    during(change_both)
    return pair


def test_a_hook_reads_the_tasks_of_its_run(program: Program, later: Pair) -> None:
    answers = asked(lambda repository, task: repository.get_task_by_id(task.id))
    others = asked(lambda repository, task: repository.get_task_by_id("b"))
    program.run(nodes_of(later.original))
    run = str(Run.objects.get().pk)
    assert keys(answers + others) == [(str(later.original.pk), run, "a"), (str(later.original.pk), run, "b")]
    assert [task.status for task in answers + others] == ["in_progress", "pending"]


@pytest.mark.parametrize("uid", ["a", "b"])
def test_an_update_by_a_hook_answers_with_the_task_that_it_changed(program: Program, later: Pair, uid: str) -> None:
    answers = asked(lambda repository, task: repository.update_task(uid, priority=0))
    program.run(nodes_of(later.original))
    assert keys(answers) == [(str(later.original.pk), str(Run.objects.get().pk), uid)]
    assert answers[0].priority == 0


def test_a_hook_reads_a_task_of_its_tree_that_is_not_in_its_run(program: Program, later: Pair) -> None:
    answers = asked(lambda repository, task: repository.get_task_by_id("b"))
    program.run(nodes_of(later.original, "a"))
    assert keys(answers) == [(str(later.original.pk), None, "b")]


def test_a_hook_reads_a_task_that_only_another_tree_has(program: Program, pair: Pair) -> None:
    other = program.create(name="c", id="c", executor="echo")
    answers = asked(lambda repository, task: repository.get_task_by_id("c"))
    nothing = asked(lambda repository, task: repository.get_task_by_id("nothing"))
    program.run(nodes_of(pair.original))
    assert (keys(answers), nothing) == ([(other.tree_id, None, "c")], [None])


def test_a_hook_reads_its_run_and_not_a_later_one(program: Program, pair: Pair) -> None:
    during(lambda: start_run(pair.original))
    answers = asked(lambda repository, task: repository.get_task_by_id(task.id))
    program.run(nodes_of(pair.original))
    assert (answers[0].run_id, answers[0].status) == (str(Run.objects.earliest("queued_at").pk), "in_progress")


def test_a_hook_reads_the_tasks_of_its_run_whose_tree_is_gone(program: Program, later: Pair) -> None:
    during(lambda: delete_tree(later.original))
    answers = asked(lambda repository, task: repository.update_task("b", inputs={"x": 1}))
    program.run(nodes_of(later.original))
    (task,) = answers
    assert keys(answers) == [("", str(Run.objects.get().pk), "b")]
    assert (task.name, task.type, task.status, task.inputs) == ("b", "echo", "pending", {"x": 1})
    assert (task.dependencies, task.parent_id) == ([{"id": "a", "required": True}], None)


def test_a_task_whose_tree_is_gone_does_not_run_as_its_copy(program: Program, later: Pair) -> None:
    during(lambda: delete_tree(later.original))
    answers = asked(lambda repository, task: repository.get_task_by_id("b"))
    program.run(nodes_of(later.original))
    with pytest.raises(TaskNotFoundError, match="no task 'b'"):
        program.run(TaskTreeNode(answers[0]))


def test_a_hook_lists_the_tasks_of_its_run_first_and_each_task_once(
    program: Program, later: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    Task.objects.filter(tree=later.copy).update(priority=0)
    during(lambda: start_run(later.original))
    pending = asked(lambda repository, task: repository.get_tasks_by_status("pending"))
    program.run(nodes_of(later.original))
    own = (str(later.original.pk), str(Run.objects.earliest("queued_at").pk), "b")
    others = [(str(later.copy.pk), None, uid) for uid in "ab"]
    assert keys(pending[0]) == [own, *others]
    monkeypatch.setattr(queries, "MAX_TASKS_BY_STATUS", 2)
    assert keys(StoredQueries().tasks_by_status("pending")) == others


def test_a_hook_lists_no_more_tasks_than_a_list_may_have(
    program: Program, later: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_TASKS_BY_STATUS", 2)
    pending = asked(lambda repository, task: repository.get_tasks_by_status("pending"))
    program.run(nodes_of(later.original))
    run = str(Run.objects.get().pk)
    assert keys(pending[0]) == [(str(later.original.pk), run, "b"), (str(later.copy.pk), None, "a")]


@pytest.mark.parametrize("drafts", [True, False])
def test_a_tree_that_is_deleted_during_its_run_says_what_happened(program: Program, pair: Pair, drafts: bool) -> None:
    root = nodes_of(pair.original)
    if drafts:
        delete_tree(pair.original)
        delete_tree(pair.copy)
        root = TaskTreeNode(create_task(name="a", id="a", executor="echo", user_id="ann"))
        root.add_child(TaskTreeNode(create_task(name="b", id="b", executor="echo", dependencies=["a"])))
    root.add_child(TaskTreeNode(create_task(name="c", id="c", executor="fail", dependencies=["b"])))
    during(lambda: delete_tree(Tree.objects.exclude(pk=pair.copy.pk).get()))
    tasks = program.run(root).to_list()
    assert [task.status for task in tasks] == ["completed", "completed", "failed"]
    assert tasks[1].result["status"] == "completed" and tasks[2].error and tasks[2].error_type
    assert all(task.run_id and task.tree_id and task.completed_at for task in tasks)
    assert tasks[0].user_id == ("ann" if drafts else None)
    with pytest.raises(TaskNotFoundError):
        program.run(root)


def test_a_task_that_leaves_its_tree_during_its_run_says_what_happened(program: Program, pair: Pair) -> None:
    goal = program.create(name="y", id="y", executor="echo")
    root = nodes_of(pair.original)
    Task.objects.filter(tree=pair.original, uid="b").update(updated_at="2999-01-01T00:00:00Z")
    during(lambda: program.create(name="z", id="z", executor="echo", dependencies=["y", "b"]))
    moved = program.run(root).children[0].task
    assert (moved.status, moved.run_id, moved.tree_id) == ("completed", root.task.run_id, str(pair.original.pk))
    assert ids(Tree.objects.get(pk=goal.tree_id)) == "byz"
    assert program.run(TaskTreeNode(moved)).task.tree_id == goal.tree_id


def test_a_tree_says_what_its_run_made_of_it_and_not_what_a_later_one_does(program: Program, pair: Pair) -> None:
    during(lambda: start_run(pair.original))
    root = program.run(nodes_of(pair.original))
    assert {(task.status, task.run_id) for task in root.to_list()} == {
        ("completed", str(Run.objects.earliest("queued_at").pk))
    }
