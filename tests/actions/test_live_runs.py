"""What people ask of a live run, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestration.actions.reruns import make_plan, rerun
from orchestration.actions.runs import RunRequest, cancel_run, send_command, start_run, start_spec
from orchestration.actions.trees import create_tree, save_definition
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.rerun import Scope, Wish
from orchestration.engine.retry import RetryPolicy
from orchestration.models import ExecutorConfig, Run, RunCommand, TaskAttempt

from .conftest import LET_GO, STARTS, Live, until_followed, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
Start = Callable[..., Live]


def gated(name: str, *upstream: str, **fields: Any) -> TaskSpec:
    edges = tuple(DependencySpec(other) for other in upstream)
    return TaskSpec(name, name, "gated", {"label": name}, dependencies=edges, **fields)


def tree(*tasks: TaskSpec, **fields: Any) -> TreeSpec:
    return TreeSpec("tree", tasks, **fields)


def test_pause_starts_nothing_and_resume_goes_on(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a")))
    wait_for(lambda: "a" in STARTS)
    assert run.ask("pause") == "done"
    LET_GO.update("ab")
    wait_for(lambda: run.statuses()["a"] == "completed")
    assert run.statuses()["b"] == "pending" and STARTS == ["a"]
    assert run.ask("resume") == "done"
    assert run.end().status == "completed"


def test_a_priority_changed_while_waiting_changes_the_order_at_once(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), gated("c", "a"), gated("d", "a"), max_concurrency=1))
    wait_for(lambda: STARTS == ["a"])
    assert run.ask("set_priority", "d", priority=0) == "done"
    assert run.ask("set_priority", "b", priority=3) == "done"
    LET_GO.update("abcd")
    run.end()
    assert STARTS == ["a", "d", "c", "b"]
    assert run.task("d").priority == 0


def test_retry_puts_a_failed_task_and_what_it_stopped_back(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), gated("c")))
    LET_GO.update({"a", "a!"})
    wait_for(lambda: run.statuses()["b"] == "failed")
    assert run.task("b").error_type == "dependency_failed"
    LET_GO.discard("a!")
    assert run.ask("retry", "a") == "done"
    LET_GO.update("bc")
    assert run.end().status == "completed"
    assert STARTS.count("a") == 2 and STARTS.count("b") == 1
    assert TaskAttempt.objects.get(task_run=run.task("a")).error == "as told"


def test_skip_goes_on_without_a_task(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), gated("c", "b")))
    assert run.ask("skip", "b") == "done"
    wait_for(lambda: "a" in STARTS)
    assert "can't be skipped" in run.ask("skip", "a")
    LET_GO.update("ac")
    run.end()
    assert run.statuses() == dict.fromkeys("abc", "completed")
    assert (run.task("b").attempt, run.task("b").error_type, run.task("b").result) == (0, "skipped", None)


def test_a_failed_task_may_be_skipped(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), gated("c")))
    LET_GO.update({"a", "a!", "b"})
    wait_for(lambda: run.statuses()["a"] == "failed")
    assert run.ask("skip", "a") == "done"
    LET_GO.add("c")
    assert run.end().status == "completed"
    assert run.statuses()["b"] == "completed"


def test_run_now_does_not_wait_for_the_time_of_a_retry(live: Start) -> None:
    spec = TaskSpec(
        "f", "f", "fail", {"times": 1}, retry=RetryPolicy(max_attempts=2, base_seconds=3600, cap_seconds=3600)
    )
    run = live(tree(spec))
    wait_for(lambda: run.task("f").next_attempt_at is not None)
    assert run.ask("run_now", "f") == "done"
    assert run.end().status == "completed"


def test_cancel_twice_is_cancel_once_and_nothing_starts_after(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), gated("c"), max_concurrency=1))
    wait_for(lambda: "a" in STARTS)
    for _ in range(2):
        cancel_run(run.run, reason="enough")
    run.engine.poke()
    ended = run.end()
    assert (ended.status, ended.cancel_reason) == ("cancelled", "enough")
    assert set(run.statuses().values()) == {"cancelled"}
    assert STARTS == ["a"]
    assert ended.events.filter(type="run.cancel_requested").count() == 1
    cancel_run(ended)
    assert send_command(ended, RunCommand.Kind.PAUSE) is None, "a finished run takes no command"


def test_a_command_for_one_task_needs_one(live: Start) -> None:
    run = live(tree(gated("a")))
    with pytest.raises(ValueError, match="name it"):
        send_command(run.run, RunCommand.Kind.RETRY)
    with pytest.raises(ValueError, match="whole run"):
        send_command(run.run, RunCommand.Kind.PAUSE, task_run=run.task("a"))


def test_a_run_that_takes_too_long_fails_and_says_so(live: Start) -> None:
    run = live(tree(gated("a"), gated("b", "a"), timeout_seconds=0.3))
    ended = run.end()
    assert ended.status == "failed"
    assert ended.error == "The run took longer than its limit of 0.3 s"
    assert set(run.statuses().values()) == {"cancelled"}


@pytest.fixture
def config(transactional_db: None) -> ExecutorConfig:
    """Limit the gated executor before the engine starts; a running one follows within two seconds."""
    return ExecutorConfig.objects.create(executor="gated", max_concurrency=2)


def test_limits_of_executors_hold_and_switched_off_ones_fail(config: ExecutorConfig, live: Start) -> None:
    with_limit = live(tree(*(gated(name) for name in "abcd")))
    wait_for(lambda: len(STARTS) == 2)
    LET_GO.add(STARTS[0])
    wait_for(lambda: len(STARTS) == 3)
    LET_GO.update("abcd")
    assert with_limit.end().status == "completed"
    spans = [(t.started_at, t.finished_at) for t in with_limit.run.task_runs.all()]
    assert all(sum(a <= start < b for a, b in spans if a and b) <= 2 for start, _ in spans if start)
    ExecutorConfig.objects.filter(pk=config.pk).update(enabled=False)
    until_followed(live, tree(gated("a")), lambda run: run.task("a").error_type == "executor_disabled")


# --- starting and re-running --------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_run() -> None:
    stored = create_tree(tree(gated("a")))
    one = start_run(stored, idempotency_key="k", parameters={"x": 1})
    assert start_run(stored, idempotency_key="k") == one
    assert start_spec(tree(gated("a")), RunRequest(idempotency_key="k")) == one
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"priority": 9}, "$.priority"),
        ({"idempotency_key": ""}, "$.idempotency_key"),
        ({"parameters": {"n": "x"}}, "$.parameters.n"),
        ({"parameters": {"n": float("nan")}}, "$.parameters.n"),
    ],
)
def test_a_wrong_start_is_refused_and_writes_nothing(fields: dict[str, Any], path: str) -> None:
    stored = create_tree(tree(gated("a"), parameters={"properties": {"n": {"type": "integer"}}}))
    with pytest.raises(InvalidDefinitionError) as refusal:
        start_run(stored, **fields)
    assert refusal.value.problems[0].path == path
    assert not Run.objects.exists()


def finished(live: Start, failing: str = "b") -> Live:
    """Run a → b → d, a → c with one failure."""
    stored = create_tree(tree(gated("a"), gated("b", "a"), gated("c", "a"), gated("d", "b")))
    LET_GO.update({*"abcd", f"{failing}!"})
    run = start_run(stored)
    done = Live.__new__(Live)
    with_engine = live(tree(gated("a")))
    done.engine, done.run, done.ended = with_engine.engine, run, with_engine.engine.adopt(str(run.pk))
    done.end()
    LET_GO.discard(f"{failing}!")
    STARTS.clear()
    return done


def fates(run: Run, wish: Wish, *, latest: bool = False) -> dict[str, str]:
    return {step.name: step.fate.value for step in make_plan(run, wish, latest=latest).steps}


def again(done: Live, wish: Wish, *, latest: bool = False) -> Run:
    """Carry a plan out and check that it was kept."""
    plan = make_plan(done.run, wish, latest=latest)
    run = rerun(done.run, wish, latest=latest)
    done.engine.adopt(str(run.pk)).result(timeout=30)
    run.refresh_from_db()
    for step in plan.steps:
        row = run.task_runs.get(task_uid=step.task_id)
        ran = row.attempt > 0
        assert ran == (step.fate == "run"), step
        assert (row.reused_from_id is not None) == (step.fate == "reuse"), step
    return run


def test_failed_only_runs_what_failed_and_what_comes_after(live: Start) -> None:
    done = finished(live)
    assert fates(done.run, Wish()) == {"a": "reuse", "b": "run", "c": "reuse", "d": "run"}
    assert make_plan(done.run, Wish()).summary() == "2 run, 2 reuse their results"
    run = again(done, Wish())
    assert (run.status, run.trigger, run.parent_run_id) == ("completed", "retry", done.run.pk)
    assert sorted(STARTS) == ["b", "d"]
    resolved: Any = run.task_runs.get(name="d").resolved_inputs
    assert "b" in resolved, "what ran again reaches what comes after it"


def test_chosen_runs_what_is_named_and_what_comes_after(live: Start) -> None:
    done = finished(live, failing="c")
    wish = Wish(Scope.CHOSEN, ["b"])
    assert fates(done.run, wish) == {"a": "reuse", "b": "run", "c": "left_out", "d": "run"}
    again(done, wish)


def test_what_requires_something_that_has_no_result_cant_run(live: Start) -> None:
    done = finished(live)
    plan = make_plan(done.run, Wish(Scope.CHOSEN, ["d"]))
    assert {step.name: step.fate.value for step in plan.steps}["d"] == "cannot"
    assert "'b'" in next(step.reason for step in plan.steps if step.name == "d")
    with pytest.raises(InvalidDefinitionError, match="nothing to run"):
        rerun(done.run, Wish(Scope.CHOSEN, ["d"]))


def test_new_inputs_run_a_task_again_with_them(live: Start) -> None:
    done = finished(live)
    wish = Wish(inputs={"c": {"label": "h"}})
    LET_GO.add("h")
    assert fates(done.run, wish)["c"] == "run"
    run = again(done, wish)
    assert run.task_runs.get(name="c").inputs == {"label": "h"}
    assert done.run.task_runs.get(name="c").inputs == {"label": "c"}, "history stays as it was"


def test_the_latest_definition_runs_what_changed(live: Start) -> None:
    done = finished(live)
    stored = done.run.tree
    assert stored is not None
    changed = tree(gated("a"), gated("b", "a"), gated("c", "a", timeout_seconds=9), gated("d", "b"), gated("e", "c"))
    save_definition(stored, changed)
    assert fates(done.run, Wish(), latest=True) == {
        "a": "reuse",
        "b": "run",
        "c": "reuse",
        "d": "run",
        "e": "run",
    }
    LET_GO.add("e")
    assert again(done, Wish(), latest=True).tree_version == stored.version


def test_everything_runs_everything(live: Start) -> None:
    done = finished(live)
    run = again(done, Wish(Scope.ALL))
    assert sorted(STARTS) == ["a", "b", "c", "d"]
    assert run.status == "completed"


def test_a_wish_for_what_is_not_there_is_refused(live: Start) -> None:
    done = finished(live)
    for wish in (
        Wish(Scope.CHOSEN, ["nobody"]),
        Wish(Scope.CHOSEN),
        Wish(inputs={"x": {}}),
        Wish(inputs={"a": {"n": float("nan")}}),
    ):
        with pytest.raises(InvalidDefinitionError):
            rerun(done.run, wish)
    assert Run.objects.filter(parent_run=done.run).count() == 0
