"""Single edits: tasks and dependencies, each a new version through the one validator."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from orchestration.models import Task, Tree, TreeVersion
from tests.between_statements import once_before

from .conftest import Answer, Caller, document, person, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(editor: Caller) -> str:
    """The address of a row of three: c waits for b waits for a."""
    answer = editor("POST", "/trees", document(task("a"), task("b", "a"), task("c", "b")))
    return f"/trees/{answer.body['id']}"


def edges(caller: Caller, tree: str) -> dict[str, list[str]]:
    tasks = caller("GET", tree).body["definition"]["tasks"]
    return {task["id"]: [edge["id"] for edge in task["dependencies"]] for task in tasks}


def test_a_task_is_read_at_one_version(editor: Caller, tree: str) -> None:
    def change() -> None:
        editor("PATCH", f"{tree}/tasks/b", {"notes": "later"}, version=1)

    with once_before("orchestration_dependency", change):
        read = editor("GET", f"{tree}/tasks/b")
    assert (read.headers["ETag"], read.body["notes"]) == ('"2"', "later")


def test_a_task_is_added_changed_read_and_deleted(editor: Caller, tree: str) -> None:
    added = editor("POST", f"{tree}/tasks", {"name": "new", "executor": "echo", "dependencies": ["c"]}, version=1)
    assert (added.status, added.headers["ETag"]) == (201, '"2"')
    address = f"{tree}/tasks/{added.body['id']}"
    assert editor("GET", address).body == added.body
    changed = editor("PATCH", address, {"priority": 0, "notes": "now"}, version=2)
    assert changed.body == {**added.body, "priority": 0, "notes": "now"}
    back = editor("PATCH", address, {"priority": None, "notes": None}, version=3)
    assert back.body == added.body
    assert editor("DELETE", address, version=4).status == 204
    assert editor("GET", address).code == "not_found"
    assert [version.number for version in TreeVersion.objects.order_by("number")] == [1, 2, 3, 4, 5]
    assert TreeVersion.objects.get(number=5).definition == TreeVersion.objects.get(number=1).definition


def test_edits_need_the_version(editor: Caller, tree: str) -> None:
    edits: list[tuple[str, str, Any]] = [
        ("POST", f"{tree}/tasks", task("d")),
        ("PATCH", f"{tree}/tasks/a", {"priority": 1}),
        ("DELETE", f"{tree}/tasks/a", None),
        ("PUT", f"{tree}/tasks/c/dependencies/a", {}),
        ("DELETE", f"{tree}/tasks/c/dependencies/b", None),
    ]
    for method, path, body in edits:
        assert editor(method, path, body).code == "version_missing"
        conflict = editor(method, path, body, version=9)
        assert (conflict.status, conflict.body["error"]["expected"]) == (409, 9)
        assert conflict.body["error"]["current"] == 1
    assert TreeVersion.objects.count() == 1


def test_problems_of_a_task_are_told_by_their_place_in_the_task(editor: Caller, tree: str) -> None:
    assert editor("POST", f"{tree}/tasks", {"name": ""}, version=1).paths == ["$.name"]
    assert editor("POST", f"{tree}/tasks", task("a"), version=1).paths == ["$.id"]
    assert editor("POST", f"{tree}/tasks", task("d", "ghost"), version=1).paths == ["$.dependencies[0]"]
    assert editor("PATCH", f"{tree}/tasks/b", {"priority": 9}, version=1).paths == ["$.priority"]
    assert editor("PATCH", f"{tree}/tasks/b", {"prio": 1}, version=1).paths == ["$.prio"]
    both = editor("PATCH", f"{tree}/tasks/b", {"id": "x", "dependencies": []}, version=1)
    assert both.paths == ["$.id", "$.dependencies"]
    assert TreeVersion.objects.count() == 1


def test_what_waited_for_a_deleted_task(editor: Caller, tree: str) -> None:
    assert editor("DELETE", f"{tree}/tasks/b?reconnect=true", version=1).status == 204
    assert edges(editor, tree) == {"a": [], "c": ["a"]}
    assert editor("DELETE", f"{tree}/tasks/a", version=2).status == 204
    assert edges(editor, tree) == {"c": []}


def test_dependencies_are_put_and_deleted(editor: Caller, tree: str) -> None:
    new = editor("PUT", f"{tree}/tasks/c/dependencies/a", {"required": False}, version=1)
    assert (new.status, new.body) == (201, {"id": "a", "required": False})
    again = editor("PUT", f"{tree}/tasks/c/dependencies/a", {}, version=2)
    assert (again.status, again.body) == (200, {"id": "a", "required": True})
    assert editor("DELETE", f"{tree}/tasks/c/dependencies/b", version=3).status == 204
    assert edges(editor, tree) == {"a": [], "b": ["a"], "c": ["a"]}
    assert editor("DELETE", f"{tree}/tasks/c/dependencies/b", version=4).code == "not_found"
    for path in ("c/dependencies/ghost", "ghost/dependencies/a"):
        assert editor("PUT", f"{tree}/tasks/{path}", {}, version=4).code == "not_found"
    assert editor("PUT", f"{tree}/tasks/c/dependencies/c", {}, version=4).status == 422


def test_a_cycle_is_refused_with_its_route(editor: Caller, tree: str) -> None:
    refused = editor("PUT", f"{tree}/tasks/a/dependencies/c", {}, version=1)
    assert refused.status == 422
    assert "a → c → b → a" in refused.body["error"]["message"]
    assert TreeVersion.objects.count() == 1


@pytest.mark.parametrize("uid", ["a/b", "a b", "ü→?#", "x" * 255, "tasks/dependencies"])
def test_foreign_ids_have_addresses(editor: Caller, tree: str, uid: str) -> None:
    editor("POST", f"{tree}/tasks", task(uid), version="*")
    address = f"{tree}/tasks/{quote(uid, safe='')}"
    assert editor("GET", address).body["id"] == uid
    assert editor("PATCH", address, {"priority": 1}, version="*").body["priority"] == 1
    assert editor("PUT", f"{address}/dependencies/a", {}, version="*").status == 201
    assert editor("DELETE", address, version="*").status == 204


def test_ids_that_no_task_can_have_are_not_found(editor: Caller, tree: str) -> None:
    for uid in ("%00", "x" * 256, "nothing"):
        assert editor("GET", f"{tree}/tasks/{uid}").code == "not_found"


def walk(caller: Caller, path: str, limit: int, between: Any = None) -> list[str]:
    """Read all pages; `between` happens after the first one."""
    found: list[str] = []
    cursor = ""
    while True:
        answer: Answer = caller("GET", f"{path}?limit={limit}{cursor}")
        assert answer.status == 200
        found += [item["id"] for item in answer.body["items"]]
        if answer.body["next"] is None:
            return found
        cursor = f"&cursor={answer.body['next']}"
        if between is not None:
            between()
            between = None


def test_pages_of_tasks_stay_right_while_tasks_come_and_go(editor: Caller) -> None:
    ids = [f"t{n:03}" for n in range(250)]
    definition = document(*(task(uid) for uid in ids))
    tree = f"/trees/{editor('POST', '/trees', definition).body['id']}"

    def without_ten() -> None:
        fewer = document(*(task(uid) for uid in [*ids[10:], "new"]))
        assert editor("PUT", tree, {"definition": fewer}, version=1).status == 200

    assert walk(editor, f"{tree}/tasks", 100, without_ten) == [*ids, "new"]
    assert walk(editor, f"{tree}/tasks", 7) == [*ids[10:], "new"]
    assert Task.objects.count() == 241


def test_pages_of_trees_stay_right_with_equal_names_and_times(editor: Caller) -> None:
    for _ in range(30):
        editor("POST", "/trees", {"name": "Same"})
    at = Tree.objects.first()
    assert at is not None
    Tree.objects.update(updated_at=at.updated_at)
    for sort in ("name", "-updated_at"):
        found: list[str] = []
        cursor = ""
        while True:
            page = editor("GET", f"/trees?limit=7&sort={sort}{cursor}").body
            found += [line["id"] for line in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert len(found) == len(set(found)) == 30


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_of_one_version_one_wins() -> None:
    callers = [Caller(person(name, "editor")) for name in ("edda", "emil")]
    tree = f"/trees/{callers[0]('POST', '/trees', document(task('a'), task('b'))).body['id']}"
    gate = threading.Barrier(2)
    answers: list[Answer] = []

    def edit(caller: Caller, uid: str) -> None:
        gate.wait()
        answers.append(caller("PATCH", f"{tree}/tasks/{uid}", {"priority": 0}, version=1))
        connection.close()

    threads = [threading.Thread(target=edit, args=pair) for pair in zip(callers, "ab", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200, 409]
    assert Task.objects.filter(priority=0).count() == 1
