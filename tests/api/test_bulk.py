"""The same act on many runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orchestration.actions.trees import create_tree
from orchestration.api.bulk import NOT_THERE, NOT_YOURS
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, Run, RunCommand, Tree
from tests.pages.scene import make_run, make_tree

from .conftest import Caller
from .test_runs_start import finished

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(editor: Caller) -> Tree:
    return make_tree("Nightly", owner=editor.user)


def bulk(caller: Caller, act: str, runs: Any = None, **body: Any) -> Any:
    ids = {} if runs is None else {"ids": [str(getattr(run, "pk", run)) for run in runs]}
    return caller("POST", "/runs/bulk", {"act": act, **ids, **body})


def reasons(answer: Any) -> list[str]:
    return [outcome["why_not"] for outcome in answer.body["outcomes"]]


def active(tree: Tree | None, count: int, **fields: Any) -> list[Run]:
    return [make_run(tree, Status.IN_PROGRESS, **fields) for _ in range(count)]


def test_cancel_asks_each_run_that_goes_on(editor: Caller, tree: Tree) -> None:
    runs = [*active(tree, 2), make_run(tree)]
    answer = bulk(editor, "cancel", [*runs, runs[0]], reason="The source is down")
    assert (answer.status, answer.body["done"], answer.body["not_done"]) == (200, 2, 1)
    assert reasons(answer) == ["", "", "It has ended already"]
    commands = RunCommand.objects.values_list("run", "kind", "reason", "requested_by")
    wanted = [(run.pk, "cancel", "The source is down", editor.user.pk) for run in runs[:2]]
    assert sorted(commands) == sorted(wanted)
    entries = AuditEntry.objects.filter(act="run.cancel", username="edda", reason="The source is down")
    assert {entry.subject_id for entry in entries} == {str(run.pk) for run in runs[:2]}


def test_only_what_the_caller_may_is_done(editor: Caller, viewer: Caller, tree: Tree) -> None:
    hidden = make_tree("Hidden", owner=User.objects.create(username="o"), visibility="private")
    runs = [*active(tree, 1, requested_by=viewer.user), *active(tree, 1), *active(hidden, 1)]
    answer = bulk(viewer, "cancel", [*runs, uuid4()])
    assert reasons(answer) == ["", NOT_YOURS, NOT_THERE, NOT_THERE]
    assert [command.run_id for command in RunCommand.objects.all()] == [runs[0].pk]
    assert bulk(viewer, "delete", runs).status == 403
    assert bulk(viewer, "rerun_failed", runs).status == 403


def test_delete_takes_ended_runs_of_ones_own(editor: Caller, tree: Tree) -> None:
    others = make_tree("Others", owner=User.objects.create(username="o"))
    runs = [
        make_run(tree),
        make_run(tree, Status.IN_PROGRESS),
        make_run(others),
        make_run(others, requested_by=editor.user),
    ]
    answer = bulk(editor, "delete", runs, reason="old")
    assert [bool(why) for why in reasons(answer)] == [False, True, True, False]
    assert set(Run.objects.all()) == {runs[1], runs[2]}
    assert AuditEntry.objects.filter(act="run.delete", reason="old").count() == 2


def test_failed_runs_are_run_again(editor: Caller) -> None:
    tree = create_tree(TreeSpec("A tree", (TaskSpec("a", "a", "echo"), TaskSpec("b", "b", "echo"))))
    failed, fine = finished(tree, b="failed"), finished(tree)
    answer = bulk(editor, "rerun_failed", [failed, fine, make_run(tree, Status.IN_PROGRESS)])
    outcomes = answer.body["outcomes"]
    assert [outcome["done"] for outcome in outcomes] == [True, False, False]
    new = Run.objects.get(pk=outcomes[0]["new_run"])
    assert (new.parent_run, new.requested_by) == (failed, editor.user)
    assert "nothing to run again" in outcomes[1]["why_not"]


def test_a_filter_acts_on_what_the_caller_has_seen(editor: Caller, tree: Tree) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    old = active(tree, 3, queued_at=long_ago)
    make_run(tree, queued_at=long_ago)
    wish = {"filter": {"status": ["in_progress"], "tree": str(tree.pk)}}
    assert bulk(editor, "cancel", expect=3, **wish).body["done"] == 3
    RunCommand.objects.all().delete()
    arrival = active(tree, 1)[0]
    answer = bulk(editor, "cancel", expect=3, **wish)
    assert answer.body["done"] == 3 and str(arrival.pk) not in [row["run"] for row in answer.body["outcomes"]]
    assert not RunCommand.objects.filter(run=arrival).exists()
    for expect in (5, 2):
        refused = bulk(editor, "cancel", expect=expect, **wish)
        assert (refused.status, refused.code) == (409, "count_changed")
        assert refused.body["error"]["current"] == 4
    assert {command.run for command in RunCommand.objects.all()} == set(old)


def test_arrivals_are_told_by_the_clock_of_the_database(
    editor: Caller, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    active(tree, 2)
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)
    assert bulk(editor, "cancel", expect=1, filter={"status": ["in_progress"]}).body["done"] == 1


def test_a_filter_reaches_no_hidden_run(viewer: Caller, editor: Caller) -> None:
    active(make_tree("Hidden", owner=editor.user, visibility="private"), 2)
    assert bulk(viewer, "cancel", filter={}, expect=0).body == {"done": 0, "not_done": 0, "outcomes": []}
    assert bulk(viewer, "cancel", filter={}, expect=2).code == "count_changed"


def test_many_runs_take_no_more_queries_than_a_few(editor: Caller, tree: Tree) -> None:
    counts = []
    for count in (2, 40):
        runs = active(tree, count)
        with CaptureQueriesContext(connection) as captured:
            assert bulk(editor, "cancel", runs).body["done"] == count
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "body",
    [
        {"act": "cancel"},
        {"act": "cancel", "ids": []},
        {"act": "cancel", "ids": ["x"]},
        {"act": "cancel", "ids": [str(uuid4()) for _ in range(1001)]},
        {"act": "cancel", "ids": [str(uuid4())], "expect": 1},
        {"act": "cancel", "ids": [str(uuid4())], "filter": {}, "expect": 1},
        {"act": "cancel", "filter": {}},
        {"act": "cancel", "filter": {"colour": 1}, "expect": 1},
        {"act": "cancel", "filter": {}, "expect": -1},
        {"act": "cancel", "filter": {}, "expect": 10_001},
        {"act": "rerun_failed", "filter": {}, "expect": 201},
        {"act": "explode", "ids": [str(uuid4())]},
        [],
    ],
)
def test_a_wrong_request_is_refused(editor: Caller, body: Any) -> None:
    answer = editor("POST", "/runs/bulk", body)
    assert (answer.status, answer.code) == (422, "invalid")


def plan(caller: Caller, act: str, **body: Any) -> Any:
    return caller("POST", "/runs/bulk-plan", {"act": act, **body})


def obstacles(answer: Any) -> dict[str, int]:
    return {obstacle["why_not"]: obstacle["runs"] for obstacle in answer.body["obstacles"]}


def test_a_plan_counts_what_an_act_would_touch_and_does_nothing(editor: Caller, tree: Tree) -> None:
    others = make_tree("Others", owner=User.objects.create(username="o"))
    hidden = make_tree("Hidden", owner=User.objects.create(username="h"), visibility="private")
    runs = [*active(tree, 2), make_run(tree), make_run(others), make_run(hidden)]
    ids = [str(run.pk) for run in runs]
    cancel = plan(editor, "cancel", ids=ids)
    assert (cancel.body["matches"], cancel.body["doable"]) == (5, 2)
    assert obstacles(cancel) == {"It has ended already": 2, NOT_THERE: 1}
    assert {run["id"] for run in cancel.body["runs"]} == set(ids[:2])
    delete = plan(editor, "delete", ids=ids)
    assert (delete.body["doable"], delete.body["runs"][0]["id"]) == (1, ids[2])
    assert obstacles(delete) == {"It has not ended; cancel it first, or wait": 2, NOT_THERE: 1, NOT_YOURS: 1}
    assert Run.objects.count() == 5
    assert not RunCommand.objects.exists()


def test_a_plan_says_the_same_as_the_act(editor: Caller, tree: Tree) -> None:
    make_run(tree, Status.FAILED, tasks=1)
    make_run(tree, Status.COMPLETED, tasks=1)
    active(tree, 3)
    everything = {"filter": {"tree": str(tree.pk)}}
    for act in ("rerun_failed", "cancel", "delete"):
        said = plan(editor, act, **everything).body
        assert said["matches"] == Run.objects.count()
        if act != "rerun_failed":  # the definition of these runs was never stored
            done = bulk(editor, act, expect=said["matches"], **everything).body
            assert (done["done"], done["not_done"]) == (said["doable"], said["matches"] - said["doable"])
        else:
            assert obstacles(plan(editor, act, **everything)) == {
                "It has not ended; cancel it first, or wait": 3,
                "Nothing in it failed or was cancelled": 1,
            }


def test_a_plan_is_for_those_who_may_ever_do_it(viewer: Caller, tree: Tree) -> None:
    assert plan(viewer, "delete", filter={}).status == 403
    assert plan(viewer, "cancel", filter={}).body["matches"] == 0
    wrong: list[dict[str, Any]] = [{}, {"ids": []}, {"filter": {}, "expect": 1}, {"filter": {}, "ids": [str(uuid4())]}]
    for body in wrong:
        assert plan(viewer, "cancel", **body).status == 422


def test_a_plan_takes_no_more_queries_for_many(editor: Caller, tree: Tree) -> None:
    counts = []
    for count in (2, 40):
        ids = [str(run.pk) for run in active(tree, count)]
        with CaptureQueriesContext(connection) as captured:
            assert plan(editor, "cancel", ids=ids).body["doable"] == count
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_reason_of_a_re_run_is_in_the_trail(editor: Caller) -> None:
    tree = create_tree(TreeSpec("A tree", (TaskSpec("a", "a", "echo"), TaskSpec("b", "b", "echo"))))
    bulk(editor, "rerun_failed", [finished(tree, b="failed")], reason="The source is back")
    assert AuditEntry.objects.get(act="run.rerun").reason == "The source is back"
