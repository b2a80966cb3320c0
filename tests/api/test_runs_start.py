"""Starting runs over the API: whole trees, parts of them, and definitions that are not stored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orchestration.actions.keeping import delete_tree
from orchestration.actions.runs import start_run
from orchestration.actions.trees import create_tree, save_definition
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, Run, TaskRun, Tree
from tests.between_statements import once_before
from tests.lock_race import act_after_waiting

from .conftest import Caller, document, person, task

pytestmark = pytest.mark.django_db


def spec(**fields: Any) -> TreeSpec:
    """Return a → b → c, and d beside them that b likes."""
    edges = {"b": (DependencySpec("a"), DependencySpec("d", False)), "c": (DependencySpec("b"),)}
    tasks = (TaskSpec(uid, f"Task {uid}", "echo", {"n": 1}, dependencies=edges.get(uid, ())) for uid in "adbc")
    return TreeSpec("A tree", tuple(tasks), **fields)


@pytest.fixture
def tree() -> Tree:
    return create_tree(spec())


@pytest.fixture
def operator(db: None) -> Caller:
    return Caller(person("olga", "operator"))


def start(caller: Caller, tree: Tree, body: Any = None, **headers: str) -> Any:
    return caller("POST", f"/trees/{tree.pk}/runs", body, **headers)


def part(caller: Caller, tree: Tree, mode: str, uid: str, reuse_run: Any = None) -> Any:
    return start(caller, tree, {"only": {"mode": mode, "task": uid, "reuse_run": reuse_run and str(reuse_run.pk)}})


def finished(tree: Tree, **statuses: str) -> Run:
    """Make a run of the tree that has ended, with a result of each task that completed."""
    run = start_run(tree)
    for row in run.task_runs.all():
        status = statuses.get(row.task_uid, "completed")
        error = "It broke" if status == "failed" else None
        result = {row.task_uid: str(run.pk)} if status == "completed" else None
        TaskRun.objects.filter(pk=row.pk).update(
            status=status, attempt=1, result=result, error=error, started_at=run.queued_at, finished_at=run.queued_at
        )
    Run.objects.filter(pk=run.pk).update(status=Status.COMPLETED, finished_at=run.queued_at, started_at=run.queued_at)
    return Run.objects.get(pk=run.pk)


def shape(run_id: str) -> dict[str, str]:
    """Return what a new run has for each task: run, reuse or out."""
    rows = TaskRun.objects.filter(run=UUID(run_id))
    return {
        row.task_uid: "reuse" if row.reused_from_id else "run" if row.enabled else "out"
        for row in rows
        if row.status == ("completed" if row.reused_from_id else "pending")
    }


def test_a_start_answers_with_the_run(operator: Caller, tree: Tree) -> None:
    answer = start(operator, tree, {"parameters": {"day": 1}, "priority": 0})
    assert answer.status == 201
    run = Run.objects.get()
    expected = {
        "id": str(run.pk),
        "tree_id": str(tree.pk),
        "tree_version": 1,
        "status": "pending",
        "priority": 0,
        "trigger": "manual",
        "requested_by": "olga",
        "parameters": {"day": 1},
        "task_count": 4,
        "counts": {"pending": 4},
        "owner": None,
        "reruns": [],
        "may": {"steer": True, "delete": False},
    }
    assert {name: answer.body[name] for name in expected} == expected
    assert answer.body["queued_at"].endswith("Z")
    entry = AuditEntry.objects.get(act="run.start")
    assert (entry.username, entry.via) == ("olga", "api")


def test_a_start_needs_no_body(operator: Caller, tree: Tree) -> None:
    assert start(operator, tree).body["parameters"] == {}


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"priority": 4}, 422, "$.priority"),
        ({"priority": "1"}, 422, "$.priority"),
        ({"parameters": {"n": "x"}}, 422, "$.parameters.n"),
        ({"parameters": []}, 422, "$.parameters"),
        ({"colour": 1}, 422, "$.colour"),
        ({"only": {"mode": "most", "task": "a"}}, 422, "$.only.mode"),
        ({"only": {"mode": "task", "task": "nobody"}}, 422, "$.only.task"),
        ({"only": {"mode": "task"}}, 422, "$.only.task"),
        (b'{"parameters": {"n": NaN}}', 400, None),
        (b'{"priority": 1, "priority": 2}', 400, None),
        (b"[]", 422, "$"),
        (b"3", 422, "$"),
    ],
)
def test_a_wrong_start_is_refused_and_stores_nothing(
    operator: Caller, body: Any, status: int, where: str | None
) -> None:
    tree = create_tree(spec(parameters={"properties": {"n": {"type": "integer"}}}))
    answer = start(operator, tree, body)
    assert answer.status == status
    assert where is None or where in answer.paths
    assert not Run.objects.exists()


def test_a_tree_that_cant_run_says_why(operator: Caller) -> None:
    tree = create_tree(TreeSpec("Broken", (TaskSpec("a", "a", "nobody has this"),)))
    answer = start(operator, tree)
    assert (answer.status, answer.code) == (422, "invalid")
    assert "nobody has this" in answer.body["error"]["message"]


def test_the_same_key_of_the_same_user_is_the_same_run(operator: Caller, editor: Caller, tree: Tree) -> None:
    first = start(operator, tree, {"priority": 1}, Idempotency_Key="k 1")
    again = start(operator, tree, {"priority": 3}, Idempotency_Key="k 1")
    assert (first.status, again.status) == (201, 200)
    assert first.body["id"] == again.body["id"] and again.body["priority"] == 1
    others = start(editor, tree, Idempotency_Key="k 1")
    assert others.status == 201 and others.body["id"] != first.body["id"]
    assert Run.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "ä"])
def test_a_key_that_is_none_is_refused(operator: Caller, tree: Tree, key: str) -> None:
    answer = start(operator, tree, Idempotency_Key=key)
    assert (answer.status, answer.code) == (400, "unreadable")
    assert not Run.objects.exists()


def test_a_run_that_lost_the_race_for_its_key_is_the_other_one(
    operator: Caller, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start(operator, tree, Idempotency_Key="k")
    monkeypatch.setattr("orchestration.api.runs.earlier_start", lambda actor, key: None)
    second = start(operator, tree, Idempotency_Key="k")
    assert (second.status, second.body["id"]) == (200, first.body["id"])


# --- parts --------------------------------------------------------------------------------------------------------


def test_a_task_alone_takes_over_what_it_needs_from_the_latest_run_that_has_it(operator: Caller, tree: Tree) -> None:
    finished(tree)
    latest = finished(tree, c="failed")
    finished(tree, a="failed")
    answer = part(operator, tree, "task", "b")
    assert answer.status == 201, answer.body
    assert shape(answer.body["id"]) == {"a": "reuse", "d": "reuse", "b": "run", "c": "out"}
    assert answer.body["parent_run_id"] == str(latest.pk)
    row = TaskRun.objects.get(run=answer.body["id"], task_uid="a")
    assert row.result == {"a": str(latest.pk)}


def test_a_task_alone_does_without_what_it_only_likes(operator: Caller, tree: Tree) -> None:
    finished(tree, d="failed")
    assert shape(part(operator, tree, "task", "b").body["id"]) == {"a": "reuse", "d": "out", "b": "run", "c": "out"}


def test_a_task_that_waits_for_nothing_needs_no_earlier_run(operator: Caller, tree: Tree) -> None:
    answer = part(operator, tree, "task", "a")
    assert shape(answer.body["id"]) == {"a": "run", "d": "out", "b": "out", "c": "out"}
    assert answer.body["parent_run_id"] is None


def test_up_to_runs_everything_before(operator: Caller, tree: Tree) -> None:
    finished(tree)
    assert shape(part(operator, tree, "up_to", "b").body["id"]) == {"a": "run", "d": "run", "b": "run", "c": "out"}


def test_from_runs_everything_after_on_the_results_of_a_run(operator: Caller, tree: Tree) -> None:
    chosen = finished(tree)
    finished(tree)
    answer = part(operator, tree, "from", "b", chosen)
    assert shape(answer.body["id"]) == {"a": "reuse", "d": "reuse", "b": "run", "c": "run"}
    assert answer.body["parent_run_id"] == str(chosen.pk)


def test_a_missing_result_is_named(operator: Caller, tree: Tree) -> None:
    answer = part(operator, tree, "task", "b")
    assert (answer.status, answer.paths) == (422, ["$.only"])
    assert "'Task a' has no result" in answer.body["error"]["message"]
    chosen = finished(tree, a="failed")
    message = part(operator, tree, "from", "b", chosen).body["error"]["message"]
    assert "did not complete in the run" in message and str(chosen.pk) in message


def test_a_result_of_another_definition_is_no_result(operator: Caller, tree: Tree) -> None:
    finished(tree)
    changed = spec()
    tasks = [TaskSpec(t.id, t.name, t.executor, {"n": 2} if t.id == "a" else t.inputs, dependencies=t.dependencies)
             for t in changed.tasks]  # fmt: skip
    save_definition(tree, TreeSpec("A tree", tuple(tasks)))
    answer = part(operator, tree, "task", "b")
    assert answer.status == 422
    assert "'Task a' has changed since" in answer.body["error"]["message"]
    assert part(operator, tree, "task", "c").status == 201


def test_results_of_runs_that_the_caller_does_not_see_are_not_taken(operator: Caller, tree: Tree) -> None:
    other = create_tree(spec())
    hidden = finished(other)
    Tree.objects.filter(pk=other.pk).update(visibility="private")
    answer = part(operator, tree, "task", "b", hidden)
    assert (answer.status, answer.paths) == (422, ["$.only.reuse_run"])
    Tree.objects.filter(pk=other.pk).update(visibility="everyone")
    assert "another tree" in part(operator, tree, "task", "b", hidden).body["error"]["message"]
    assert part(operator, tree, "up_to", "b", finished(tree)).paths == ["$.only.reuse_run"]


def test_a_run_is_of_the_version_that_it_names(operator: Caller, tree: Tree) -> None:
    def save() -> None:
        later = TreeSpec("Later", (TaskSpec("a", "Later a", "echo"), TaskSpec("b", "Later b", "echo")))
        save_definition(Tree.objects.get(pk=tree.pk), later)

    with once_before("orchestration_dependency", save):
        answer = start(operator, tree)
    assert (answer.status, answer.body["tree_version"], answer.body["tree_name"]) == (201, 2, "Later")
    tasks = TaskRun.objects.filter(run=answer.body["id"]).values_list("name", "dependencies")
    assert sorted(tasks) == [("Later a", []), ("Later b", [])]


@pytest.mark.django_db(transaction=True)
def test_a_start_that_waits_for_a_deletion_finds_no_tree(operator: Caller, tree: Tree) -> None:
    answer = act_after_waiting(tree, lambda: delete_tree(tree), lambda: start(operator, tree))
    assert (answer.status, answer.code) == (404, "not_found")
    assert not Run.objects.exists()


# --- what is not stored ---------------------------------------------------------------------------------------------


def test_a_definition_that_is_not_stored_runs(editor: Caller) -> None:
    answer = editor("POST", "/runs", {"definition": document(task("a"), task("b", "a")), "priority": 3})
    assert answer.status == 201
    assert (answer.body["tree_id"], answer.body["tree_name"], answer.body["priority"]) == (None, "A tree", 3)
    assert not Tree.objects.exists()
    assert editor("GET", f"/runs/{answer.body['id']}").status == 200


def test_a_wrong_definition_names_every_place(editor: Caller) -> None:
    answer = editor("POST", "/runs", {"definition": document(task("a", "ghost"), task("b", priority=9))})
    assert answer.status == 422
    assert "$.definition.tasks[1].priority" in answer.paths
    assert not Run.objects.exists()


def test_operators_do_not_run_definitions_of_their_own(operator: Caller) -> None:
    assert operator("POST", "/runs", {"definition": document(task("a"))}).status == 403
