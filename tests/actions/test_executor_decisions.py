"""What is decided about executors: defaults and groups, in a live engine and at each way to start a run."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group, User

from apflow import BaseTask, executor_register
from orchestration.actions.executor_trials import try_executor
from orchestration.actions.executors import decide, decisions_of, reset_breaker
from orchestration.actions.firing import fire_now
from orchestration.actions.reruns import rerun
from orchestration.actions.runs import RunRequest, start_run, start_spec, why
from orchestration.actions.schedules import create_schedule
from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.rerun import Scope, Wish
from orchestration.engine.retry import RetryPolicy
from orchestration.models import AuditEntry, ExecutorConfig, Run
from tests.pages.scene import make_worker

from .conftest import Live, until_followed, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
Start = Callable[..., Live]


@executor_register(id="telling", timeout_seconds=500)
class Telling(BaseTask):
    """Returns the params that it is given."""

    seen: ClassVar[list[float | None]] = []

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Tell, and remember the timeout of the attempt."""
        job: Any = self.context
        self.seen.append(job.timeout_seconds)
        told = {"params": deepcopy(self.params)}
        self.params.get("list", []).append("mine")
        return told


def tree(*tasks: TaskSpec) -> TreeSpec:
    return TreeSpec("tree", tasks)


# --- defaults ---------------------------------------------------------------------------------------------------------


def test_a_task_goes_before_the_installation_and_that_before_the_class(live: Start) -> None:
    Telling.seen.clear()
    plain = live(tree(TaskSpec("t", "t", "telling")))
    assert plain.end().status == "completed" and Telling.seen == [500]
    decide("telling", {"default_timeout_seconds": 70, "default_params": {"host": "a", "port": 1}})

    spec = tree(TaskSpec("t", "t", "telling", params={"port": 2}))
    until_followed(live, spec, lambda run: run.task("t").result == {"params": {"host": "a", "port": 2}})
    assert Telling.seen[-1] == 70
    own = live(tree(TaskSpec("t", "t", "telling", timeout_seconds=9)))
    own.end()
    assert Telling.seen[-1] == 9


def test_what_a_task_does_to_its_params_stays_its_own(live: Start) -> None:
    decide("telling", {"default_params": {"list": []}})

    spec = tree(*(TaskSpec(f"t{n}", f"t{n}", "telling") for n in range(5)))

    def results(run: Live) -> list[Any]:
        return [run.task(f"t{n}").result for n in range(5)]

    until_followed(live, spec, lambda run: results(run)[-1] != {"params": {}})
    after = live(spec)
    assert after.end().status == "completed" and results(after) == [{"params": {"list": []}}] * 5


def test_the_default_retry_is_for_tasks_without_one(live: Start) -> None:
    decide("fail", {"default_retry": {"max_attempts": 3, "base_seconds": 0}})

    spec = tree(TaskSpec("f", "f", "fail", {"times": 2}))
    until_followed(live, spec, lambda run: run.run.status == "completed")
    one = RetryPolicy(max_attempts=2, base_seconds=0)
    run = live(tree(TaskSpec("f", "f", "fail", retry=one)))
    assert run.end().status == "failed" and run.task("f").attempt == 2
    events = run.run.events.filter(type="task.retrying")
    assert [event.data["of"] for event in events] == [2]


# --- on, off and limits -----------------------------------------------------------------------------------------------


def test_a_running_worker_follows_on_off_and_limits(live: Start) -> None:
    one = tree(TaskSpec("t", "t", "telling"))
    assert live(one).end().status == "completed"
    decide("telling", {"enabled": False})
    until_followed(live, one, lambda run: run.task("t").error_type == "executor_disabled")
    decide("telling", {"enabled": True})
    until_followed(live, one, lambda run: run.run.status == "completed")

    def in_turn(run: Live) -> bool:
        first, second = run.run.task_runs.order_by("started_at")
        return bool(first.finished_at and second.started_at and first.finished_at <= second.started_at)

    two = tree(*(TaskSpec(name, name, "sleep", {"seconds": 0.2}) for name in "ab"))
    together = live(two)
    together.end()
    assert not in_turn(together)
    decide("sleep", {"max_concurrency": 1})
    until_followed(live, two, in_turn)
    decide("sleep", {"max_concurrency": None})
    until_followed(live, two, lambda run: not in_turn(run))


@pytest.fixture
def breaker(transactional_db: None) -> None:
    """Give an executor a breaker before the engine starts."""
    decide("fail", {"breaker_failures": 2, "breaker_seconds": 3600})


def test_a_breaker_holds_tasks_back_and_loses_none(breaker: None, live: Start) -> None:
    run = live(tree(TaskSpec("f", "f", "fail", {"times": 2}, retry=RetryPolicy(max_attempts=5, base_seconds=0))))
    wait_for(lambda: ExecutorConfig.objects.get().breaker_state == "open")
    wait_for(lambda: "circuit breaker holds it back" in why(run.task("f")))
    assert (run.task("f").status, run.task("f").attempt) == ("pending", 2)
    reset_breaker("fail")
    assert run.end().status == "completed" and run.task("f").attempt == 3


# --- deciding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"default_retry": {"max_attempts": 0}}, "$.default_retry.max_attempts"),
        ({"default_retry": {"tries": 3}}, "$.default_retry.tries"),
        ({"default_retry": 3}, "$.default_retry"),
        ({"default_params": {"n": float("nan")}}, "$.default_params.n"),
        ({"default_params": []}, "$.default_params"),
        ({"allowed_groups": ["editor", "ghosts"]}, "$.allowed_groups[1]"),
    ],
)
def test_what_can_not_be_decided_is_named(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidDefinitionError) as refused:
        decide("echo", changes)
    assert path in [problem.path for problem in refused.value.problems]
    assert not ExecutorConfig.objects.exists()


def test_the_trail_holds_no_secret() -> None:
    decide("echo", {"default_params": {"password": "hunter22"}, "allowed_groups": ["editor"]})
    entry = AuditEntry.objects.get(act="executor.limit")
    assert entry.detail["after"]["allowed_groups"] == ["editor"] and "hunter22" not in str(entry.detail)
    assert decisions_of(ExecutorConfig.objects.get())["default_params"] == {"password": "hunter22"}


# --- who may use it ---------------------------------------------------------------------------------------------------


def person(name: str, *groups: str) -> User:
    user = User.objects.create_user(name)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def refusal(act: Callable[[], Any]) -> Problem:
    with pytest.raises(InvalidDefinitionError) as refused:
        act()
    return refused.value.problems[0]


def test_every_start_asks_whether_the_person_may_use_the_executors() -> None:
    person("otto", "ops", "night")
    decide("echo", {"allowed_groups": ["ops", "night"]})
    eve, olga, ada = person("eve", "editor"), person("olga", "editor", "night"), person("ada", "admin")
    spec = tree(TaskSpec("t", "Say it", "echo", {"n": 1}))
    stored = create_tree(spec, user=eve)
    before = start_run(stored)
    schedule = create_schedule(stored, {"name": "s", "kind": "daily", "expression": "02:30"}, user=eve)
    ways: dict[str, Callable[[User], Any]] = {
        "a stored tree": lambda user: start_run(stored, user=user),
        "a definition": lambda user: start_spec(spec, RunRequest(user=user)),
        "again": lambda user: rerun(before, Wish(Scope.ALL), user=user),
        "a trial": lambda user: try_executor("echo", {}, user=user),
        "a schedule": lambda user: fire_now(schedule, user),
    }
    for way in ways.values():
        problem = refusal(lambda way=way: way(eve))  # type: ignore[misc]
        assert "'echo'" in problem.message and "night, ops" in problem.message and "eve" in problem.message
        assert way(olga) and way(ada)
    assert "'Say it'" in refusal(lambda: start_run(stored, user=eve)).message
    assert Run.objects.filter(requested_by=eve).count() == 0


def test_what_only_workers_have_is_closed_by_the_name_of_a_task_too() -> None:
    person("otto", "ops")
    make_worker(executors=["gpu_train"])
    decide("gpu_train", {"allowed_groups": ["ops"]})
    eve, olga = person("eve", "editor"), person("olga", "editor", "ops")
    # Here it looks like a group of one; a worker that has the executor runs it.
    spec = tree(TaskSpec("g", "gpu_train"), TaskSpec("t", "t", "sleep", {"seconds": 0}, parent_id="g"))
    problem = refusal(lambda: start_spec(spec, RunRequest(user=eve)))
    assert problem.path == "$.tasks[0].executor" and "'gpu_train'" in problem.message
    assert start_spec(spec, RunRequest(user=olga))


def test_what_does_not_run_needs_no_right() -> None:
    person("otto", "ops")
    decide("echo", {"allowed_groups": ["ops"]})
    eve = person("eve", "editor")
    pinned = TaskSpec("p", "p", "echo", pinned={"result": 1})
    off = TaskSpec("o", "o", "echo", enabled=False)
    assert start_spec(tree(TaskSpec("t", "t", "sleep", {"seconds": 0}), pinned, off), RunRequest(user=eve))
