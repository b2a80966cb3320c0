"""Trees: make, read, list, save, keep, delete."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoAssertNumQueries

from orchestration.actions.keeping import delete_tree, give_tree, share_tree
from orchestration.actions.runs import start_run
from orchestration.actions.trees import save_definition, tree_spec
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import Run, Task, Tree, TreeVersion
from tests.between_statements import once_before
from tests.lock_race import act_after_waiting

from .conftest import Answer, Caller, document, person, task

pytestmark = pytest.mark.django_db


def made(caller: Caller, *tasks: dict[str, Any], **tree: Any) -> Answer:
    answer = caller("POST", "/trees", document(*(tasks or (task("a"), task("b", "a"))), **tree))
    assert answer.status == 201, answer.body
    return answer


def test_a_tree_is_made_read_and_deleted(editor: Caller) -> None:
    sent = document(task("a", inputs={"n": 1}), task("b", "a", priority=0), name="Nightly", tags=["etl"])
    answer = editor("POST", "/trees", sent)
    assert answer.status == 201
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/api/v1/trees/{answer.body['id']}"
    assert answer.body["definition"]["tasks"] == sent["tasks"]
    assert answer.body["may"] == {"edit": True, "manage": True, "run": True}
    assert (answer.body["owner"], answer.body["tags"], answer.body["task_count"]) == ("edda", ["etl"], 2)
    read = editor("GET", f"/trees/{answer.body['id']}")
    assert (read.status, read.body) == (200, answer.body)
    assert editor("DELETE", f"/trees/{answer.body['id']}").status == 204
    assert editor("GET", f"/trees/{answer.body['id']}").code == "not_found"
    assert not Tree.objects.exists()


def test_an_empty_tree_can_be_made_and_not_run(editor: Caller) -> None:
    answer = editor("POST", "/trees", {"name": "Later"})
    assert answer.status == 201
    assert answer.body["definition"]["tasks"] == []
    assert [problem["path"] for problem in answer.body["problems"]] == ["$.tasks"]
    with pytest.raises(InvalidDefinitionError, match="at least one task"):
        start_run(Tree.objects.get(pk=answer.body["id"]))


def test_a_draft_may_have_problems_and_nothing_else_may(editor: Caller) -> None:
    unfinished = document(task("a", executor="ghost"))
    refused = editor("POST", "/trees", unfinished)
    assert (refused.status, refused.code, refused.paths) == (422, "invalid", ["$.tasks[0].executor"])
    assert not Tree.objects.exists()
    kept = editor("POST", "/trees?draft=true", unfinished)
    assert kept.status == 201
    assert [problem["path"] for problem in kept.body["problems"]] == ["$.tasks[0].executor"]
    assert kept.body["definition"]["tasks"] == unfinished["tasks"]
    address = f"/trees/{kept.body['id']}"
    assert editor("PUT", address, {"definition": unfinished}, version=1).paths == ["$.definition.tasks[0].executor"]
    saved = editor("PUT", f"{address}?draft=true", {"definition": unfinished}, version=1)
    assert (saved.status, saved.body["version"]) == (200, 2)
    assert editor("POST", "/trees?draft=true", document(task("a", "ghost"))).status == 422


def test_saving_needs_the_version_that_it_is_for(editor: Caller) -> None:
    address = f"/trees/{made(editor).body['id']}"
    body = {"definition": document(task("a"), name="New"), "message": "fewer"}
    missing = editor("PUT", address, body)
    assert (missing.status, missing.code) == (428, "version_missing")
    assert editor("PUT", address, body, version="seven").status == 400
    assert editor("PUT", address, body, version='"99999999999"').status == 400
    saved = editor("PUT", address, body, version='"1"')
    assert (saved.status, saved.headers["ETag"], saved.body["name"]) == (200, '"2"', "New")
    conflict = editor("PUT", address, body, version=1)
    assert (conflict.status, conflict.code) == (409, "version_conflict")
    assert (conflict.body["error"]["expected"], conflict.body["error"]["current"]) == (1, 2)
    assert TreeVersion.objects.count() == 2
    assert editor("PUT", address, body, version="*").body["version"] == 3


def test_only_what_changed_is_written(editor: Caller, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    tree = made(editor, *(task(f"t{n}") for n in range(50))).body
    before = dict(Task.objects.values_list("uid", "updated_at"))
    definition = tree["definition"]
    definition["tasks"][3]["inputs"] = {"n": True}
    editor("PUT", f"/trees/{tree['id']}", {"definition": definition}, version=1)
    definition["tasks"][3]["inputs"] = {"n": 1}
    definition["tasks"][4]["dependencies"] = [{"id": "t3", "required": False}]
    del definition["tasks"][7]
    with django_assert_max_num_queries(40):
        answer = editor("PUT", f"/trees/{tree['id']}", {"definition": definition}, version=2)
    assert answer.body["definition"] == definition
    assert answer.body["definition"]["tasks"][3]["inputs"]["n"] is not True
    after = dict(Task.objects.values_list("uid", "updated_at"))
    assert {uid for uid in after if after[uid] != before[uid]} == {"t3"}
    assert before.keys() - after.keys() == {"t7"}


def test_tasks_can_be_put_in_any_order_and_under_parents(editor: Caller) -> None:
    tree = made(editor, task("a"), task("b"), task("c", "a")).body
    group: dict[str, Any] = {"id": "g", "name": "g", "executor": None, "inputs": {}, "priority": 2, "parent_id": None}
    tasks = [task("c", "b", "a", parent_id="g"), {**group, "dependencies": []}, task("b"), task("a", parent_id="g")]
    answer = editor("PUT", f"/trees/{tree['id']}", {"definition": document(*tasks)}, version=1)
    assert answer.body["definition"]["tasks"] == tasks
    assert editor("GET", f"/trees/{tree['id']}").body["definition"]["tasks"] == tasks


def test_a_list_shows_what_one_may_see_and_no_more(editor: Caller, viewer: Caller, admin: Caller) -> None:
    team = Group.objects.create(name="team")
    for name, visibility in (("Mine", "private"), ("Team's", "groups"), ("Everyone's", "everyone")):
        tree = Tree.objects.get(pk=made(editor, name=name).body["id"])
        tree.visibility = visibility
        tree.save()
        tree.shared_with.set([team])
    assert [line["name"] for line in viewer("GET", "/trees").body["items"]] == ["Everyone's"]
    viewer.user.groups.add(team)
    assert [line["name"] for line in viewer("GET", "/trees").body["items"]] == ["Everyone's", "Team's"]
    assert len(admin("GET", "/trees").body["items"]) == 3
    assert admin("GET", "/trees").body["items"][2]["shared_with"] == ["team"]


def test_filters(editor: Caller, admin: Caller) -> None:
    made(editor, name="Orders", tags=["etl", "nightly"])
    made(admin, name="Mails", description="sends the orders by mail", tags=["mail"])
    archived = made(editor, name="Old").body["id"]
    editor("PATCH", f"/trees/{archived}", {"archived": True})

    def names(query: str) -> list[str]:
        answer = editor("GET", f"/trees?{query}")
        assert answer.status == 200, answer.body
        return [line["name"] for line in answer.body["items"]]

    assert names("") == ["Mails", "Orders"]
    assert names("q=orders") == ["Mails", "Orders"]
    assert names("q=orders%20etl") == ["Orders"]
    assert names("tag=mail") == ["Mails"]
    assert names("tag=mai") == []
    assert names("owner=me") == ["Orders"]
    assert names("owner=ada") == ["Mails"]
    assert names("archived=true") == ["Old"]
    assert names("archived=all&sort=-updated_at") == ["Old", "Mails", "Orders"]


def test_a_list_takes_a_constant_number_of_queries(
    editor: Caller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    trees = [Tree.objects.get(pk=made(editor).body["id"])]
    start_run(trees[0], user=editor.user)
    editor("GET", "/trees")
    with django_assert_num_queries(7):
        assert editor("GET", "/trees").body["items"][0]["last_run"]["status"] == "pending"
    for _ in range(10):
        trees.append(Tree.objects.get(pk=made(editor).body["id"]))
        start_run(trees[-1], user=editor.user)
    with django_assert_num_queries(7):
        lines = editor("GET", "/trees").body["items"]
    assert len(lines) == 11
    assert {line["last_run"]["id"] for line in lines} == {str(pk) for pk in Run.objects.values_list("pk", flat=True)}


def test_sharing_giving_away_and_archiving(editor: Caller, viewer: Caller) -> None:
    tree = made(editor).body
    address = f"/trees/{tree['id']}"
    other = Caller(person("emil", "editor"))
    Group.objects.create(name="team")
    refused = editor("PATCH", address, {"visibility": "groups"})
    assert (refused.status, refused.paths) == (422, ["$.shared_with"])
    assert editor("PATCH", address, {"shared_with": ["ghosts"]}).paths == ["$.shared_with"]
    shared = editor("PATCH", address, {"visibility": "groups", "shared_with": ["team"]})
    assert (shared.body["visibility"], shared.body["shared_with"], shared.body["version"]) == ("groups", ["team"], 1)
    assert viewer("GET", address).status == 404
    editor("PATCH", address, {"visibility": "everyone"})
    assert other("PATCH", address, {"archived": True}).body["archived"] is True
    assert other("PATCH", address, {"archived": False, "owner": "emil"}).status == 403
    assert editor("GET", address).body["archived"] is True
    assert editor("PATCH", address, {"owner": "nobody at all"}).paths == ["$.owner"]
    assert editor("PATCH", address, {"owner": "emil"}).body["owner"] == "emil"
    assert editor("PATCH", address, {"visibility": "private"}).status == 403
    assert editor("PATCH", address, {"archived": "yes"}).status == 422
    assert editor("PATCH", address, {"name": "x"}).paths == ["$.name"]


def test_deleting_a_tree_keeps_its_runs(editor: Caller) -> None:
    tree = Tree.objects.get(pk=made(editor).body["id"])
    run = start_run(tree, user=editor.user)
    assert editor("DELETE", f"/trees/{tree.pk}").status == 204
    run.refresh_from_db()
    assert run.tree_id is None
    assert run.task_runs.count() == 2


# --- what others do at the same time --------------------------------------------------------------------------------

LATER = TreeSpec("Later", (TaskSpec("z", "z", "echo"),), tags=("later",))


def save_later(pk: Any) -> None:
    save_definition(Tree.objects.get(pk=pk), LATER)


def test_a_save_answers_with_what_it_saved(editor: Caller) -> None:
    made_at = made(editor).body["id"]
    body = {"definition": document(task("a"), name="Mine", tags=["mine"])}
    with once_before("last_run_id", lambda: save_later(made_at)):
        saved = editor("PUT", f"/trees/{made_at}", body, version=1)
    assert (saved.status, saved.headers["ETag"], saved.body["version"]) == (200, '"2"', 2)
    assert (saved.body["name"], saved.body["tags"], saved.body["task_count"]) == ("Mine", ["mine"], 1)
    assert [row["id"] for row in saved.body["definition"]["tasks"]] == ["a"]
    # What the other one has saved is not overwritten unseen.
    assert editor("PUT", f"/trees/{made_at}", body, version=saved.headers["ETag"]).code == "version_conflict"
    assert tree_spec(Tree.objects.get(pk=made_at)) == LATER


def test_a_new_tree_is_answered_as_it_was_made(editor: Caller) -> None:
    with once_before("last_run_id", lambda: save_later(Tree.objects.get().pk)):
        answer = editor("POST", "/trees", document(task("a")))
    assert (answer.headers["ETag"], answer.body["name"], answer.body["version"]) == ('"1"', "A tree", 1)


def test_a_tree_is_read_at_one_version(editor: Caller) -> None:
    made_at = made(editor).body["id"]
    with once_before("orchestration_dependency", lambda: save_later(made_at)):
        read = editor("GET", f"/trees/{made_at}")
    assert (read.headers["ETag"], read.body["version"], read.body["name"]) == ('"2"', 2, "Later")
    assert read.body["definition"] == LATER.as_json()
    with once_before("orchestration_dependency", lambda: delete_tree(Tree.objects.get(pk=made_at))):
        assert editor("GET", f"/trees/{made_at}").code == "not_found"


@pytest.mark.django_db(transaction=True)
def test_sharing_is_decided_on_what_is_stored_then(editor: Caller) -> None:
    tree = Tree.objects.get(pk=made(editor).body["id"])
    address, team = f"/trees/{tree.pk}", Group.objects.create(name="team")
    # Made private while the other one waits, it does not become everyone's again.
    act_after_waiting(
        tree, lambda: share_tree(tree, "private"), lambda: editor("PATCH", address, {"shared_with": ["team"]})
    )
    assert Tree.objects.get(pk=tree.pk).visibility == "private"
    answer = act_after_waiting(
        tree, lambda: share_tree(tree, "groups", [team]), lambda: editor("PATCH", address, {"visibility": "groups"})
    )
    assert (answer.status, answer.body["shared_with"]) == (200, ["team"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("method", "body"), [("PATCH", {"visibility": "private"}), ("DELETE", None)])
def test_who_gave_a_tree_away_meanwhile_manages_it_no_more(editor: Caller, method: str, body: Any) -> None:
    tree = Tree.objects.get(pk=made(editor).body["id"])
    emil = person("emil", "editor")
    answer = act_after_waiting(tree, lambda: give_tree(tree, emil), lambda: editor(method, f"/trees/{tree.pk}", body))
    assert (answer.status, answer.code) == (403, "forbidden")
    assert Tree.objects.get(pk=tree.pk).visibility == "everyone"
