"""Commands over the API: to live runs in a live engine, and to those that can't follow them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestration.actions.executors import decide
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.engine import Engine
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, Run, RunCommand
from tests.actions.conftest import LET_GO, STARTS, Live, wait_for
from tests.pages.scene import make_live_run, make_run, make_tree

from .conftest import Caller, person

FOR_RUNS = ("cancel", "pause", "resume", "priority")
FOR_TASKS = ("cancel", "retry", "skip", "run-now", "priority")


@pytest.fixture
def engine(transactional_db: None) -> Iterator[Engine]:
    """An engine in this process, whose gated tasks all end with the test."""
    LET_GO.clear()
    STARTS.clear()
    with local_engine() as engine:
        yield engine
        LET_GO.update("abcdefgh")


@pytest.fixture
def operator(db: None) -> Caller:
    return Caller(person("olga", "operator"))


def gated(name: str, *upstream: str, **fields: Any) -> TaskSpec:
    edges = tuple(DependencySpec(other) for other in upstream)
    return TaskSpec(name, name, "gated", {"label": name}, dependencies=edges, **fields)


def ask(caller: Caller, live: Live, path: str, body: Any = None) -> RunCommand:
    """Send a command, and wait for what the engine answers."""
    answer = caller("POST", f"/runs/{live.run.pk}{path}", body)
    assert (answer.status, answer.body["run"]) == (202, str(live.run.pk)), answer.body
    live.engine.poke()
    handled = RunCommand.objects.filter(pk=answer.body["command"], handled_at__isnull=False)
    wait_for(handled.exists)
    return handled.get()


def test_a_run_is_paused_resumed_and_cancelled(engine: Engine, operator: Caller) -> None:
    live = Live(engine, TreeSpec("tree", (gated("a"), gated("b", "a"))), user=operator.user)
    wait_for(lambda: STARTS == ["a"])
    assert ask(operator, live, "/pause").answer == "done"
    LET_GO.add("a")
    wait_for(lambda: live.statuses()["a"] == "completed")
    assert operator("GET", f"/runs/{live.run.pk}").body["paused"] and STARTS == ["a"]
    assert ask(operator, live, "/priority", {"priority": 0}).answer == "done"
    ask(operator, live, "/resume")
    wait_for(lambda: STARTS == ["a", "b"])
    ask(operator, live, "/cancel", {"reason": "enough"})
    ended = live.end()
    assert (ended.status, ended.cancel_reason, ended.priority) == ("cancelled", "enough", 0)
    acts = list(AuditEntry.objects.order_by("id").values_list("act", "username", "reason"))
    assert acts[-4:] == [
        ("run.pause", "olga", ""),
        ("run.set_priority", "olga", ""),
        ("run.resume", "olga", ""),
        ("run.cancel", "olga", "enough"),
    ]


def test_a_retry_needs_the_right_to_the_executors_of_what_it_starts(engine: Engine, operator: Caller) -> None:
    spec = TreeSpec("tree", (gated("a"), gated("b", "a"), gated("c")))
    live = Live(engine, spec, user=operator.user)
    LET_GO.update({"a", "a!"})
    wait_for(lambda: live.statuses()["b"] == "failed")
    decide("gated", {"allowed_groups": ["admin"]})
    refused = operator("POST", f"/runs/{live.run.pk}/tasks/a/retry")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert "'gated', which only these groups may use: admin" in refused.body["error"]["message"]
    assert not RunCommand.objects.exists() and STARTS.count("a") == 1
    decide("gated", {"allowed_groups": []})
    assert ask(operator, live, "/tasks/a/retry").answer == "done"


def test_a_failed_task_is_retried_and_another_skipped(engine: Engine, operator: Caller) -> None:
    live = Live(
        engine, TreeSpec("tree", (gated("a"), gated("b", "a"), gated("c"), gated("d", "c"))), user=operator.user
    )
    LET_GO.update({"a", "a!"})
    wait_for(lambda: live.statuses()["b"] == "failed")
    refused = operator("POST", f"/runs/{live.run.pk}/tasks/c/skip")
    assert (refused.status, refused.code) == (409, "not_possible")
    assert refused.body["error"]["message"] == "A task that runs or has completed can't be skipped."
    LET_GO.discard("a!")
    assert ask(operator, live, "/tasks/a/retry", {"reason": "fixed"}).answer == "done"
    assert ask(operator, live, "/tasks/d/priority", {"priority": 3}).answer == "done"
    assert ask(operator, live, "/tasks/d/skip").answer == "done"
    assert live.task("d").priority == 3
    LET_GO.update("bc")
    assert live.end().status == "completed"


def test_a_retry_is_not_waited_for(engine: Engine, operator: Caller) -> None:
    policy = RetryPolicy(max_attempts=2, base_seconds=3600, cap_seconds=3600)
    live = Live(engine, TreeSpec("tree", (TaskSpec("f", "f", "fail", {"times": 1}, retry=policy),)), user=operator.user)
    wait_for(lambda: live.task("f").next_attempt_at is not None)
    assert operator("POST", f"/runs/{live.run.pk}/tasks/f/retry").status == 409
    assert ask(operator, live, "/tasks/f/run-now").answer == "done"
    assert live.end().status == "completed"


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_run_that_has_ended_takes_no_command(operator: Caller) -> None:
    run = make_run(make_tree(), Status.FAILED, tasks=1)
    paths = [*FOR_RUNS, *(f"tasks/t0/{name}" for name in FOR_TASKS)]
    for path in paths:
        answer = operator("POST", f"/runs/{run.pk}/{path}", {"priority": 1} if path.endswith("priority") else None)
        assert (answer.status, answer.code) == (409, "run_ended"), path
    assert (
        not RunCommand.objects.exists() and not AuditEntry.objects.filter(subject_type__in=["run", "taskrun"]).exists()
    )


@pytest.mark.django_db
def test_a_task_says_what_can_not_be_done_with_it(operator: Caller, editor: Caller) -> None:
    run = make_live_run(make_tree(), editor.user)
    in_vain = {"retry": {"t0", "t3", "t4", "t5", "t6"}, "skip": {"t0", "t3"}, "run-now": {*"01234567"} - {"5"}}
    in_vain["run-now"] = {f"t{n}" for n in in_vain["run-now"]}
    for name, tasks in in_vain.items():
        for n in range(8):
            answer = operator("POST", f"/runs/{run.pk}/tasks/t{n}/{name}")
            assert answer.status == (409 if f"t{n}" in tasks else 202), (name, n, answer.body)
    run.task_runs.filter(task_uid="t5").update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert operator("POST", f"/runs/{run.pk}/tasks/t5/run-now").status == 409


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("priority", None, 422),
        ("priority", {}, 422),
        ("priority", {"priority": 4}, 422),
        ("priority", {"priority": True}, 422),
        ("priority", {"priority": 1.0}, 422),
        ("cancel", {"reason": "x" * 2001}, 422),
        ("cancel", {"reason": 3}, 422),
        ("cancel", {"why": "x"}, 422),
        ("cancel", b'{"reason": "\\u0000"}', 400),
        ("cancel", b'{"reason": "\\ud800"}', 400),
        ("cancel", b"{", 400),
        ("tasks/nobody/cancel", None, 404),
        ("tasks/%00/retry", None, 404),
        ("tasks/t0/pause", None, 405),
        ("cancel?now=1", None, 400),
    ],
)
def test_a_wrong_command_is_refused_and_leaves_nothing(operator: Caller, path: str, body: Any, status: int) -> None:
    run = make_run(make_tree(), Status.IN_PROGRESS, tasks=1)
    assert operator("POST", f"/runs/{run.pk}/{path}", body).status == status
    assert not RunCommand.objects.exists()


@pytest.mark.django_db
def test_who_started_a_run_may_steer_it_and_other_viewers_not(viewer: Caller) -> None:
    own = make_run(make_tree(), Status.IN_PROGRESS, requested_by=viewer.user)
    other = make_run(make_tree(), Status.IN_PROGRESS)
    hidden = make_run(make_tree(visibility="private"), Status.IN_PROGRESS)
    statuses = [viewer("POST", f"/runs/{run.pk}/cancel").status for run in (own, other, hidden)]
    assert statuses == [202, 403, 404]
    assert list(RunCommand.objects.values_list("run", flat=True)) == [own.pk]
    assert Run.objects.get(pk=own.pk).status == "in_progress", "its worker carries it out, not the request"
