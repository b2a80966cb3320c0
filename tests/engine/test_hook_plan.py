"""Which hooks are called, in which order: the registry under the rules of an installation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestration.engine.config import EngineConfig, configure, current_config
from orchestration.engine.duration_scale import bucket_of, percentile
from orchestration.engine.hook_calls import changed_keys, key_prints
from orchestration.engine.hook_counts import BUCKETS, HookCounts
from orchestration.engine.hook_payload import MAX_VALUE_BYTES, hook_payload
from orchestration.engine.hook_plan import HookFacts, HookFilter, HookPlan, HookRule, HookRules
from orchestration.engine.hook_targets import HookTargetError, check_parameters, dotted, load_target
from orchestration.engine.hooks import HookRegistry, hook_name
from orchestration.engine.runner import HookTask


def one(task: Any) -> None:
    """A hook."""


def two(task: Any) -> None:
    """Another hook."""


def three(task: Any, inputs: Any, result: Any) -> None:
    """A hook of another kind."""


HERE = __name__


def rule(pk: int, target: str, **fields: Any) -> HookRule:
    return HookRule(
        pk, fields.pop("event", "pre"), fields.pop("name", target), fields.pop("by_code", True), target, **fields
    )


@pytest.fixture
def registry() -> HookRegistry:
    hooks = HookRegistry()
    hooks.add("pre", one)
    hooks.add("pre", two)
    hooks.add("post", three)
    return hooks


@pytest.fixture
def allowed() -> Iterator[None]:
    before = current_config()
    configure(EngineConfig(hook_modules=("tests.engine",)))
    yield
    configure(before)


def names(plan: HookPlan, event: str = "pre") -> list[str]:
    return [hook.name.rpartition(".")[2] for hook in plan.of(event)]


def test_without_rules_hooks_run_as_they_were_registered(registry: HookRegistry) -> None:
    plan = HookPlan(registry)
    assert names(plan) == ["one", "two"] and names(plan, "post") == ["three"]
    assert plan.of("on_tree_failed") == ()
    assert [hook.call for hook in plan.of("pre")] == [one, two]


def test_rules_order_switch_off_and_narrow_what_the_code_registers(registry: HookRegistry) -> None:
    plan = HookPlan(registry)
    narrow = HookFilter(executors=frozenset({"echo"}))
    rules = (
        rule(2, f"{HERE}.two", filter=narrow, on_error="fail", timeout_seconds=3.0),
        rule(5, "other:hook", name="other", by_code=False),
        rule(1, f"{HERE}.one"),
        rule(9, f"{HERE}.three", event="post", enabled=False),
        rule(7, "gone.hook"),
    )
    plan.use(HookRules(4, rules))
    assert names(plan) == ["two", "other", "one"] and names(plan, "post") == []
    first = plan.of("pre")[0]
    assert (first.call, first.on_error, first.timeout_seconds, first.rule) == (two, "fail", 3.0, 2)
    assert first.filter.matches(HookFacts(executor="echo")) and not first.filter.matches(HookFacts(executor="sleep"))
    assert plan.version == 4


def test_what_nobody_has_arranged_comes_last_and_what_is_new_is_seen(registry: HookRegistry) -> None:
    plan = HookPlan(registry)
    plan.use(HookRules(1, (rule(2, f"{HERE}.two"),)))
    assert names(plan) == ["two", "one"]

    def late(task: Any) -> None:
        pass

    registry.add("pre", late)
    assert names(plan) == ["two", "one", "late"]
    registry.clear()
    assert plan.of("pre") == ()


def test_two_functions_of_one_name_are_both_called() -> None:
    registry = HookRegistry()

    def make() -> Any:
        def hook(task: Any) -> None:
            pass

        return hook

    pair = [make(), make()]
    for hook in pair:
        registry.add("pre", hook)
    plan = HookPlan(registry)
    assert [hook.call for hook in plan.of("pre")] == pair
    assert registry.named() == [], "a name that several functions may have finds none of them again"
    plan.use(HookRules(1, (rule(1, hook_name(pair[0]), enabled=False),)))
    assert plan.of("pre") == ()


@pytest.mark.parametrize(
    ("narrow", "matching", "other"),
    [
        (HookFilter(), HookFacts(), None),
        (HookFilter(trees=frozenset({"t"})), HookFacts(tree_id="t"), HookFacts(tree_id="u")),
        (HookFilter(trees=frozenset()), None, HookFacts(tree_id="t")),
        (HookFilter(tags=frozenset({"a", "b"})), HookFacts(tags=("b", "c")), HookFacts(tags=("c",))),
        (HookFilter(executors=frozenset({"e"})), HookFacts(executor="e"), HookFacts()),
        (HookFilter(statuses=frozenset({"failed"})), HookFacts(status="failed"), HookFacts(status="completed")),
        (
            HookFilter(trees=frozenset({"t"}), tags=frozenset({"a"})),
            HookFacts(tree_id="t", tags=("a",)),
            HookFacts(tree_id="t"),
        ),
    ],
)
def test_a_filter_matches_when_each_of_its_parts_does(
    narrow: HookFilter, matching: HookFacts | None, other: HookFacts | None
) -> None:
    assert matching is None or narrow.matches(matching)
    assert other is None or not narrow.matches(other)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("target", [f"{HERE}:one", f"{HERE}.one"])
def test_a_function_of_an_allowed_module_is_found(target: str) -> None:
    assert load_target(target) is one
    assert dotted(target) == hook_name(one)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("one", "name the module too"),
        ("a b:c", "write it as module:function"),
        ("os:system", "the module os is not allowed"),
        ("tests.enginex:one", "is not allowed for hooks; those in APFLOW_HOOK_MODULES are: tests.engine"),
        ("tests.engine.nothing:one", "can't be imported: ModuleNotFoundError"),
        (f"{HERE}:nothing", "there is no nothing in"),
        (f"{HERE}:HERE", "can't be called: it is a str"),
        # What an allowed module has imported is not allowed by that.
        (f"{HERE}:json.loads", "json is a module that .* imports"),
        (f"{HERE}:json.codecs.open", "json is a module that .* imports"),
        (f"{HERE}:json", "json is a module that .* imports"),
        (f"{HERE}:configure", "was not written in"),
        (f"{HERE}.configure", "was not written in"),
        (f"{HERE}:HERE.join", "was not written in"),
        (f"{HERE}:one.__class__", "was not written in"),
        (f"{HERE}:one.__init__", "was not written in"),
    ],
)
def test_a_function_that_can_not_be_had_is_named_with_the_reason(target: str, words: str) -> None:
    with pytest.raises(HookTargetError, match=words):
        load_target(target)


def test_with_no_allowed_module_the_setting_is_named() -> None:
    assert current_config().hook_modules == ()
    with pytest.raises(HookTargetError, match="name those that are in APFLOW_HOOK_MODULES"):
        load_target(f"{HERE}:one")


def test_the_number_of_parameters_is_checked_by_event() -> None:
    check_parameters(one, "pre")
    check_parameters(three, "post")
    check_parameters(lambda *anything: None, "on_tree_failed")
    check_parameters(lambda root, status, more=1: None, "on_tree_completed")
    with pytest.raises(HookTargetError, match=r"called with \(task, inputs, result\), and this function takes \(task"):
        check_parameters(one, "post")
    with pytest.raises(HookTargetError):
        check_parameters(three, "on_tree_started")


def test_durations_are_counted_on_a_scale() -> None:
    counts = HookCounts()
    for milliseconds in (0.2, 3, 3, 3, 900):
        counts.add(1, milliseconds, failed=milliseconds == 3, slow=milliseconds > 500)
    counts.add(None, 1, failed=False, slow=False)
    (found,) = counts.take().values()
    assert (found.runs, found.errors, found.slow) == (5, 3, 1)
    assert counts.take() == {}
    assert 3 <= (percentile(found.buckets, 0.5) or 0) <= 3 * 1.26
    assert 900 <= (percentile(found.buckets, 0.95) or 0) <= 900 * 1.26
    assert percentile([0] * BUCKETS, 0.95) is None
    assert bucket_of(10**9, BUCKETS) == BUCKETS - 1


def test_keys_that_a_hook_changed_are_known_by_their_prints() -> None:
    inputs: dict[str, Any] = {"same": {"n": 1}, "deep": {"n": [1]}, "gone": 1}
    before = key_prints(inputs)
    inputs["deep"]["n"].append(2)
    inputs["new"] = None
    del inputs["gone"]
    assert changed_keys(before, inputs) == ("deep", "gone", "new")
    assert changed_keys(key_prints(None), None) == ()


def test_a_webhook_is_told_what_a_function_would_be_called_with() -> None:
    view = HookTask(
        *("a", "Fetch", "echo", {"n": 1}, {}, {}, 2, None, [], "run-1", 1, datetime.now(UTC), None),
        status="completed",
    )
    facts = HookFacts("tree-1", "Nightly", ("etl",), "echo", "completed")
    told = hook_payload("post", facts, view, {"n": 1}, {"big": "x" * MAX_VALUE_BYTES})
    assert told["tree"] == {"id": "tree-1", "name": "Nightly", "tags": ["etl"]}
    assert told["task"]["inputs"] == {"n": 1} and told["task"]["left_out"] == ["result"]
    assert "result" not in told["task"]
    failed = hook_payload("on_tree_failed", facts, view, "'Fetch' failed")
    assert failed["run"] == {"id": "run-1", "status": "completed", "error": "'Fetch' failed"}
    assert json.dumps(told)
