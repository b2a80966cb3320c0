"""Documents: check, import, export, copy, forecast; versions: list, read, compare, go back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestration.models import AuditEntry, Task, Tree, TreeVersion

from .conftest import Caller, document, task

pytestmark = pytest.mark.django_db


def test_checking_stores_nothing(editor: Caller) -> None:
    good = document(task("a"))
    assert editor("POST", "/trees/validate", good).body == {
        "valid": True,
        "problems": [],
        "definition": {**good, "tree": {**good["tree"], **_unset()}},
    }
    unfinished = editor("POST", "/trees/validate", document(task("a", executor="ghost"))).body
    assert (unfinished["valid"], unfinished["definition"]["tasks"][0]["executor"]) == (False, "ghost")
    for body in (document(task("a", "a")), 7, "text", None, {"format": "x"}):
        answer = editor("POST", "/trees/validate", body if body is not None else b"null")
        assert (answer.status, answer.body["valid"], answer.body["definition"]) == (200, False, None)
        assert answer.body["problems"]
    assert not Tree.objects.exists()


def _unset() -> dict[str, Any]:
    return {"description": "", "tags": [], "parameters": None, "max_concurrency": None, "timeout_seconds": None}


def test_apflows_array_is_imported(editor: Caller) -> None:
    array = [
        {"id": "1", "name": "root", "executor": "echo", "status": "completed", "user_id": "u"},
        {"id": "2", "name": "leaf", "schemas": {"method": "echo"}, "parent_id": "root", "dependencies": ["root"]},
    ]
    assert editor("POST", "/trees", array).status == 422
    answer = editor("POST", "/trees/import", array)
    assert answer.status == 201
    assert answer.body["name"] == "Imported tree"
    assert answer.body["definition"]["tasks"][1]["dependencies"] == [{"id": "1", "required": True}]
    assert AuditEntry.objects.get(act="tree.import").username == "edda"


def test_what_is_not_installed_survives_import_and_export(editor: Caller) -> None:
    sent = document(task("a", executor="not_installed", inputs={"rich": {"deep": [1, None, "ü"]}}))
    refused = editor("POST", "/trees/import", sent)
    assert "not_installed" in refused.body["error"]["message"]
    made = editor("POST", "/trees/import?draft=true", sent)
    exported = editor("GET", f"/trees/{made.body['id']}/export")
    assert exported.body["tasks"] == sent["tasks"]


def test_an_export_is_a_file_named_after_the_tree(editor: Caller) -> None:
    name = 'Ümlaut "quoted"; x=../..\\y'
    tree = editor("POST", "/trees", document(task("a"), name=name)).body
    answer = editor("GET", f"/trees/{tree['id']}/export")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="mlaut-quoted-x-..-..-y.json"; ')
    assert answer.body == tree["definition"]
    again = editor("POST", "/trees/import", answer.body)
    assert again.body["definition"] == tree["definition"]


def test_a_copy_is_ones_own(editor: Caller, admin: Caller) -> None:
    tree = editor("POST", "/trees", document(task("a"), task("b", "a"))).body
    copy = admin("POST", f"/trees/{tree['id']}/copy", {"name": "Mine"})
    assert (copy.status, copy.body["owner"], copy.body["name"]) == (201, "ada", "Mine")
    assert copy.body["definition"]["tasks"] == tree["definition"]["tasks"]
    assert set(Task.objects.filter(tree=copy.body["id"]).values_list("origin", "source_uid")) == {
        ("copy", "a"),
        ("copy", "b"),
    }
    for name in ("", "  ", "a\nb", "x" * 256):
        assert admin("POST", f"/trees/{tree['id']}/copy", {"name": name}).status == 422


def test_versions_are_listed_read_compared_and_restored(editor: Caller) -> None:
    tree = editor("POST", "/trees", document(task("a"), task("b", "a"))).body
    address = f"/trees/{tree['id']}"
    changed = document(task("b", priority=0), task("c", "b", notes="n"), name="New")
    editor("PUT", address, {"definition": changed, "message": "c in, a out"}, version=1)

    versions = editor("GET", f"{address}/versions").body
    assert [(line["number"], line["message"], line["author"]) for line in versions["items"]] == [
        (2, "c in, a out", "edda"),
        (1, "Created", "edda"),
    ]
    assert editor("GET", f"{address}/versions/1").body["definition"] == tree["definition"]
    assert editor("GET", f"{address}/versions/3").code == "not_found"
    assert editor("GET", f"{address}/versions/0").status == 404
    assert editor("GET", f"{address}/versions/99999999999").status == 404

    diff = editor("GET", f"{address}/diff?from=1&to=2").body
    assert diff == {
        "from": 1,
        "to": 2,
        "tree": {"name": {"from": "A tree", "to": "New"}},
        "tasks": {
            "added": [{"id": "c", "name": "c"}],
            "removed": [{"id": "a", "name": "a"}],
            "changed": [{"id": "b", "name": "b", "fields": {"priority": {"from": 2, "to": 0}}}],
        },
        "dependencies": {
            "added": [{"task": "c", "depends_on": "b", "required": True}],
            "removed": [{"task": "b", "depends_on": "a", "required": True}],
            "changed": [],
        },
        "reordered": False,
    }
    assert editor("GET", f"{address}/diff?from=1").status == 400
    assert editor("GET", f"{address}/diff?from=1&to=9").status == 404

    assert editor("POST", f"{address}/restore", {"version": 1}).status == 428
    assert editor("POST", f"{address}/restore", {"version": 1}, version=1).status == 409
    assert editor("POST", f"{address}/restore", {"version": 9}, version=2).status == 404
    restored = editor("POST", f"{address}/restore", {"version": 1, "message": "back"}, version=2)
    assert (restored.status, restored.body["version"], restored.headers["ETag"]) == (200, 3, '"3"')
    assert restored.body["definition"] == tree["definition"]
    assert TreeVersion.objects.get(tree=tree["id"], number=3).message == "back"


def test_the_order_of_starts(editor: Caller) -> None:
    tasks = [task("low", priority=3), task("a"), task("b", "a"), task("urgent", priority=0), task("off", enabled=False)]
    tree = editor("POST", "/trees", document(*tasks)).body
    answer = editor("GET", f"/trees/{tree['id']}/start-order?slots=2").body
    assert answer["steps"] == [["urgent", "a"], ["b", "low"]]
    assert [item["task"] for item in answer["never"]] == ["off"]
    assert editor("GET", f"/trees/{tree['id']}/start-order?slots=0").status == 400
    assert json.dumps(answer["never"]).count("disabled") == 1
