"""Digests of values over the API: the same for the same value, and none where there is no value."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.models import TaskRun

from .conftest import Caller, person
from .test_runs_start import finished

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(db: None) -> Caller:
    return Caller(person("vera", "viewer"))


def digests(viewer: Caller, run: Any) -> dict[str, dict[str, Any]]:
    answer = viewer("GET", f"/runs/{run.pk}/digests")
    assert answer.status == 200
    return {item["id"]: item for item in answer.body["items"]}


def test_the_same_values_have_the_same_digests_in_any_run(viewer: Caller) -> None:
    tasks = (TaskSpec("a", "a", "echo", {"x": 1, "y": [2]}), TaskSpec("b", "b", "echo", {"y": [2], "x": 1}))
    left, right = (finished(create_tree(TreeSpec("A tree", tasks))) for _ in range(2))
    left.task_runs.update(result={"n": 1, "m": None})
    right.task_runs.filter(task_uid="a").update(result={"m": None, "n": 1})
    right.task_runs.filter(task_uid="b").update(result={"m": None, "n": 2})
    one, other = digests(viewer, left), digests(viewer, right)
    assert one["a"]["inputs"] == one["b"]["inputs"] == other["a"]["inputs"], "the order of keys means nothing"
    assert one["a"]["result"] == other["a"]["result"]
    assert one["b"]["result"] != other["b"]["result"]


def test_no_value_has_no_digest_and_null_has_one(viewer: Caller) -> None:
    run = finished(create_tree(TreeSpec("A tree", (TaskSpec("a", "a", "echo", {}),))))
    run.task_runs.update(result=None, resolved_inputs={"n": 1})
    found = digests(viewer, run)["a"]
    assert (found["result"], len(found["resolved_inputs"])) == (None, 32)


def test_a_digest_is_no_help_to_guess_a_secret(viewer: Caller) -> None:
    run = finished(create_tree(TreeSpec("A tree", (TaskSpec("a", "a", "echo", {"password": "1234"}),))))
    text = '{"password": "1234"}'
    assert TaskRun.objects.get(run=run).inputs == {"password": "1234"}
    assert not sha256(text.encode()).hexdigest().startswith(digests(viewer, run)["a"]["inputs"])


def test_pages_go_on_where_the_last_ended(viewer: Caller) -> None:
    tasks = tuple(TaskSpec(f"t{number}", f"t{number}", "echo", {}) for number in range(5))
    run = finished(create_tree(TreeSpec("A tree", tasks)))
    first = viewer("GET", f"/runs/{run.pk}/digests?limit=3")
    rest = viewer("GET", f"/runs/{run.pk}/digests?limit=3&cursor={first.body['next']}")
    assert [item["id"] for item in first.body["items"] + rest.body["items"]] == [task.id for task in tasks]
