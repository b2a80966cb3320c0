"""Running again over the API: the plan, and that it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.actions.trees import create_tree, save_definition
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.secret_places import MASK
from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun, Tree

from .conftest import Caller, person
from .test_runs_start import finished

pytestmark = pytest.mark.django_db


def spec(**fields: Any) -> TreeSpec:
    tasks = (TaskSpec(uid, uid, "echo", {"n": 1}, dependencies=edges) for uid, edges in EDGES.items())
    return TreeSpec("A tree", tuple(tasks), **fields)


EDGES: dict[str, tuple[DependencySpec, ...]] = {"a": (), "b": (DependencySpec("a"),), "c": ()}


@pytest.fixture
def operator(db: None) -> Caller:
    return Caller(person("olga", "operator"))


@pytest.fixture
def failed() -> Run:
    """A run in which b failed."""
    run = finished(create_tree(spec()), b="failed")
    Run.objects.filter(pk=run.pk).update(status=Status.FAILED, parameters={"day": 1}, priority=1)
    return run


def fates(answer: Any) -> dict[str, str]:
    return {step["task_id"]: step["fate"] for step in answer.body["steps"]}


def test_the_plan_is_what_happens(operator: Caller, failed: Run) -> None:
    plan = operator("POST", f"/runs/{failed.pk}/rerun-plan")
    assert (plan.status, plan.body["summary"]) == (200, "1 run, 2 reuse their results")
    assert fates(plan) == {"a": "reuse", "b": "run", "c": "reuse"}
    assert Run.objects.count() == 1
    answer = operator("POST", f"/runs/{failed.pk}/rerun")
    assert answer.status == 201
    body = answer.body
    assert (body["parent_run_id"], body["trigger"], body["requested_by"]) == (str(failed.pk), "retry", "olga")
    assert (body["parameters"], body["priority"]) == ({"day": 1}, 1)
    rows = TaskRun.objects.filter(run=body["id"])
    assert {row.task_uid: row.reused_from_id is not None for row in rows} == {"a": True, "b": False, "c": True}
    assert operator("GET", f"/runs/{failed.pk}").body["reruns"] == [body["id"]]


def test_tasks_are_chosen_and_parameters_changed(operator: Caller, failed: Run) -> None:
    body = {"scope": "chosen", "chosen": ["c"]}
    assert fates(operator("POST", f"/runs/{failed.pk}/rerun-plan", body)) == {
        "a": "reuse",
        "b": "left_out",
        "c": "run",
    }
    answer = operator("POST", f"/runs/{failed.pk}/rerun", {**body, "parameters": {"day": 2}})
    assert answer.body["parameters"] == {"day": 2}
    assert operator("POST", f"/runs/{failed.pk}/rerun-plan", {**body, "parameters": {}}).status == 422


def test_the_latest_definition_is_used_when_it_is_asked_for(operator: Caller, failed: Run) -> None:
    tree = Tree.objects.get()
    parameters: dict[str, Any] = {"properties": {"day": {"type": "integer"}, "n": {"default": 5}}}
    save_definition(tree, TreeSpec("A tree", (*spec().tasks, TaskSpec("d", "d", "echo")), parameters=parameters))
    assert "d" not in fates(operator("POST", f"/runs/{failed.pk}/rerun-plan"))
    path = f"/runs/{failed.pk}/rerun"
    refused = operator("POST", path, {"latest": True, "parameters": {"day": "x"}})
    assert (refused.status, refused.paths) == (422, ["$.parameters.day"])
    answer = operator("POST", path, {"latest": True, "parameters": {"day": 3}})
    assert (answer.body["tree_version"], answer.body["parameters"]) == (2, {"day": 3, "n": 5})
    tree.delete()
    refused = operator("POST", path, {"latest": True})
    assert refused.status == 404, "only who started a run of a tree that is gone sees it"


def test_other_inputs_are_for_editors(operator: Caller, editor: Caller, failed: Run) -> None:
    body = {"inputs": {"c": {"n": 2}}}
    assert operator("POST", f"/runs/{failed.pk}/rerun", body).status == 403
    answer = editor("POST", f"/runs/{failed.pk}/rerun", body)
    assert TaskRun.objects.get(run=answer.body["id"], task_uid="c").inputs == {"n": 2}


def test_nothing_to_do_and_runs_that_go_on_are_conflicts(operator: Caller) -> None:
    run = finished(create_tree(spec()))
    answer = operator("POST", f"/runs/{run.pk}/rerun")
    assert (answer.status, answer.code) == (409, "nothing_to_rerun")
    Run.objects.filter(pk=run.pk).update(status=Status.IN_PROGRESS, finished_at=None)
    for path in ("rerun-plan", "rerun"):
        answer = operator("POST", f"/runs/{run.pk}/{path}", {"scope": "all"})
        assert (answer.status, answer.code) == (409, "run_active")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"scope": "some"}, "$.scope"),
        ({"scope": "chosen"}, "$.chosen"),
        ({"scope": "chosen", "chosen": ["ghost"]}, "$.chosen"),
        ({"inputs": {"ghost": {}}}, "$.inputs"),
        ({"inputs": {"a": []}}, "$.inputs.a"),
        ({"latest": "yes"}, "$.latest"),
        ({"colour": 1}, "$.colour"),
    ],
)
def test_a_wrong_wish_is_refused(editor: Caller, failed: Run, body: Any, where: str) -> None:
    for path in ("rerun-plan", "rerun"):
        answer = editor("POST", f"/runs/{failed.pk}/{path}", body)
        assert (answer.status, answer.paths) == (422, [where])
    assert Run.objects.count() == 1


def test_a_run_of_a_tree_that_is_not_shared_any_more_is_not_run_again(operator: Caller, failed: Run) -> None:
    Run.objects.update(requested_by=operator.user)
    Tree.objects.update(visibility="private")
    assert operator("GET", f"/runs/{failed.pk}").status == 200
    assert operator("POST", f"/runs/{failed.pk}/rerun", {"latest": True}).status == 403


def test_new_inputs_go_by_the_rules_of_definitions(editor: Caller, failed: Run) -> None:
    wrong = {"inputs": {"c": {"value": "{{ tasks.nobody.result }}"}, "a": {"value": "{{ open"}}}
    for path in ("rerun-plan", "rerun"):
        answer = editor("POST", f"/runs/{failed.pk}/{path}", wrong)
        assert (answer.status, answer.paths) == (422, ["$.inputs.a.value", "$.inputs.c"])
    masked = editor("POST", f"/runs/{failed.pk}/rerun-plan", {"inputs": {"c": {"value": MASK}}})
    assert (masked.status, masked.paths) == (422, ["$.inputs.c.value"])
    TaskRun.objects.filter(task_uid="c").update(executor="sleep", inputs={"seconds": 0})
    refused = editor("POST", f"/runs/{failed.pk}/rerun-plan", {"inputs": {"c": {"seconds": "long"}}})
    assert (refused.status, refused.paths) == (422, ["$.inputs.c.seconds"])
    assert Run.objects.count() == 1


def test_a_task_with_new_inputs_needs_what_it_requires(editor: Caller, failed: Run) -> None:
    """It is no reason to reuse its result that it had one: it has to run, and what it requires does not."""
    TaskRun.objects.filter(task_uid="a").update(status=Status.FAILED, error="It broke", result=None)
    TaskRun.objects.filter(task_uid="b").update(status=Status.COMPLETED, error=None, result=1)
    body = {"scope": "chosen", "chosen": ["c"], "inputs": {"b": {"n": 2}}}
    plan = editor("POST", f"/runs/{failed.pk}/rerun-plan", body)
    assert fates(plan) == {"a": "left_out", "b": "cannot", "c": "run"}
    reason = "it requires 'a', which has no result and is not run"
    assert plan.body["summary"] == f"1 run, 1 are left out, 1 can't run because {reason}"
