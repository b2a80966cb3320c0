"""The circuit breaker: its rules, against a slow obvious model, and what the gate makes of permits that are probes."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.breaker import Breaker, Verdict, judge
from orchestration.engine.limits import ExecutorLimit, Gate, Release, own_or_default
from orchestration.engine.outcome import Outcome
from orchestration.engine.records import Node
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.retry import RetryPolicy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD, BAD, NOTHING = Verdict(True), Verdict(False), Verdict(None)
#: How often a task is tried that names no policy of its own, and what the installation gives such tasks.
GIVEN = RetryPolicy(max_attempts=4)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opened(at: datetime = NOW) -> Breaker:
    return Breaker(3, 60).after("w", [BAD] * 3, at)


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(3, 60)
    assert breaker.after("w", [BAD, BAD, GOOD, BAD, NOTHING, BAD], NOW).state(NOW) == "closed"
    assert breaker.after("w", [BAD, BAD], NOW).after("x", [BAD], NOW) == opened()
    assert opened().state(later(59)) == "open" and opened().state(later(60)) == "half_open"
    assert (opened().allows(5, later(1)), opened().allows(5, later(60)), breaker.allows(5, NOW)) == (0, 1, 5)


def test_what_was_started_before_it_opened_says_nothing_new() -> None:
    assert opened().after("w", [GOOD, BAD, BAD], later(1)) == opened()
    assert opened().probed_by("w", later(60)).after("w", [GOOD], later(61)).state(later(61)) == "half_open"


def test_one_probe_decides() -> None:
    probing = opened().probed_by("a", later(60))
    assert probing.allows(5, later(60)) == 0
    assert probing.after("b", [Verdict(True, is_probe=True)], later(61)) == probing, "somebody else's probe"
    assert probing.after("a", [Verdict(True, is_probe=True)], later(61)) == Breaker(3, 60, probe_lives=True)
    again = probing.after("a", [Verdict(False, is_probe=True)], later(61))
    assert (again.state(later(62)), again.retry_at, again.allows(1, later(121))) == ("open", later(121), 1)
    unsure = probing.after("a", [Verdict(None, is_probe=True)], later(61))
    assert (unsure.state(later(61)), unsure.allows(5, later(61))) == ("half_open", 1)


def test_the_probe_of_a_lost_worker_is_free() -> None:
    lost = Breaker(3, 60, 3, later(60), "gone", probe_lives=False)
    assert lost.allows(5, later(1)) == 1


@pytest.mark.parametrize(("open_seconds", "held"), [(600, 600), (1, 60)])
def test_a_probe_of_which_nothing_is_heard_holds_up_others_for_a_time_only(open_seconds: float, held: float) -> None:
    probing = Breaker(1, open_seconds, 1, NOW).probed_by("a", NOW)
    assert (probing.allows(5, later(held - 1)), probing.state(later(held - 1))) == (0, "half_open")
    assert (probing.allows(5, later(held)), probing.state(later(held))) == (1, "half_open")
    second = probing.probed_by("b", later(held))
    assert second.after("a", [Verdict(True, is_probe=True)], later(held + 1)) == second
    assert second.after("b", [Verdict(True, is_probe=True)], later(held + 1)).state(later(held + 1)) == "closed"


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 5))
def test_in_any_order_it_opens_when_the_last_n_failed(worked: list[bool], most: int) -> None:
    breaker, last = Breaker(most, 60), deque[bool](maxlen=most)
    for each in worked:
        breaker = breaker.after("w", [Verdict(each)], NOW)
        last.append(each)
        is_open = len(last) == most and not any(last)
        assert (breaker.state(NOW) == "open") == is_open
        if is_open:
            break
    assert Breaker(most, 60).after("w", map(Verdict, worked), NOW).state(NOW) == breaker.state(NOW)


@pytest.mark.parametrize(
    ("outcome", "worked"),
    [
        (Outcome.completed("1"), True),
        (Outcome.failed("no", "HTTPError"), False),
        (Outcome.timed_out(3), False),
        (Outcome.cancelled("enough"), None),
        (Outcome.failed("no", "validation_error"), None),
        (Outcome.failed("no", "binding_error"), None),
        (Outcome.failed("The pre-hook gate failed", "hook_failed"), None),
        (Outcome.failed("The post-hook gate failed", "hook_failed", result_json="1"), None),
    ],
)
def test_what_an_outcome_says_about_its_executor(outcome: Outcome, worked: bool | None) -> None:
    assert judge(outcome) is worked


# --- the gate ---------------------------------------------------------------------------------------------------------


def node() -> Node:
    return cast("Node", SimpleNamespace(executor="echo", permit_of=None, is_probe=False, is_isolated=False))


def gate(**fields: Any) -> Gate:
    made = Gate(ExecutorRegistry())
    made.limits = {"echo": ExecutorLimit("echo", **fields)}
    return made


def test_what_has_no_limit_and_no_breaker_needs_no_permit() -> None:
    free, one = gate(timeout_seconds=3), node()
    assert free.admit(one) is None and one.permit_of is None
    free.leave(one, False)
    assert free.take_releases() == {}


def test_outcomes_go_back_with_the_permits() -> None:
    limited, first, second = gate(breaker_failures=2), node(), node()
    assert limited.admit(first) == "executor:echo"
    limited.add_permits("echo", 2)
    assert limited.admit(first) is None and limited.admit(second) is None
    limited.leave(first, False)
    limited.leave(second, None)
    assert limited.take_releases() == {"echo": Release(2, (BAD,))}
    assert limited.take_releases() == {}


def test_a_probe_is_given_to_one_and_given_back_when_nobody_wants_it() -> None:
    limited, first = gate(breaker_failures=2), node()
    limited.add_permits("echo", 1, is_probe=True)
    assert limited.admit(first) is None and first.is_probe
    assert limited.admit(node()) == "executor:echo"
    limited.leave(first, True)
    assert limited.take_releases() == {"echo": Release(1, (Verdict(True, is_probe=True),))}
    limited.add_permits("echo", 1, is_probe=True)
    limited.drop_unused("echo")
    releases = limited.take_releases()
    assert releases == {"echo": Release(1, (Verdict(None, is_probe=True),))}
    limited.put_back(releases)
    assert limited.take_releases() == releases, "what could not be said is said again"


def test_only_limits_without_a_breaker_report_nothing() -> None:
    limited, one = gate(max_concurrency=2), node()
    limited.add_permits("echo", 1)
    assert limited.admit(one) is None
    limited.leave(one, False)
    assert limited.take_releases() == {"echo": Release(1)}


def test_a_policy_of_ones_own_goes_before_the_default() -> None:
    own = RetryPolicy(max_attempts=2)
    assert own_or_default(own, ExecutorLimit("echo", retry=GIVEN)) is own
    assert own_or_default(RetryPolicy(), ExecutorLimit("echo", retry=GIVEN)) is GIVEN
    assert own_or_default(RetryPolicy(), ExecutorLimit("echo")) == RetryPolicy() == own_or_default(RetryPolicy(), None)
