"""Who is shown literal secrets by the API: by scope, in large values, in lists, in what is wrong with a tree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db.models import JSONField, Value
from django.test import Client

from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.secret_places import MASK
from orchestration.engine.status import Status
from orchestration.models import ApiToken, Run, TaskRun, Tree
from tests.pages.scene import make_run

from .conftest import Caller, person

pytestmark = pytest.mark.django_db

PASSWORD = "hunter2hunter2"


@pytest.fixture
def tree(editor: Caller) -> Tree:
    """A tree with a password, and what is wrong with it quotes another one."""
    rest: dict[str, Any] = {
        "url": f"ftp://ada:{PASSWORD}@e.org",
        "timeout": "s3cr3t-t1me",
        "auth": {"token": "s3cr3t-t1me"},
    }
    tasks = (
        TaskSpec("a", "a", executor="echo", inputs={"password": PASSWORD, "user": "ada"}, notes=f"uses {PASSWORD}"),
        TaskSpec("b", "b", executor="rest_executor", inputs=rest),
    )
    return create_tree(TreeSpec("Secret", tasks), user=editor.user)


@pytest.fixture
def run(tree: Tree) -> Run:
    """A run of it."""
    return make_run(tree, Status.COMPLETED, tasks=1, parameters={"token": PASSWORD, "day": "today"})


def fill(run: Run, **fields: Any) -> None:
    TaskRun.objects.filter(run=run).update(**fields)


def get_with_token(user: Any, scope: str, path: str) -> Any:
    secret = ApiToken.new_secret()
    digest = ApiToken.digest_of(secret)
    ApiToken.objects.create(user=user, name=scope, hint=secret[:8], digest=digest, scope=scope)
    return Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"}).json()


@pytest.mark.parametrize(("scope", "sees"), [("read", False), ("run", False), ("edit", True), ("admin", True)])
def test_a_token_shows_secrets_from_the_scope_edit_on(editor: Caller, tree: Tree, scope: str, sees: bool) -> None:
    for path in (f"/trees/{tree.pk}", f"/trees/{tree.pk}/tasks/a", f"/trees/{tree.pk}/export"):
        assert (PASSWORD in json.dumps(get_with_token(editor.user, scope, path))) is sees


def test_a_token_shows_nothing_that_its_owner_may_not_see(viewer: Caller, tree: Tree) -> None:
    assert PASSWORD not in json.dumps(get_with_token(viewer.user, "admin", f"/trees/{tree.pk}"))


def test_a_role_sees_what_it_may(viewer: Caller, admin: Caller, tree: Tree) -> None:
    callers = {"viewer": viewer, "operator": Caller(person("olga", "operator")), "admin": admin}
    seen = {name: caller("GET", f"/trees/{tree.pk}").body["definition"]["tasks"][0] for name, caller in callers.items()}
    assert {name: task["inputs"]["password"] for name, task in seen.items()} == {
        **{"viewer": MASK, "operator": MASK, "admin": PASSWORD}
    }
    assert seen["viewer"]["inputs"]["user"] == "ada"
    assert seen["viewer"]["notes"] == f"uses {MASK}"


def test_what_is_wrong_with_a_tree_quotes_no_secret(viewer: Caller, editor: Caller, tree: Tree) -> None:
    for caller in (viewer, editor):
        problems = caller("GET", f"/trees/{tree.pk}").body["problems"]
        assert len(problems) >= 2
        assert "s3cr3t-t1me" not in json.dumps(problems) and PASSWORD not in json.dumps(problems)


def test_parameters_of_runs(viewer: Caller, editor: Caller, run: Run) -> None:
    for path in ("/runs", f"/runs/{run.pk}"):
        shown = [caller("GET", path).body for caller in (viewer, editor)]
        rows = [body["items"][0] if "items" in body else body for body in shown]
        assert [row["parameters"]["token"] for row in rows] == [MASK, PASSWORD]
        assert rows[0]["parameters"]["day"] == "today"


def test_a_secret_of_a_large_value_is_not_shown_by_a_small_one(viewer: Caller, editor: Caller, run: Run) -> None:
    fill(run, inputs={"password": PASSWORD, "filler": "x" * 70_000}, result={"said": f"{PASSWORD} is right"})
    path = f"/runs/{run.pk}/tasks/t0"
    part, whole = viewer("GET", path).body, viewer("GET", f"{path}?full=true").body
    assert part["inputs"] is None and part["inputs_bytes"] > 70_000
    assert part["result"] == whole["result"] == {"said": f"{MASK} is right"}
    assert whole["inputs"]["password"] == MASK and len(whole["inputs"]["filler"]) == 70_000
    assert editor("GET", path).body["result"] == {"said": f"{PASSWORD} is right"}


def test_secrets_of_the_runs_parameters_are_not_in_results(viewer: Caller, editor: Caller, run: Run) -> None:
    fill(run, result={"said": [f"token {PASSWORD}"]})
    path = f"/runs/{run.pk}/tasks/t0"
    assert viewer("GET", f"{path}/result").body == {"said": [f"token {MASK}"]}
    assert viewer("GET", path).body["result"] == {"said": [f"token {MASK}"]}
    assert editor("GET", f"{path}/result").body == {"said": [f"token {PASSWORD}"]}


def test_a_result_that_is_not_there_is_none_for_anybody(viewer: Caller, editor: Caller, run: Run) -> None:
    path = f"/runs/{run.pk}/tasks/t0/result"
    assert {viewer("GET", path).status, editor("GET", path).status} == {404}
    fill(run, result=Value(None, JSONField()))
    assert [(caller("GET", path).status, caller("GET", path).body) for caller in (viewer, editor)] == [(200, None)] * 2


def test_a_change_of_a_secret_is_told_and_not_shown(viewer: Caller, editor: Caller, tree: Tree) -> None:
    changed = {"inputs": {"password": "swordfish-swordfish", "user": "ada"}}
    assert editor("PATCH", f"/trees/{tree.pk}/tasks/a", changed, version=1).status == 200
    path = f"/trees/{tree.pk}/diff?from=1&to=2"
    fields = viewer("GET", path).body["tasks"]["changed"][0]["fields"]
    assert fields["inputs"] == {side: {"password": MASK, "user": "ada"} for side in ("from", "to")}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_mask_is_not_stored_in_a_task(editor: Caller, tree: Tree, method: str) -> None:
    fields = {"inputs": {"deep": [{"password": MASK}]}}
    path, body = ("/tasks/a", fields) if method == "PATCH" else ("/tasks", {"id": "c", "name": "c", **fields})
    answer = editor(method, f"/trees/{tree.pk}{path}", body, version=1)
    assert (answer.status, answer.paths) == (422, ["$.inputs.deep[0].password"])
    assert "stands for a value that was not shown" in answer.body["error"]["problems"][0]["message"]


def test_text_about_masks_may_be_stored(editor: Caller, tree: Tree) -> None:
    fields = {"inputs": {"text": f"It is shown as {MASK} then."}}
    assert editor("PATCH", f"/trees/{tree.pk}/tasks/a", fields, version=1).status == 200
