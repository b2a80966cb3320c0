"""The small pure modules: JSON, expressions, inputs, outcomes, retries, clocks, registry, queue, loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.base import BaseTask
from orchestration.engine.binding import bind, names_used, tasks_used
from orchestration.engine.clock import FakeClock, SystemClock
from orchestration.engine.errors import (
    BindingError,
    ExecutorConfigurationError,
    ExecutorNotFoundError,
    NotStorableError,
)
from orchestration.engine.graph import ancestors, find_cycle
from orchestration.engine.hooks import HookRegistry
from orchestration.engine.inputs import InputSources, Upstream, merge_dependencies, resolve_inputs, unwrap
from orchestration.engine.json_values import decode, encode, find_problem, parse_document, storable_text
from orchestration.engine.loop import Loop
from orchestration.engine.outcome import Outcome, from_returned
from orchestration.engine.registry import ExecutorRegistry, executor_register, snake_case
from orchestration.engine.retry import RetryPolicy, is_retryable
from orchestration.engine.runner import Moment
from orchestration.engine.status import Status
from orchestration.engine.why import seconds_text

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_what_has_no_problem_encodes_and_comes_back(value: Any) -> None:
    problem = find_problem(value)
    try:
        text = encode(value)
    except NotStorableError:
        assert problem is not None
    else:
        assert problem is None
        assert decode(text) == value
        assert parse_document(text, 10**6) == value


def test_sizes_are_counted_in_bytes_and_told() -> None:
    assert encode("é" * 4, max_bytes=10)
    with pytest.raises(NotStorableError, match=r"12 bytes.*limit of 11 bytes"):
        encode("é" * 5, max_bytes=11)


def test_texts_are_made_storable_and_cut_with_a_word() -> None:
    assert storable_text("a\x00b\ud800", 10) == "a\ufffdb\ufffd"
    assert storable_text("x" * 20, 10) == "x" * 10 + "… [10 more characters cut]"


# --- expressions and inputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ params.n }}", 3),
        (" {{ params.n }} ", 3),
        ("n is {{ params.n }}", "n is 3"),
        ("{{ params.n }}{{ params.n }}", "33"),
        ("{{ params.list | map('upper') }}", ["A", "B"]),
        ("{{ {'a': params.n} }}", {"a": 3}),
        ("{{ params.none }}", None),
        ("{% if params.n > 2 %}many{% else %}few{% endif %}", "many"),
        ("no braces", "no braces"),
        ("{{ '%05.1f' % 2.25 }} {{ '%s/%s' | format(1, 2) }}", "002.2 1/2"),
        ("{{ '{:>4}{a}'.format(1, a=2) }} {{ '{a}'.format_map({'a': 1}) }}", "   12 1"),
        ("{{ 'a'.center(3) }}|{{ 'a' | center(3) }}|{{ 7 % 4 }}", " a | a |3"),
        ("{{ 'a-b'.replace('-', '+') }} {{ 'a-b' | replace('-', '+') }}", "a+b a+b"),
        ("{{ ','.join(params.list) }} {{ params.list | batch(1) | list | tojson(indent=0) | length }}", "a,b 20"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
    ],
)
def test_expressions_keep_their_type_when_they_stand_alone(text: str, value: Any) -> None:
    assert bind(text, {"params": {"n": 3, "list": ["a", "b"], "none": None}}) == value


@pytest.mark.parametrize(
    "text",
    [
        "{{ nothing }}",
        "{{ params.nothing.deeper }}",
        "{{ 1 / 0 }}",
        "{{ 'x' * 10000000 }}",
        "{{ 10 ** 100000 }}",
        "{{ params.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ params.clear() }}",
        "{{ params | no_such_filter }}",
        "{{ '%100000000d' % 1 }}",
        "{{ '%*d' % (100000000, 1) }}",
        "{{ '%.100000000f' | format(1) }}",
        "{{ '{:100000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=100000000) }}",
        "{{ '{a:100000000}'.format_map({'a': 1}) }}",
        "{{ 'a'.ljust(100000000) }}",
        "{{ 'a'.zfill(100000000) }}",
        "{{ 'a\t'.expandtabs(100000000) }}",
        "{{ (1).to_bytes(100000000) }}",
        "{{ 'a' | center(100000000) }}",
        "{{ 'a\na' | indent(width=100000000) }}",
        "{{ ('\n' * 1000000) | indent(100, blank=true) }}",
        "{{ [1] | batch(100000000, 'x') | list }}",
        "{{ {'a': 1} | tojson(100000000) }}",
        "{{ ('a' * 100000).replace('a', 'b' * 1000) }}",
        "{{ ('a' * 100000) | replace('a', 'b' * 1000) }}",
        "{{ ('a' * 100000).translate({97: 'b' * 1000}) }}",
        "{{ ('a' * 100000).join(range(1000) | map('string')) }}",
        "{{ lipsum(n=3) }}",
    ],
)
def test_what_cant_or_may_not_be_resolved_is_an_error_with_its_path(text: str) -> None:
    with pytest.raises(BindingError, match=r"\$\.inputs\.deep\[1\]"):
        bind({"deep": ["fine", text]}, {"params": {}})


def test_what_expressions_name() -> None:
    assert tasks_used({"a": ["{{ tasks.one.result }}", {"b": "{{ tasks['two words'].status }}"}], "c": "tasks.no"}) == {
        "one",
        "two words",
    }
    assert names_used("{{ broken") == ()


def test_dependencies_merge_in_order_and_own_keys_win() -> None:
    first = Upstream("1", "first", "completed", '{"status":"completed","result":{"a":1,"b":1}}', None)
    second = Upstream("2", "second", "completed", '{"b":2,"c":2}', None)
    number = Upstream("3", "third", "completed", "7", None)
    failed = Upstream("4", "fourth", "failed", '{"d":4}', "no")
    sources = InputSources(
        {"c": "own", "all": "{{ tasks.first.result.a + tasks.third.result }}"}, [first, second, number, failed]
    )
    assert resolve_inputs(sources) == {"a": 1, "b": 2, "c": "own", "3": 7, "all": 8}
    assert merge_dependencies([first, number, failed], by_id=True) == {"1": {"a": 1, "b": 1}, "3": 7}


def test_every_task_gets_its_own_copy_of_a_result() -> None:
    upstream = Upstream("1", "a", "completed", '{"cfg":{"n":1}}', None)
    one, two = (resolve_inputs(InputSources({}, [upstream])) for _ in range(2))
    one["cfg"]["n"] = 99
    assert two == {"cfg": {"n": 1}}


def test_only_an_envelope_is_unwrapped() -> None:
    assert unwrap({"status": "completed", "result": 5}) == 5
    assert unwrap({"result": 5}) == {"result": 5}
    assert unwrap([1]) == [1]


# --- outcomes and retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("returned", "status", "error", "error_type"),
    [
        (None, "completed", None, None),
        ({"status": "completed", "error": None}, "completed", None, None),
        ({"status": "completed", "error": "ignored"}, "completed", None, None),
        ({"status": "failed", "error": "no", "error_type": "mine"}, "failed", "no", "mine"),
        ({"status": "failed", "error": {"code": 1}}, "failed", '{"code":1}', "execution_error"),
        ({"status": "failed"}, "failed", "The executor reported a failure without saying why", "execution_error"),
        ({"error": "no"}, "failed", "no", "execution_error"),
        ({"error": ""}, "completed", None, None),
        ({"error": None}, "completed", None, None),
        ({"success": False}, "completed", None, None),
    ],
)
def test_what_a_returned_value_means(returned: Any, status: str, error: str | None, error_type: str | None) -> None:
    outcome = from_returned(returned)
    assert (outcome.status, outcome.error, outcome.error_type) == (status, error, error_type)
    assert outcome.result_json == encode(returned)


def test_an_exception_says_itself_and_may_refuse_a_retry() -> None:
    class Final(Exception):
        retryable = False
        error_type = "final"

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert Outcome.raised(ValueError("x")).error == "ValueError: x"
    assert Outcome.raised(ValueError("x")).retryable
    final = Outcome.raised(Final("done"))
    assert (final.error_type, final.retryable) == ("final", False)
    assert (Outcome.raised(Mute()).error or "").startswith("Mute: ")


@pytest.mark.parametrize(
    ("error_type", "said", "raised", "expected"),
    [
        ("x", None, True, True),
        ("x", None, False, False),
        ("x", True, False, True),
        ("x", False, True, False),
        ("validation_error", True, True, False),
    ],
)
def test_what_may_be_retried(error_type: str, said: bool | None, raised: bool, expected: bool) -> None:
    assert is_retryable(error_type, said, raised=raised) is expected


def test_backoff_grows_as_its_name_says_and_is_bounded() -> None:
    def delays(backoff: Any) -> list[float]:
        policy = RetryPolicy(9, backoff, 2, 10, 0)
        return [policy.delay_seconds(failures, 0.5) for failures in (1, 2, 3, 4, 2000)]

    assert delays("fixed") == [2, 2, 2, 2, 2]
    assert delays("linear") == [2, 4, 6, 8, 10]
    assert delays("exponential") == [2, 4, 8, 10, 10]


@given(st.integers(1, 3000), st.floats(0, 0.999), st.floats(0, 1))
def test_jitter_stays_in_its_bounds(failures: int, chance: float, jitter: float) -> None:
    policy = RetryPolicy(5, "exponential", 1, 60, jitter)
    plain = RetryPolicy(5, "exponential", 1, 60, 0).delay_seconds(failures, chance)
    delay = policy.delay_seconds(failures, chance)
    assert plain * (1 - jitter) - 1e-9 <= delay <= min(plain * (1 + jitter), 60) + 1e-9


# --- registry, hooks, graph, clock, loop ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UserDataFetcher", "user_data_fetcher"),
        ("APICallExecutor", "api_call_executor"),
        ("X", "x"),
        ("S3Get", "s3_get"),
    ],
)
def test_class_names_in_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def test_registration_bare_called_and_with_options() -> None:
    @executor_register
    class TestBare(BaseTask):
        """Bare."""

    @executor_register()
    class TestCalled(BaseTask):
        """Called."""

    @executor_register(id="test_named", timeout_seconds=3)
    class TestWithOptions(BaseTask):
        """With options."""

    assert (TestBare.id, TestCalled.id, TestWithOptions.id) == ("test_bare", "test_called", "test_named")


def test_a_subclass_has_an_id_of_its_own_and_a_later_one_replaces() -> None:
    registry = ExecutorRegistry()

    class Parent(BaseTask):
        id = "parent"

    class Child(Parent):
        pass

    assert [registry.register(cls).id for cls in (Parent, Child)] == ["parent", "child"]
    replacement = type("Other", (BaseTask,), {"id": "parent"})
    registry.register(replacement)
    assert registry.get("parent").cls is replacement
    registry.register(Parent, override=False)
    assert registry.get("parent").cls is replacement
    with pytest.raises(ExecutorNotFoundError, match="nobody"):
        registry.get("nobody")


@pytest.mark.parametrize("options", [{"colour": 1}, {"isolation": "docker"}, {"id": "x" * 300}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ExecutorConfigurationError):
        ExecutorRegistry().register(type("Wrong", (BaseTask,), {}), **options)


def test_only_executors_can_be_registered() -> None:
    with pytest.raises(ExecutorConfigurationError, match="BaseTask"):
        ExecutorRegistry().register(dict)  # type: ignore[arg-type]


def test_hooks_keep_their_order_and_count_once() -> None:
    hooks = HookRegistry()

    def one() -> None: ...
    def two() -> None: ...

    for hook in (one, two, one):
        hooks.add("pre", hook)
    assert hooks.of("pre") == [one, two]
    with pytest.raises(ValueError, match="on_tree_created"):
        hooks.add("sometime", one)
    with pytest.raises(TypeError):
        hooks.add("pre", "no function")  # type: ignore[arg-type]


@given(st.dictionaries(st.integers(0, 8).map(str), st.lists(st.integers(0, 8).map(str), max_size=3), max_size=9))
def test_a_cycle_that_is_found_is_one_and_where_none_is_found_there_is_an_order(graph: dict[str, list[str]]) -> None:
    cycle = find_cycle(graph)
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert all(later in graph[earlier] for earlier, later in pairwise(cycle))
    else:
        assert all(node not in ancestors(node, graph) for node in graph)


def test_the_clock_follows_the_database() -> None:
    clock = SystemClock()
    clock.follow(datetime(2030, 1, 1, tzinfo=UTC))
    assert abs((clock.now() - datetime(2030, 1, 1, tzinfo=UTC)).total_seconds()) < 5


def test_a_naive_local_time_may_be_compared_with_a_moment() -> None:
    moment = Moment.of(datetime.now(UTC) - timedelta(seconds=10))
    assert 9 < (datetime.now() - moment).total_seconds() < 20
    assert 9 < (datetime.now(UTC) - moment).total_seconds() < 20


def test_the_loop_takes_messages_fires_timers_and_survives_faults() -> None:
    clock = FakeClock()
    loop = Loop(clock)
    seen: list[str] = []

    def step() -> None:
        clock.advance(1)
        if clock.monotonic() > 6:
            loop.stopped.set()
            loop.post(lambda: None)

    def broken() -> None:
        seen.append("broken")
        raise RuntimeError("a fault")

    loop.later(3, lambda: seen.append("at 3"))
    loop.later(1, broken)
    loop.every(2, lambda: seen.append("again"))
    loop.post(seen.append, "posted")
    for _ in range(8):
        loop.post(lambda: None)
    loop.run(step)
    assert seen[0] == "posted" and "at 3" in seen and "broken" in seen
    assert seen.count("again") >= 2


def test_durations_as_people_say_them() -> None:
    assert [seconds_text(s) for s in (0.4, 40, 200, 7500, -1)] == ["0.4 s", "40 s", "3 min 20 s", "2 h 5 min", "0.0 s"]


def test_statuses_know_their_ends() -> None:
    assert [status for status in Status if status.is_terminal] == [Status.COMPLETED, Status.FAILED, Status.CANCELLED]
